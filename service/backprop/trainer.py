"""`train()`: backpropagation, epoch by epoch. It yields what happened; the caller stores it and says when to stop."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.losses import Loss
from service.backprop.metrics import Metric
from service.backprop.network import Network, Workspace, backward, forward
from service.backprop.optimizers import Optimizer
from service.backprop.randomness import Purpose, generator
from service.backprop.state import TrainingState
from service.errors import Diverged

FIRST_LOOK_ROWS = 10_000  # epoch 0 is measured on at most this many training rows
EVALUATE_ROWS = 1000
SHARD_FROM = 30_000_000  # rows x parameters of a batch from which two shards are worth their additions


class Rows(Protocol):
    """Rows of inputs and targets, gathered by index into the caller's arrays."""

    def __len__(self) -> int: ...

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        """Fill X (k, inputs) and Y (k, outputs) with the rows at `indices` (k,)."""


class ArrayRows:
    """Rows that lie in two arrays, (n, inputs) and (n, outputs)."""

    def __init__(self, X: FloatArray, Y: FloatArray) -> None:
        self.X, self.Y = X, Y

    def __len__(self) -> int:
        return len(self.X)

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        np.take(self.X, indices, axis=0, out=X, mode="clip")
        np.take(self.Y, indices, axis=0, out=Y, mode="clip")


@dataclass(frozen=True)
class TrainingSettings:
    """How to train. `target_scale` (outputs,) turns outputs into the targets' own units, for metrics."""

    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    metrics: tuple[Metric, ...] = ()
    target_scale: FloatArray | None = None
    threads: int = 1


@dataclass(frozen=True)
class EpochResult:
    """One epoch. `parameters` is the living vector, to be copied before the next epoch is asked for."""

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    learning_rate: float
    seconds: float
    best_epoch: int
    parameters: FloatArray
    state: Callable[[], TrainingState]


class Tally:
    """Loss and metrics, summed over rows as they pass by."""

    def __init__(self, settings: TrainingSettings) -> None:
        self.settings = settings
        self.rows = 0
        self.loss = 0.0
        self.metrics = [0.0] * len(settings.metrics)

    def add(self, A: FloatArray, Y: FloatArray) -> None:
        self.rows += len(A)
        self.loss += self.settings.loss.total(A, Y)
        for index, metric in enumerate(self.settings.metrics):
            self.metrics[index] += metric.total(A, Y, self.settings.target_scale)

    def mean_loss(self) -> float:
        return self.loss / self.rows

    def results(self) -> dict[str, float]:
        pairs = zip(self.settings.metrics, self.metrics, strict=True)
        return {metric.name: metric.result(total, self.rows) for metric, total in pairs}


def shards_of(rows: int, parameters: int) -> int:
    """Into how many shards a batch is cut: from shapes alone, so that threads never change a bit of a result."""
    return 2 if rows >= 2 and rows * parameters >= SHARD_FROM else 1


class Trainer:
    """The buffers and counters of one run; `train()` drives it."""

    def __init__(self, network: Network, settings: TrainingSettings, training: Rows, validation: Rows | None) -> None:
        self.network, self.settings = network, settings
        self.training, self.validation = training, validation
        self.batch_size = min(settings.batch_size, len(training))
        shards = shards_of(self.batch_size, network.parameters.size)
        rows = -(-self.batch_size // shards)
        self.workspaces = [Workspace(network, rows, gradients=True) for _ in range(shards)]
        self.evaluation = Workspace(network, EVALUATE_ROWS)
        self.pool = ThreadPoolExecutor(shards) if settings.threads > 1 and shards > 1 else None
        self.scratch = np.empty_like(network.parameters)
        self.order: IndexArray = np.arange(len(training), dtype=np.intp)
        self.slots = {name: np.zeros_like(network.parameters) for name in settings.optimizer.slot_names()}
        self.steps = 0
        self.best_epoch, self.best_loss = 0, math.inf

    def restore(self, state: TrainingState) -> None:
        """Stand where `state` was taken."""
        self.network.parameters[...] = state.parameters
        for name, vector in self.slots.items():
            vector[...] = state.slots[name]
        self.steps, self.best_epoch, self.best_loss = state.steps, state.best_epoch, state.best_loss

    def state(self, epoch: int) -> TrainingState:
        slots = {name: vector.copy() for name, vector in self.slots.items()}
        return TrainingState(epoch, self.steps, self.best_epoch, self.best_loss, self.network.parameters.copy(), slots)

    def epoch(self, number: int, should_stop: Callable[[], bool]) -> Tally | None:
        """Every training row once, a step a batch; None when told to stop on the way."""
        if self.settings.shuffle:
            self.order[...] = np.arange(len(self.order))
            generator(self.settings.seed, Purpose.SHUFFLE, number).shuffle(self.order)
        tally = Tally(self.settings)
        for start in range(0, len(self.order), self.batch_size):
            if should_stop():
                return None
            self.step(self.order[start : start + self.batch_size], tally)
        return tally

    def step(self, batch: IndexArray, tally: Tally) -> None:
        """One step of backpropagation over the rows at `batch`; the shards' gradients are added in order."""
        if len(self.workspaces) == 1:
            shards = [batch]
        else:
            shards = [shard for shard in np.array_split(batch, len(self.workspaces)) if len(shard)]
        work = [(workspace, shard, len(batch)) for workspace, shard in zip(self.workspaces, shards, strict=False)]
        if self.pool is None:
            for item in work:
                self.pass_shard(*item)
        else:
            list(self.pool.map(lambda item: self.pass_shard(*item), work))
        gradients = self.workspaces[0].gradients
        for workspace, shard, _ in work:
            buffers = workspace.sized(len(shard))
            tally.add(buffers.A[-1], buffers.Y)
            if workspace is not self.workspaces[0]:
                np.add(gradients, workspace.gradients, out=gradients)
        self.settings.optimizer.step(self.network.parameters, gradients, self.slots, self.steps, self.scratch)
        self.steps += 1

    def pass_shard(self, workspace: Workspace, shard: IndexArray, batch_rows: int) -> None:
        """Gather, forward, backward, for one shard in its own workspace."""
        buffers = workspace.sized(len(shard))
        self.training.gather(shard, buffers.X, buffers.Y)
        with np.errstate(all="ignore"):
            forward(self.network, buffers)
            backward(self.network, workspace, buffers, self.settings.loss, batch_rows)

    def evaluate(self, rows: Rows, limit: int | None = None) -> Tally:
        """Loss and metrics on the first `limit` rows, or all, with the parameters as they are."""
        tally = Tally(self.settings)
        count = len(rows) if limit is None else min(limit, len(rows))
        for start in range(0, count, EVALUATE_ROWS):
            indices = np.arange(start, min(start + EVALUATE_ROWS, count), dtype=np.intp)
            buffers = self.evaluation.sized(len(indices))
            rows.gather(indices, buffers.X, buffers.Y)
            tally.add(forward(self.network, buffers), buffers.Y)
        return tally

    def result(self, epoch: int, tally: Tally, validated: Tally | None, seconds: float) -> EpochResult:
        """Note whether this is the best epoch so far, and tell of it; `Diverged` when it is no longer finite."""
        training_loss = tally.mean_loss()
        validation_loss = None if validated is None else validated.mean_loss()
        watched = training_loss if validation_loss is None else validation_loss
        if not (math.isfinite(training_loss) and math.isfinite(watched) and np.isfinite(self.network.parameters).all()):
            if epoch == 0:
                raise Diverged("the loss or a parameter is not finite before the first epoch", epoch=0)
            raise Diverged(f"the loss or a parameter is no longer finite after epoch {epoch - 1}", epoch=epoch - 1)
        if watched < self.best_loss:
            self.best_epoch, self.best_loss = epoch, watched
        return EpochResult(
            epoch=epoch,
            training_loss=training_loss,
            validation_loss=validation_loss,
            training_metrics=tally.results(),
            validation_metrics={} if validated is None else validated.results(),
            learning_rate=self.settings.optimizer.learning_rate,
            seconds=seconds,
            best_epoch=self.best_epoch,
            parameters=self.network.parameters,
            state=lambda: self.state(epoch),
        )


def train(
    network: Network,
    settings: TrainingSettings,
    training: Rows,
    validation: Rows | None = None,
    *,
    resume: TrainingState | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[EpochResult]:
    """Train `network` in place, yielding epoch 0 (the start, unless `resume` is given), then each epoch.

    An epoch's training loss and metrics are means over its batches as they were met; validation comes after the epoch.
    `should_stop` is asked before every batch; when it says so the generator ends without the unfinished epoch.
    Raises `Diverged` when the loss or a parameter stops being finite.
    """
    trainer = Trainer(network, settings, training, validation)
    first = 0
    if resume is not None:
        trainer.restore(resume)
        first = resume.epoch + 1
    try:
        for epoch in range(first, settings.epochs + 1):
            began = time.perf_counter()
            with np.errstate(all="ignore"):
                tally = trainer.epoch(epoch, should_stop) if epoch else trainer.evaluate(training, FIRST_LOOK_ROWS)
                if tally is None:
                    return
                validated = None if validation is None else trainer.evaluate(validation)
            yield trainer.result(epoch, tally, validated, time.perf_counter() - began)
    finally:
        if trainer.pool is not None:
            trainer.pool.shutdown()
