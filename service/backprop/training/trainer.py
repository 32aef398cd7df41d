"""One run's network, optimizer state and counters: computes epochs, measures them and describes the result.

`loop.py` drives it.
"""

import math
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network
from service.backprop.schedules import Position
from service.backprop.training import diagnostics
from service.backprop.training.accumulators import Accumulator, Measures, single
from service.backprop.training.diagnostics import LayerDiagnostics
from service.backprop.training.evaluator import Evaluator
from service.backprop.training.kernels import NUMBA
from service.backprop.training.numpy_steps import ComputedEpochs, LastStep, NumPySteps, RunSpec, Steps
from service.backprop.training.progress import Observed, Progress, watchable
from service.backprop.training.results import EpochRun, diverged
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import Checkpoint, PartialEpoch, TrainingState
from service.errors import Invalid

EPOCH_0_ROWS = 10_000  # epoch 0 is measured on at most this many training rows


class Trainer:
    """The network, optimizer state and counters of one run."""

    def __init__(
        self,
        network: Network,
        settings: TrainingSettings,
        training: Rows,
        validation: Rows | None,
        should_stop: Callable[[], bool] = lambda: False,
        pause_at: int | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.network, self.settings = network, settings
        self.training, self.validation = training, validation
        self.should_stop, self.pause_at, self.checkpoint = should_stop, pause_at, checkpoint
        weighing = Weighing(settings.loss, settings.class_weights, settings.label_smoothing)
        measures = Measures(settings.loss, settings.metrics, settings.reading)
        self.spec = RunSpec(network, settings, training, min(settings.batch_size, len(training)), measures, weighing)
        self.steps = _steps(self.spec)
        self.evaluator = Evaluator(network, measures, weighing)
        self.learning_rate = settings.optimizer.learning_rate
        self.progress = Progress(settings)
        self.partial_epoch: PartialEpoch | None = None
        self.sample = diagnostics.sample_of(len(training), settings.seed)
        self.stride = self.steps.diagnostics_cost * diagnostics.stride(len(training), self.spec.batches)

    def restore(self, state: TrainingState) -> None:
        """Continue from `state`."""
        self.network.vector[...] = state.vector
        for name, vector in self.steps.slots.items():
            vector[...] = state.slots[name]
        self.steps.steps = state.steps
        self.progress.restore(state)
        self.partial_epoch = state.partial_epoch

    def state(self, epoch: int, copied: bool = True, partial_epoch: PartialEpoch | None = None) -> TrainingState:
        """Return the state after `epoch`, with the completed part of the next.

        Without `copied` its vectors are views, valid until training continues.
        """
        vector, slots = self.network.vector, self.steps.slots
        if copied:
            vector, slots = vector.copy(), {name: slot.copy() for name, slot in slots.items()}
        best_epoch, best_value, memory = self.progress.best_epoch, self.progress.best_value, self.progress.memory()
        return TrainingState(epoch, self.steps.steps, best_epoch, best_value, vector, slots, memory, partial_epoch)

    def stops_before(self, epoch: int) -> bool:
        """Return whether to stop before `epoch`; store the state there, unless one within the epoch is stored."""
        if self.partial_epoch is not None:
            return self.should_stop()
        return self._stops(epoch, 0.0, 0, None)

    def next_run(self, epoch: int) -> EpochRun | None:
        """Compute `epoch` and the following ones that are best computed together; return None when it was stopped.

        The run ends before the first epoch that is not finite.

        Raises
        ------
        Diverged
            When `epoch` itself is not finite.
        """
        partial_epoch, self.partial_epoch = self.partial_epoch, None
        started_at = time.perf_counter() - (0.0 if partial_epoch is None else partial_epoch.seconds)
        with np.errstate(all="ignore"):
            computed = self._compute(epoch, started_at, partial_epoch)
            if computed is None:
                return None
            layers = self._diagnose(computed.last_step)
        if partial_epoch is not None and layers is None:
            layers = partial_epoch.layers
        validated: Accumulator | None = None
        if self.validation is not None:
            assert computed.accumulator is not None  # epochs with a validation are computed one by one
            validated = self._validate(epoch, started_at, computed.accumulator, layers, partial_epoch)
            if validated is None:
                return None
            if not validated.normaliser:
                raise Invalid("the rows that validate weigh nothing together")
        seconds = (time.perf_counter() - started_at) / len(computed)
        return self._result(epoch, computed, validated, seconds, layers)

    def _compute(self, epoch: int, started_at: float, partial_epoch: PartialEpoch | None) -> ComputedEpochs | None:
        if epoch == 0:
            accumulator = self._measure_start()
            return None if accumulator is None else ComputedEpochs.single(accumulator)
        if partial_epoch is not None:
            for batch in (0, partial_epoch.batches - 1):  # a schedule may depend on the epoch or on the batch
                self._learning_rate(epoch, batch)
        return self.steps.compute(
            epoch,
            self._most(epoch),
            self._learning_rate,
            partial(self._stops, epoch, started_at),
            with_last_step=self._is_diagnosed(epoch),
            partial_epoch=partial_epoch,
        )

    def _stops(self, epoch: int, started_at: float, batches: int, accumulator: Accumulator | None) -> bool:
        """Return whether to stop before the next of the epoch's batches; store the state there when that is due."""
        stops = self.should_stop()
        if self.checkpoint is None or not (batches or stops) or not self.checkpoint.is_due(stops):
            return stops
        partial_epoch = None
        if batches and accumulator is not None:
            partial_epoch = PartialEpoch(batches, time.perf_counter() - started_at, accumulator.sums())
        return self.checkpoint.store(partial(self.state, epoch - 1, partial_epoch=partial_epoch)) or stops

    def _validate(
        self,
        epoch: int,
        started_at: float,
        trained: Accumulator,
        layers: tuple[LayerDiagnostics, ...] | None,
        partial_epoch: PartialEpoch | None,
    ) -> Accumulator | None:
        """Evaluate the validation rows, after those that an earlier run completed; return None when it was stopped."""
        assert self.validation is not None

        def stops(done: int, validated: Accumulator) -> bool:
            stops = self.should_stop()
            if epoch == 0 or self.checkpoint is None or not self.checkpoint.is_due(stops):
                return stops
            seconds, sums = time.perf_counter() - started_at, validated.sums() if done else None
            now = PartialEpoch(self.spec.batches, seconds, trained.sums(), layers, done, sums)
            return self.checkpoint.store(partial(self.state, epoch - 1, partial_epoch=now)) or stops

        done, validated = 0, Accumulator(self.spec.measures, self.network.outputs)
        if partial_epoch is not None and partial_epoch.validation is not None:
            done = partial_epoch.validated_rows
            validated.restore(partial_epoch.validation)
        indices = np.arange(len(self.validation), dtype=np.intp)
        return self.evaluator.continue_from(done, validated, self.validation, indices, stops)

    def _most(self, epoch: int) -> int:
        """Return how many epochs from `epoch` on may be computed together, with no validation or pause among them.

        0 where no epoch of the run may be computed with another.
        """
        settings = self.settings
        if self.validation is not None or settings.schedule is not None or settings.keeps_states:
            return 0
        last = min(settings.epochs, diagnostics.next_due(epoch, self.stride) - 1)
        if self.pause_at is not None and epoch <= self.pause_at:
            last = min(last, self.pause_at)
        return last - epoch + 1

    def _measure_start(self) -> Accumulator | None:
        """Evaluate epoch 0 on the first training rows, or on all when the weights of those add up to 0."""
        first = np.arange(min(len(self.training), EPOCH_0_ROWS), dtype=np.intp)
        accumulator = self.evaluator.evaluate(self.training, first, self.should_stop)
        if accumulator is None or accumulator.normaliser:
            return accumulator
        return self.evaluator.evaluate(self.training, should_stop=self.should_stop)

    def _is_diagnosed(self, epoch: int) -> bool:
        """Return whether an epoch has diagnostics.

        It has none if batch normalization gets a last batch of a single row, as the error is 0 then.
        """
        alone = len(self.training) % self.spec.batch_size == 1 or self.spec.batch_size == 1
        return diagnostics.is_due(epoch, self.stride) and not (alone and self.network.couples_rows())

    def _learning_rate(self, epoch: int, batch: int) -> float:
        """Return the learning rate of an epoch's batch."""
        schedule = self.settings.schedule
        if schedule is not None and (batch == 0 or schedule.by_batch):
            at = Position(epoch, self.settings.epochs, batch, self.spec.batches)
            self.learning_rate = schedule.rate(self.settings.optimizer.learning_rate, at, self.progress.schedule)
        return self.learning_rate

    def _diagnose(self, last: LastStep | None) -> tuple[LayerDiagnostics, ...] | None:
        """Return the diagnostics of each layer in a step."""
        if last is None:
            return None
        sampled = self.evaluator.pass_rows(self.training, self.sample)
        return diagnostics.measure(self.network, last.shards, last.before, sampled)

    def _result(
        self,
        epoch: int,
        computed: ComputedEpochs,
        validated: Accumulator | None,
        seconds: float,
        layers: tuple[LayerDiagnostics, ...] | None,
    ) -> EpochRun:
        """Return the run up to the first epoch that is not finite or after which training stops."""
        observed = watchable("training", computed.losses, computed.metrics)
        validation_metrics: dict[str, FloatArray] = {}
        if validated is not None:
            validation_metrics = single(validated.results())
            observed |= watchable("validation", np.array([validated.mean_loss()]), validation_metrics)
        finite = self._finite(computed, observed)
        if finite == 0:
            raise diverged(epoch)
        count, stopped = self.progress.first_stop(epoch, observed, finite)
        training_metrics = computed.metrics
        if count < len(computed):
            observed = {name: values[:count] for name, values in observed.items()}
            training_metrics = {name: values[:count] for name, values in training_metrics.items()}
        watched = self.progress.update(epoch, observed)
        return EpochRun(
            first_epoch=epoch,
            training_loss=observed["training_loss"],
            validation_loss=observed.get("validation_loss"),
            training_metrics=training_metrics,
            validation_metrics=validation_metrics,
            learning_rate=self.learning_rate,
            seconds=seconds,
            parameters=self._parameters(computed, count),
            best_epoch=self.progress.best_epoch,
            state=partial(self.state, epoch + count - 1) if count == len(computed) or stopped is not None else None,
            stopped=stopped,
            layers=layers,
            warnings=self.progress.warnings(self.network, epoch, watched, layers),
        )

    def _finite(self, computed: ComputedEpochs, observed: Observed) -> int:
        """Return how many epochs come before the first whose losses or parameters are not finite."""
        if computed.parameters is None:
            losses = [values[0] for name, values in observed.items() if name.endswith("_loss")]
            return int(all(map(math.isfinite, losses)) and np.isfinite(self.network.vector).all())
        finite = np.isfinite(computed.losses) & np.isfinite(computed.parameters).all(axis=1)
        return len(finite) if finite.all() else int(finite.argmin())

    def _parameters(self, computed: ComputedEpochs, count: int) -> FloatArray:
        """Return the parameters after each of `count` epochs; the network then has those after the last of them."""
        if computed.parameters is None:
            return self.network.stored_vector()[None]
        if count < len(computed):
            self.network.parameters[...] = computed.parameters[count - 1]
        return computed.parameters[:count]


def _steps(spec: RunSpec) -> Steps:
    """Return the steps for the kernels in the settings if they cover the run, otherwise those of NumPy."""
    if spec.settings.kernels == NUMBA:
        from service.backprop.compiled.steps import CompiledSteps  # Numba is optional, and slow to import

        if CompiledSteps.covers(spec):
            return CompiledSteps(spec)
    return NumPySteps(spec)
