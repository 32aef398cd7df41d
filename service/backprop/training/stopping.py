"""When training ends before its last epoch, and which epoch was the best."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from service.backprop.metrics import Metric

Memory = dict[str, float]


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when `monitor` has not got better by more than `min_delta` for `patience` epochs (Prechelt 1998)."""

    monitor: str
    patience: int
    min_delta: float = 0.0


@dataclass(frozen=True)
class Stopping:
    """`stop_when` are bounds that all have to be reached: losses from above, accuracies from below.

    What is watched is the early stopping's monitor, else the validation loss, else the training loss; the best epoch is
    the earliest one where that was best.
    """

    early: EarlyStopping | None = None
    stop_when: tuple[tuple[str, float], ...] = ()
    metrics: tuple[Metric, ...] = ()

    def watched(self, observed: Mapping[str, float]) -> float:
        """The value that is to become small: a metric that is better when larger comes with its sign turned."""
        name = self.early.monitor if self.early is not None else None
        if name is None:
            name = "validation_loss" if "validation_loss" in observed else "training_loss"
        value = observed[name]
        return -value if self._larger_is_better(name) else value

    def is_over(self, epoch: int, observed: Mapping[str, float], memory: Memory) -> str | None:
        """`stop_when`, `early_stopping`, or None to go on; `memory` is part of a run's state."""
        if self.stop_when and all(self._reached(name, bound, observed[name]) for name, bound in self.stop_when):
            return "stop_when"
        if self.early is None or epoch == 0:
            return None
        value = self.watched(observed)
        if value < memory.get("best", math.inf) - self.early.min_delta:
            memory["best"], memory["waited"] = value, 0.0
        else:
            memory["waited"] = memory.get("waited", 0.0) + 1.0
        return "early_stopping" if memory["waited"] >= self.early.patience else None

    def _reached(self, name: str, bound: float, value: float) -> bool:
        return value >= bound if self._larger_is_better(name) else value <= bound

    def _larger_is_better(self, name: str) -> bool:
        key = name.partition("_")[2]
        return any(metric.larger_is_better for metric in self.metrics if metric.key == key)
