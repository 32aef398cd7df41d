"""The same training twice, by the engine and by PyTorch, and how far apart the two end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from service.backprop.layers.dropout import Dropout
from service.backprop.losses import Loss
from service.backprop.network import Network
from service.backprop.training.kernels import NUMBA
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows, batches
from service.backprop.training.settings import TrainingSettings
from tests.agreement.pytorch import torch
from tests.agreement.twin import Forwarded, Tensor, Twin

BOUND = 1e-10
EPOCHS, BATCH_SIZE, ROWS, INPUTS, OUTPUTS = 20, 8, 37, 4, 3  # five batches an epoch, the last one short: 100 steps

Cost = Callable[[Forwarded, Any, Any], tuple[Tensor, float]]


@dataclass(frozen=True)
class Course:
    """What was seen on the way: the losses of every epoch, the rates of every epoch, and the network at its end."""

    training: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    end: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class InPyTorch:
    """How PyTorch is set up to train as the engine does.

    `cost` takes a forward pass, targets and sample weights, and gives the mean loss with what it was divided by.
    `schedule` is stepped after every epoch, or `by_batch`, with the validation loss if it `watches`.
    """

    cost: Cost
    optimizer: Callable[[Twin], Any] = lambda twin: torch.optim.SGD(twin.parameters(), lr=0.1)
    schedule: Callable[[Any], Any] | None = None
    by_batch: bool = False
    watches: bool = False
    penalty: Callable[[Twin], Tensor] = lambda twin: torch.zeros(())
    clip: Callable[[Twin], object] = lambda twin: None
    constrain: Callable[[Twin], object] = lambda twin: None


def mean_squared_error(passed: Forwarded, Y: Tensor, samples: Tensor | None) -> tuple[Tensor, float]:
    return torch.nn.functional.mse_loss(passed.A, Y), len(Y)


def rows_of(count: int = ROWS, seed: int = 21, weighted: bool = False, classes: int = OUTPUTS) -> ArrayRows:
    """Rows of one class each, one-hot, or in a single column when there are two."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(count, INPUTS))
    labels = random.integers(0, classes, count)
    Y = labels[:, None].astype(float) if classes == 2 else np.eye(classes)[labels]
    return ArrayRows(X, Y, random.uniform(0.2, 2.0, count) if weighted else None)


def by_engine(network: Network, settings: TrainingSettings, rows: ArrayRows, held_out: ArrayRows) -> Course:
    course = Course()
    for result in train(network, settings, rows, held_out):
        if result.first_epoch:
            assert result.validation_loss is not None
            course.training.extend(result.training_loss)
            course.validation.extend(result.validation_loss)
            course.rates.append(result.learning_rate)
    course.end.extend(np.frombuffer(network.stored_bytes()))
    return course


def by_pytorch(
    twin: Twin,
    settings: TrainingSettings,
    rows: ArrayRows,
    held_out: ArrayRows,
    in_pytorch: InPyTorch,
    masks: Iterator[Any],
) -> Course:
    course, optimizer = Course(), in_pytorch.optimizer(twin)
    schedule = None if in_pytorch.schedule is None else in_pytorch.schedule(optimizer)
    for epoch in range(1, settings.epochs + 1):
        losses, normalisers = [], []
        for batch in batches(rows, settings.batch_size, settings.shuffle, settings.seed, epoch):
            rate = optimizer.param_groups[0]["lr"]
            loss, normaliser = _step(twin, optimizer, in_pytorch, rows, batch, masks)
            losses.append(loss * normaliser)
            normalisers.append(normaliser)
            if schedule is not None and in_pytorch.by_batch:
                schedule.step()
        with torch.no_grad():
            course.validation.append(_cost(twin.forward(held_out.X), in_pytorch, held_out, slice(None))[0].item())
        if schedule is not None and not in_pytorch.by_batch:
            schedule.step(*course.validation[-1:] if in_pytorch.watches else ())
        course.training.append(sum(losses) / sum(normalisers))
        course.rates.append(rate)
    course.end.extend(twin.stored())
    return course


def _step(
    twin: Twin, optimizer: Any, in_pytorch: InPyTorch, rows: ArrayRows, batch: Any, masks: Iterator[Any]
) -> tuple[float, float]:
    optimizer.zero_grad()
    loss, normaliser = _cost(twin.forward(rows.X[batch], masks), in_pytorch, rows, batch)
    (loss + in_pytorch.penalty(twin)).backward()
    in_pytorch.clip(twin)
    optimizer.step()
    with torch.no_grad():
        in_pytorch.constrain(twin)
    return loss.item(), normaliser


def _cost(passed: Forwarded, in_pytorch: InPyTorch, rows: ArrayRows, chosen: Any) -> tuple[Tensor, float]:
    samples = None if rows.sample_weights is None else torch.tensor(rows.sample_weights[chosen])
    return in_pytorch.cost(passed, torch.tensor(rows.Y[chosen]), samples)


def assert_same_course(
    network: Network,
    in_pytorch: InPyTorch,
    loss: Loss,
    rows: ArrayRows | None = None,
    held_out: ArrayRows | None = None,
    **changes: Any,
) -> None:
    """Train `network` by both kernels and by PyTorch; losses, rates, parameters and statistics agree."""
    rows, held_out = rows or rows_of(), held_out or rows_of(15, seed=22)
    values = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "shuffle": True, "seed": 9, **changes}
    settings = TrainingSettings(loss=loss, **values)
    twin, drawn, start = Twin(network), [], network.vector.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dropout, "forward", _recording(drawn))
        engine = by_engine(network, settings, rows, held_out)
    pytorch = by_pytorch(twin, settings, rows, held_out, in_pytorch, iter(drawn))
    network.vector[...] = start
    compiled = by_engine(network, replace(settings, kernels=NUMBA), rows, held_out)
    for course in (engine, compiled):
        for part in ("training", "validation", "rates", "end"):
            assert_agree(getattr(course, part), getattr(pytorch, part), part)


def _recording(drawn: list[Any]) -> Callable[..., None]:
    """Dropout's forward pass, which adds to `drawn` every mask that it draws in training."""
    forward = Dropout.forward

    def recorded(self: Dropout, values: Any, A_before: Any, io: Any, moment: Any, index: int) -> None:
        forward(self, values, A_before, io, moment, index)
        if moment.training:
            drawn.append(io["mask"].copy())

    return recorded


def assert_agree(ours: Any, theirs: Any, what: str = "values") -> None:
    """Within `BOUND` of each other, relative to what is larger than 1."""
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    assert ours.shape == theirs.shape
    difference = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    assert difference.max() < BOUND, f"{what} differ by {difference.max():.3g}"
