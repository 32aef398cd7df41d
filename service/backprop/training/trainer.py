"""One run's buffers and counters: an epoch is passed, measured and told. `trainer.py` drives it."""

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from service.backprop.network import Network
from service.backprop.schedules import Position
from service.backprop.training import diagnostics
from service.backprop.training.accumulators import Measures, Tally
from service.backprop.training.diagnostics import LayerDiagnostics, Warned
from service.backprop.training.evaluator import Evaluator
from service.backprop.training.kernels import NUMBA
from service.backprop.training.numpy_steps import LastStep, NumPySteps, Passed, RunSpec, Steps, Together
from service.backprop.training.results import EpochResult, EpochRun
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import Checkpoint, PartialEpoch, TrainingState
from service.errors import Diverged, Invalid

FIRST_LOOK_ROWS = 10_000  # epoch 0 is measured on at most this many training rows


class Trainer:
    """The buffers and counters of one run."""

    def __init__(self, network: Network, settings: TrainingSettings, training: Rows, validation: Rows | None) -> None:
        self.network, self.settings = network, settings
        self.training, self.validation = training, validation
        weighing = Weighing(settings.loss, settings.class_weights, settings.label_smoothing)
        measures = Measures(settings.loss, settings.metrics, settings.reading)
        self.spec = RunSpec(network, settings, training, min(settings.batch_size, len(training)), measures, weighing)
        self.steps = _steps(self.spec)
        self.evaluator = Evaluator(network, measures, weighing)
        self.learning_rate = settings.optimizer.learning_rate
        self.best_epoch, self.best_value = 0, math.inf
        self.memories: dict[str, dict[str, float]] = {"schedule": {}, "stopping": {}, "plateau": {}}
        self.pause_at: int | None = None
        self.checkpoint: Checkpoint | None = None
        self.begun: PartialEpoch | None = None
        self.stride = self.steps.costs * diagnostics.stride(len(training), self.spec.batches)

    def restore(self, state: TrainingState) -> None:
        """Stand where `state` was taken."""
        self.network.vector[...] = state.vector
        for name, vector in self.steps.slots.items():
            vector[...] = state.slots[name]
        self.steps.steps, self.best_epoch, self.best_value = state.steps, state.best_epoch, state.best_value
        for name, value in state.memory.items():
            of, _, key = name.partition(".")
            self.memories[of][key] = value
        self.begun = state.begun

    def state(self, epoch: int, copied: bool = True, begun: PartialEpoch | None = None) -> TrainingState:
        """The state after `epoch`, with what is `begun` of the next: a copy, or views, good until training goes on."""
        vector, slots = self.network.vector, self.steps.slots
        if copied:
            vector, slots = vector.copy(), {name: slot.copy() for name, slot in slots.items()}
        memory = {f"{of}.{key}": value for of, seen in self.memories.items() for key, value in seen.items()}
        return TrainingState(epoch, self.steps.steps, self.best_epoch, self.best_value, vector, slots, memory, begun)

    def begins(self) -> float:
        """When the epoch that is passed next began, as `time.perf_counter` has it; an earlier run may have begun it."""
        return time.perf_counter() - (0.0 if self.begun is None else self.begun.seconds)

    def stops_before(self, epoch: int, should_stop: Callable[[], bool]) -> bool:
        """Whether to stop at an epoch's beginning, the state kept there; within one it is kept already."""
        if self.begun is not None:
            return should_stop()
        return self._between(epoch, 0.0, should_stop, 0, None)

    def pass_epochs(self, epoch: int, began: float, should_stop: Callable[[], bool]) -> list[Passed] | None:
        """Pass `epoch`, and those after it that are best passed with it; None when told to stop on the way."""
        if epoch == 0:
            tally = self.first_look(should_stop)
            return None if tally is None else [Passed(tally)]
        tells, begun, self.begun = self._tells(epoch), self.begun, None
        if begun is not None:
            self._rate(epoch, 0)
        most = 1 if tells else self._most(epoch)
        between = partial(self._between, epoch, began, should_stop)
        with np.errstate(all="ignore"):
            return self.steps.pass_epochs(epoch, most, self._rate, tells, between, begun)

    def _between(
        self, epoch: int, began: float, should_stop: Callable[[], bool], batches: int, tally: Tally | None
    ) -> bool:
        """Whether to stop before the next of the epoch's batches; keep the state there when it is time for that."""
        stops = should_stop()
        is_kept = self.checkpoint is not None and (batches or stops) and self.checkpoint.is_due(stops)
        if is_kept and self.checkpoint is not None:
            begun = tally.begun(batches, time.perf_counter() - began) if batches and tally is not None else None
            return self.checkpoint.keep(partial(self.state, epoch - 1, begun=begun)) or stops
        return stops

    def _most(self, epoch: int) -> int:
        """How many epochs from `epoch` on may be passed together: what is to be seen comes after them."""
        settings = self.settings
        if self.validation is not None or settings.schedule is not None or settings.keeps_states:
            return 1
        last = min(settings.epochs, diagnostics.next_due(epoch, self.stride) - 1)
        if self.pause_at is not None and epoch <= self.pause_at:
            last = min(last, self.pause_at)
        return last - epoch + 1

    def pass_run(self, epoch: int) -> Together | None:
        """Pass several short epochs from `epoch` on, where nothing has to be decided between them; None if not."""
        stopping = self.settings.stopping
        if epoch == 0 or self.begun is not None or self._tells(epoch):
            return None
        if stopping.early is not None or stopping.stop_when:
            return None
        with np.errstate(all="ignore"):
            return self.steps.pass_together(epoch, self._most(epoch), self._rate)

    def end_run(self, epoch: int, passed: Together, began: float) -> EpochRun | None:
        """Tell of the epochs up to the first that is not finite; None when there is none."""
        finite = np.isfinite(passed.losses) & np.isfinite(passed.parameters).all(axis=1)
        count = len(finite) if finite.all() else int(finite.argmin())
        if count == 0:
            return None
        losses = passed.losses[:count]
        last, best = epoch + count - 1, int(losses.argmin())
        if losses[best] < self.best_value or math.isinf(self.best_value):
            self.best_epoch, self.best_value = epoch + best, float(losses[best])
        flat = diagnostics.plateau(epoch, self.settings.epochs, losses.tolist(), self.memories["plateau"])
        return EpochRun(
            epoch=epoch,
            training_loss=losses,
            training_metrics={name: values[:count] for name, values in passed.metrics.items()},
            parameters=passed.parameters[:count],
            learning_rate=self.learning_rate,
            seconds=(time.perf_counter() - began) / len(passed.losses),
            best_epoch=self.best_epoch,
            state=partial(self.state, last) if count == len(finite) else None,
            warnings=() if flat is None else (flat,),
        )

    def end_epoch(
        self, epoch: int, passed: Passed, together: int, began: float, should_stop: Callable[[], bool]
    ) -> EpochResult | None:
        """Validate and tell of an epoch, one of several passed `together` since `began`; None when told to stop."""
        if passed.parameters is not None:
            self.network.parameters[...] = passed.parameters
        with np.errstate(all="ignore"):
            layers = self.diagnose(passed.last_step)
        validated = None
        if self.validation is not None:
            validated = self.evaluator.evaluate(self.validation, should_stop=should_stop)
            if validated is None:
                return None
        seconds = (time.perf_counter() - began) / together
        return self.result(epoch, passed.tally, validated, seconds, layers, passed.resumable)

    def first_look(self, should_stop: Callable[[], bool]) -> Tally | None:
        """The start, on the first training rows, or on all when those weigh nothing."""
        first = np.arange(min(len(self.training), FIRST_LOOK_ROWS), dtype=np.intp)
        tally = self.evaluator.evaluate(self.training, first, should_stop)
        if tally is None or tally.normaliser:
            return tally
        return self.evaluator.evaluate(self.training, should_stop=should_stop)

    def _tells(self, epoch: int) -> bool:
        """Whether an epoch's last step is measured and means something: normalized by itself, one row has no errors."""
        alone = len(self.training) % self.spec.batch_size == 1 or self.spec.batch_size == 1
        return diagnostics.is_due(epoch, self.stride) and not (alone and self.network.couples_rows())

    def _rate(self, epoch: int, batch: int) -> float:
        """The learning rate of an epoch's batch."""
        schedule = self.settings.schedule
        if schedule is not None and (batch == 0 or schedule.by_batch):
            at = Position(epoch, self.settings.epochs, batch, self.spec.batches)
            self.learning_rate = schedule.rate(self.settings.optimizer.learning_rate, at, self.memories["schedule"])
        return self.learning_rate

    def diagnose(self, last: LastStep | None) -> tuple[LayerDiagnostics, ...] | None:
        """How well the error got back to each layer in a step."""
        if last is None:
            return None
        sample = np.arange(min(len(self.training), diagnostics.SAMPLE_ROWS), dtype=np.intp)
        sampled = self.evaluator.pass_rows(self.training, sample)
        return diagnostics.measure(self.network, last.passed, last.before, sampled)

    def result(
        self,
        epoch: int,
        tally: Tally,
        validated: Tally | None,
        seconds: float,
        layers: tuple[LayerDiagnostics, ...] | None,
        resumable: bool,
    ) -> EpochResult:
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
            state=partial(self.state, epoch) if resumable else None,
            stopped=stopping.is_over(epoch, observed, self.memories["stopping"]),
            layers=layers,
            warnings=self._warnings(epoch, watched, layers),
        )

    def _check_finite(self, epoch: int, observed: dict[str, float]) -> None:
        losses = [value for name, value in observed.items() if name.endswith("_loss")]
        if all(map(math.isfinite, losses)) and np.isfinite(self.network.vector).all():
            return
        raise diverged(epoch)

    def _warnings(self, epoch: int, watched: float, layers: tuple[LayerDiagnostics, ...] | None) -> tuple[Warned, ...]:
        found = [] if layers is None else diagnostics.warnings_of(self.network, epoch, layers)
        if math.isnan(watched):
            return (*found, diagnostics.undefined(epoch))
        flat = diagnostics.plateau(epoch, self.settings.epochs, [watched], self.memories["plateau"])
        return tuple(found) if flat is None else (*found, flat)


def _observed(part: str, tally: Tally, metrics: dict[str, float]) -> dict[str, float]:
    """Loss and metrics by the names that can be watched: `training_loss`, `validation_accuracy`, ..."""
    return {f"{part}_loss": tally.mean_loss()} | {f"{part}_{name}": value for name, value in metrics.items()}


def diverged(epoch: int) -> Diverged:
    """After `epoch` something is not finite."""
    if epoch == 0:
        return Diverged("the loss or a parameter is not finite before the first epoch", epoch=0)
    return Diverged(f"the loss or a parameter is no longer finite after epoch {epoch - 1}", epoch=epoch - 1)


def _steps(spec: RunSpec) -> Steps:
    """What the settings name to compute the steps, where it covers the job."""
    if spec.settings.kernels == NUMBA:
        from service.backprop.compiled.steps import CompiledSteps, covers  # Numba is optional, and slow to import

        if covers(spec):
            return CompiledSteps(spec)
    return NumPySteps(spec)
