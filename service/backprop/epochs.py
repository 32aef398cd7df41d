"""One epoch: over all batches with an update each, or over rows that are only measured.

Imports NumPy and its neighbours. Callers hold `arrays.quiet()`.
"""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.metrics import Accumulator, Metric
from service.backprop.rows import Rows
from service.backprop.workspace import Shard, Workspace


class Figures(NamedTuple):
    """The mean loss over rows, and the metrics by name."""

    loss: float
    metrics: dict[str, float]


class Tally:
    """Losses and metrics, gathered over batches and weighted by rows, in float64."""

    def __init__(self, metrics: Sequence[Metric], target_scale: FloatArray | None) -> None:
        self.loss = 0.0
        self.rows = 0
        self._counts: list[tuple[str, Accumulator]] = [(metric.name, metric.start(target_scale)) for metric in metrics]

    def add(self, loss: float, shards: Iterable[Shard], rows: int) -> None:
        """Take in a batch: its summed loss, and its outputs and targets."""
        self.loss += loss
        self.rows += rows
        if self._counts:
            for shard in shards:
                for _, count in self._counts:
                    count.update(shard.A, shard.Y)

    def figures(self) -> Figures:
        """Of all batches taken in."""
        return Figures(self.loss / self.rows, {name: count.result() for name, count in self._counts})


def train_epoch(
    workspace: Workspace,
    rows: Rows,
    order: IndexArray,
    tally: Tally,
    update: Callable[[FloatArray], None],
    backpropagate: Callable[[Workspace, int], float],
    should_stop: Callable[[], bool],
) -> Figures | None:
    raise NotImplementedError


def measure(
    workspace: Workspace, rows: Rows, indices: IndexArray, tally: Tally, should_stop: Callable[[], bool]
) -> Figures | None:
    raise NotImplementedError
