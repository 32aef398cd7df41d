"""The progress of a run: the best epoch, and the memories of schedule, early stopping and plateau detection."""

import math

from service.backprop.arrays import FloatArray
from service.backprop.network import Network
from service.backprop.training import diagnostics
from service.backprop.training.diagnostics import LayerDiagnostics, Warned
from service.backprop.training.settings import TrainingSettings
from service.backprop.training.state import TrainingState
from service.backprop.training.stopping import StopReason

Observed = dict[str, FloatArray]  # (epochs,) each, by the names that can be watched: `validation_accuracy`


def watchable(rows: str, losses: FloatArray, metrics: dict[str, FloatArray]) -> Observed:
    """Return losses and metrics (epochs,) of the `training` or `validation` rows by the names that can be watched."""
    return {f"{rows}_loss": losses} | {f"{rows}_{name}": values for name, values in metrics.items()}


class Progress:
    """The part of a run's state that depends on its losses and metrics; `best_value` is the smallest watched value."""

    def __init__(self, settings: TrainingSettings) -> None:
        self.settings = settings
        self.best_epoch, self.best_value = 0, math.inf
        self.schedule: dict[str, float] = {}
        self.stopping: dict[str, float] = {}
        self.plateau: dict[str, float] = {}

    def _parts(self) -> dict[str, dict[str, float]]:
        return {"schedule": self.schedule, "stopping": self.stopping, "plateau": self.plateau}

    def memory(self) -> dict[str, float]:
        """Return all memories as `TrainingState` stores them, under names such as `stopping.best`."""
        return {f"{part}.{key}": value for part, values in self._parts().items() for key, value in values.items()}

    def restore(self, state: TrainingState) -> None:
        """Continue from `state`."""
        self.best_epoch, self.best_value = state.best_epoch, state.best_value
        for name, value in state.memory.items():
            part, _, key = name.partition(".")
            self._parts()[part][key] = value

    def first_stop(self, epoch: int, observed: Observed, count: int) -> tuple[int, StopReason | None]:
        """Return how many of `count` epochs from `epoch` on precede the end of training, and the reason for the end."""
        stopping = self.settings.stopping
        if stopping.decides:
            for index in range(count):
                values = {name: float(column[index]) for name, column in observed.items()}
                reason = stopping.reason(epoch + index, values, self.stopping)
                if reason is not None:
                    return index + 1, reason
        return count, None

    def update(self, epoch: int, observed: Observed) -> list[float]:
        """Update the best epoch and all memories with the epochs from `epoch` on; return the watched value of each.

        The best epoch is the earliest with the smallest value, or the newest as long as the value is undefined.
        """
        watched: list[float] = self.settings.stopping.watched(observed).tolist()
        for number, value in enumerate(watched, epoch):
            if value < self.best_value or self.best_value == math.inf:
                self.best_epoch, self.best_value = number, math.inf if math.isnan(value) else value
        if self.settings.schedule is not None and epoch:
            loss = observed.get("validation_loss", observed["training_loss"])
            self.settings.schedule.observe(float(loss[0]), self.schedule)
        return watched

    def warnings(
        self, network: Network, epoch: int, watched: list[float], layers: tuple[LayerDiagnostics, ...] | None
    ) -> tuple[Warned, ...]:
        """Return the warnings for the epochs from `epoch` on, given diagnostics of layers and the watched values."""
        found = [] if layers is None else diagnostics.warnings_of(network, epoch, layers)
        if math.isnan(sum(watched)):
            first = next(number for number, value in enumerate(watched, epoch) if math.isnan(value))
            return (*found, diagnostics.undefined(first))
        flat = diagnostics.plateau(epoch, self.settings.epochs, watched, self.plateau)
        return tuple(found) if flat is None else (*found, flat)
