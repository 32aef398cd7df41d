"""`train()`: backpropagation, epoch by epoch. It yields what happened; the caller stores it and says when to stop."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from service.backprop import diagnostics
from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.diagnostics import LayerDiagnostics, Warned
from service.backprop.losses import Loss
from service.backprop.metrics import Metric, Reading
from service.backprop.network import Buffers, Network, Workspace
from service.backprop.optimizers import Optimizer
from service.backprop.passes import Evaluator, Shard
from service.backprop.regularization import Regularization
from service.backprop.rows import Rows, batches
from service.backprop.schedules import Position, Schedule
from service.backprop.state import TrainingState
from service.backprop.stopping import Stopping
from service.backprop.tally import Measures, Tally
from service.backprop.weighing import Weighing
from service.errors import Diverged, Invalid

FIRST_LOOK_ROWS = 10_000  # epoch 0 is measured on at most this many training rows
SHARD_FROM = 30_000_000  # rows x parameters of a batch from which two shards are worth their additions


@dataclass(frozen=True)
class TrainingSettings:
    """How to train. `class_weights` (classes,) or None; `reading` tells how outputs are read for metrics."""

    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    metrics: tuple[Metric, ...] = ()
    reading: Reading = field(default_factory=Reading)
    threads: int = 1
    class_weights: FloatArray | None = None
    label_smoothing: float = 0.0
    regularization: Regularization = Regularization()
    schedule: Schedule | None = None
    stopping: Stopping = Stopping()


@dataclass(frozen=True)
class EpochResult:
    """One epoch. `network` is the living one, to be copied before the next epoch is asked for.

    `learning_rate` is the last batch's. `stopped` says why training ends here, if it does before its last epoch.
    """

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    learning_rate: float
    seconds: float
    best_epoch: int
    network: Network
    state: Callable[[], TrainingState]
    stopped: str | None = None
    layers: tuple[LayerDiagnostics, ...] | None = None
    warnings: tuple[Warned, ...] = ()


def shards_of(rows: int, network: Network) -> int:
    """Into how many shards a batch is cut: from shapes alone, so that threads never change a bit of a result."""
    large = rows >= 2 and rows * network.parameters.size >= SHARD_FROM
    return 2 if large and not network.couples_rows() else 1


class Trainer:
    """The buffers and counters of one run; `train()` drives it."""

    def __init__(self, network: Network, settings: TrainingSettings, training: Rows, validation: Rows | None) -> None:
        self.network, self.settings = network, settings
        self.training, self.validation = training, validation
        self.batch_size = min(settings.batch_size, len(training))
        self.batches = -(-len(training) // self.batch_size)
        count = shards_of(self.batch_size, network)
        weighing = Weighing(settings.loss, settings.class_weights, settings.label_smoothing)
        self.measures = Measures(settings.loss, settings.metrics, settings.reading)
        self.evaluator = Evaluator(network, self.measures, weighing)
        self.shards = [
            Shard(network, -(-self.batch_size // count), weighing, settings.seed, number) for number in range(count)
        ]
        self.pool = ThreadPoolExecutor(count) if settings.threads > 1 and count > 1 else None
        self.scratch = np.empty((2, network.parameters.size), dtype=network.dtype)
        self.slots = settings.optimizer.slots(network.parameters)
        self.steps = 0
        self.learning_rate = settings.optimizer.learning_rate
        self.best_epoch, self.best_value = 0, math.inf
        self.memories: dict[str, dict[str, float]] = {"schedule": {}, "stopping": {}, "plateau": {}}
        self.stride = diagnostics.stride(len(training), self.batches)
        self.layers: tuple[LayerDiagnostics, ...] | None = None

    def restore(self, state: TrainingState) -> None:
        """Stand where `state` was taken."""
        self.network.vector[...] = state.vector
        for name, vector in self.slots.items():
            vector[...] = state.slots[name]
        self.steps, self.best_epoch, self.best_value = state.steps, state.best_epoch, state.best_value
        for name, value in state.memory.items():
            of, _, key = name.partition(".")
            self.memories[of][key] = value

    def state(self, epoch: int) -> TrainingState:
        slots = {name: vector.copy() for name, vector in self.slots.items()}
        memory = {f"{of}.{key}": value for of, seen in self.memories.items() for key, value in seen.items()}
        vector = self.network.vector.copy()
        return TrainingState(epoch, self.steps, self.best_epoch, self.best_value, vector, slots, memory)

    def epoch(self, number: int, should_stop: Callable[[], bool]) -> Tally | None:
        """Every training row once, a step a batch; None when told to stop on the way."""
        settings, tally = self.settings, Tally(self.measures, self.network.outputs)
        due = diagnostics.is_due(number, self.stride)
        order = batches(self.training, self.batch_size, settings.shuffle, settings.seed, number)
        for index, batch in enumerate(order):
            if should_stop():
                return None
            self._set_rate(number, index)
            before = self.network.parameters.copy() if due and self._tells(index, batch) else None
            passed = self.step(number, index, batch, tally)
        self.layers = self._diagnose(passed, before) if before is not None else None
        return tally

    def first_look(self, should_stop: Callable[[], bool]) -> Tally | None:
        """The start, on the first training rows, or on all when those weigh nothing."""
        tally = self.evaluator.evaluate(self.training, FIRST_LOOK_ROWS, should_stop)
        if tally is None or tally.normaliser:
            return tally
        return self.evaluator.evaluate(self.training, should_stop=should_stop)

    def _tells(self, index: int, batch: IndexArray) -> bool:
        """Whether a step is the epoch's last and its errors mean something: normalized by itself, one row has none."""
        return index == self.batches - 1 and not (len(batch) == 1 and self.network.couples_rows())

    def _set_rate(self, epoch: int, batch: int) -> None:
        schedule = self.settings.schedule
        if schedule is not None and (batch == 0 or schedule.by_batch):
            at = Position(epoch, self.settings.epochs, batch, self.batches)
            self.learning_rate = schedule.rate(self.settings.optimizer.learning_rate, at, self.memories["schedule"])

    def step(self, epoch: int, index: int, batch: IndexArray, tally: Tally) -> list[Buffers]:
        """One step of backpropagation over the rows at `batch`; the shards' gradients are added in order."""
        parts = [batch] if len(self.shards) == 1 else np.array_split(batch, len(self.shards))
        shards = [shard for shard, part in zip(self.shards, parts, strict=True) if len(part)]
        for shard, part in zip(shards, parts, strict=False):
            shard.moment.epoch, shard.moment.batch = epoch, index
            shard.gather(self.training, part)
        normaliser = sum(shard.normaliser for shard in shards) or 1.0  # rows that all weigh nothing teach nothing
        if self.pool is None:
            for shard in shards:
                shard.backpropagate(normaliser)
        else:
            list(self.pool.map(lambda shard: shard.backpropagate(normaliser), shards))
        first = self.shards[0].workspace
        for shard in shards:
            tally.add(shard.buffers, shard.weights, shard.normaliser)
            if shard.workspace is not first:
                np.add(first.gradients, shard.workspace.gradients, out=first.gradients)
        self._update(first)
        return [shard.buffers for shard in shards]

    def _update(self, workspace: Workspace) -> None:
        """Each parameter moves along the tangent towards less error."""
        regularization = self.settings.regularization
        regularization.penalize(self.network, workspace)
        regularization.clip(workspace.gradients)
        self.steps += 1
        self.settings.optimizer.step(
            self.network.parameters, workspace.gradients, self.slots, self.steps, self.learning_rate, self.scratch
        )
        regularization.constrain(self.network, workspace)

    def _diagnose(self, passed: list[Buffers], before: FloatArray) -> tuple[LayerDiagnostics, ...]:
        sample = np.arange(min(len(self.training), diagnostics.SAMPLE_ROWS), dtype=np.intp)
        return diagnostics.measure(self.network, passed, before, self.evaluator.pass_rows(self.training, sample))

    def result(self, epoch: int, tally: Tally, validated: Tally | None, seconds: float) -> EpochResult:
        """Note whether this is the best epoch so far, and tell of it; `Diverged` when it is no longer finite."""
        metrics = tally.results()
        validation_metrics = {} if validated is None else validated.results()
        observed = _observed("training", tally, metrics)
        if validated is not None and not validated.normaliser:
            raise Invalid("the rows that validate weigh nothing together")
        if validated is not None:
            observed |= _observed("validation", validated, validation_metrics)
        self._check_finite(epoch, observed)
        stopping = self.settings.stopping
        watched = stopping.watched(observed)
        if watched < self.best_value or math.isinf(self.best_value):  # as long as it is undefined the newest is best
            self.best_epoch, self.best_value = epoch, math.inf if math.isnan(watched) else watched
        if self.settings.schedule is not None and epoch:
            loss = observed.get("validation_loss", observed["training_loss"])
            self.settings.schedule.observe(loss, self.memories["schedule"])
        layers, self.layers = self.layers, None
        return EpochResult(
            epoch=epoch,
            training_loss=observed["training_loss"],
            validation_loss=observed.get("validation_loss"),
            training_metrics=metrics,
            validation_metrics=validation_metrics,
            learning_rate=self.learning_rate,
            seconds=seconds,
            best_epoch=self.best_epoch,
            network=self.network,
            state=lambda: self.state(epoch),
            stopped=stopping.is_over(epoch, observed, self.memories["stopping"]),
            layers=layers,
            warnings=self._warnings(epoch, watched, layers),
        )

    def _check_finite(self, epoch: int, observed: dict[str, float]) -> None:
        losses = [value for name, value in observed.items() if name.endswith("_loss")]
        if all(map(math.isfinite, losses)) and np.isfinite(self.network.vector).all():
            return
        if epoch == 0:
            raise Diverged("the loss or a parameter is not finite before the first epoch", epoch=0)
        raise Diverged(f"the loss or a parameter is no longer finite after epoch {epoch - 1}", epoch=epoch - 1)

    def _warnings(self, epoch: int, watched: float, layers: tuple[LayerDiagnostics, ...] | None) -> tuple[Warned, ...]:
        found = [] if layers is None else diagnostics.warnings_of(self.network, epoch, layers)
        if math.isnan(watched):
            return (*found, diagnostics.undefined(epoch))
        flat = diagnostics.plateau(epoch, self.settings.epochs, watched, self.memories["plateau"])
        return tuple(found) if flat is None else (*found, flat)


def _observed(part: str, tally: Tally, metrics: dict[str, float]) -> dict[str, float]:
    """Loss and metrics by the names that can be watched: `training_loss`, `validation_accuracy`, ..."""
    return {f"{part}_loss": tally.mean_loss()} | {f"{part}_{name}": value for name, value in metrics.items()}


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
                tally = trainer.epoch(epoch, should_stop) if epoch else trainer.first_look(should_stop)
                validated = None
                if tally is not None and validation is not None:
                    validated = trainer.evaluator.evaluate(validation, should_stop=should_stop)
                if tally is None or (validation is not None and validated is None):
                    return
            result = trainer.result(epoch, tally, validated, time.perf_counter() - began)
            yield result
            if result.stopped is not None:
                return
    finally:
        if trainer.pool is not None:
            trainer.pool.shutdown()
