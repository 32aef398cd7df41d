"""The rules that end training before its last epoch, and the choice of the best epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from service.backprop.arrays import FloatArray
from service.backprop.metrics import Metric

Memory = dict[str, float]
Value = TypeVar("Value", float, FloatArray)


class StopReason(StrEnum):
    """Why training ended before its last epoch."""

    STOP_WHEN = "stop_when"  # every bound of the settings was reached
    EARLY_STOPPING = "early_stopping"  # the monitored value no longer improved


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs (Prechelt 1998)."""

    monitor: str
    patience: int
    min_delta: float = 0.0


@dataclass(frozen=True)
class Stopping:
    """The rules for ending training early, and which value decides on the best epoch.

    `stop_when` holds bounds that all have to be reached: losses from above, accuracies from below. The watched value is
    the monitor of early stopping, otherwise the validation loss, otherwise the training loss. The best epoch is the
    earliest one with the best watched value.
    """

    early: EarlyStopping | None = None
    stop_when: tuple[tuple[str, float], ...] = ()
    metrics: tuple[Metric, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether a rule has to be checked after every epoch."""
        return self.early is not None or bool(self.stop_when)

    def watched(self, observed: Mapping[str, Value]) -> Value:
        """Return the watched value, to be minimised: a metric that is better when larger has its sign inverted."""
        name = self.early.monitor if self.early is not None else None
        if name is None:
            name = "validation_loss" if "validation_loss" in observed else "training_loss"
        value = observed[name]
        return -value if self._larger_is_better(name) else value

    def reason(self, epoch: int, observed: Mapping[str, float], memory: Memory) -> StopReason | None:
        """Return why training ends after `epoch`, None to continue. `memory` is part of the training state."""
        if self.stop_when and all(self._reached(name, bound, observed[name]) for name, bound in self.stop_when):
            return StopReason.STOP_WHEN
        if self.early is None or epoch == 0:
            return None
        value = self.watched(observed)
        if value < memory.get("best", math.inf) - self.early.min_delta:
            memory["best"], memory["waited"] = value, 0.0
        else:
            memory["waited"] = memory.get("waited", 0.0) + 1.0
        return StopReason.EARLY_STOPPING if memory["waited"] >= self.early.patience else None

    def _reached(self, name: str, bound: float, value: float) -> bool:
        return value >= bound if self._larger_is_better(name) else value <= bound

    def _larger_is_better(self, name: str) -> bool:
        key = name.partition("_")[2]
        return any(metric.larger_is_better for metric in self.metrics if metric.key == key)
