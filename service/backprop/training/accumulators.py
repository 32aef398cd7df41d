"""Accumulation of loss and metrics over the rows of batches."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.metrics import Metric
from service.backprop.readings import Reading
from service.backprop.training.state import Sums


class ForwardRows(Protocol):
    """Rows after a forward pass: outputs, the loss's targets T and the rows' own targets Y, each (rows, outputs)."""

    @property
    def outputs(self) -> FloatArray: ...

    @property
    def T(self) -> FloatArray: ...  # noqa: N802

    @property
    def Y(self) -> FloatArray: ...  # noqa: N802


@dataclass(frozen=True)
class Outcome:
    """Rows after a forward pass."""

    outputs: FloatArray
    T: FloatArray
    Y: FloatArray


@dataclass(frozen=True)
class Measures:
    """The loss and the metrics to compute, and how outputs are interpreted for metrics."""

    loss: Loss
    metrics: tuple[Metric, ...]
    reading: Reading


class Accumulator:
    """Sums of the loss and of every metric over the rows added so far."""

    def __init__(self, measures: Measures, outputs: int) -> None:
        self.measures = measures
        self.loss, self.normaliser = 0.0, 0.0
        self.memories = [metric.start(outputs) for metric in measures.metrics]

    def add(self, rows: ForwardRows, weights: FloatArray | None, normaliser: float) -> None:
        """Add the rows of a forward pass; `normaliser` is the sum of their `weights` (rows,)."""
        self.loss += self.measures.loss.total(rows.outputs, rows.T, weights)
        self.normaliser += normaliser
        for metric, memory in zip(self.measures.metrics, self.memories, strict=True):
            metric.add(memory, rows.outputs, rows.Y, self.measures.reading)

    def sums(self) -> Sums:
        """Return a copy of the sums."""
        pairs = zip(self.measures.metrics, self.memories, strict=True)
        return Sums(self.loss, self.normaliser, [metric.arrays(memory) for metric, memory in pairs])

    def restore(self, sums: Sums) -> None:
        """Continue from `sums`."""
        self.loss, self.normaliser = sums.loss, sums.normaliser
        pairs = zip(self.measures.metrics, sums.memories, strict=True)
        self.memories = [metric.memory(arrays) for metric, arrays in pairs]

    def mean_loss(self) -> float:
        """Return the mean loss; NaN for rows whose weights add up to 0."""
        return self.loss / self.normaliser if self.normaliser else float("nan")

    def results(self) -> dict[str, float]:
        """Return each metric by its key."""
        pairs = zip(self.measures.metrics, self.memories, strict=True)
        return {metric.key: metric.result(memory) for metric, memory in pairs}


def series(
    measures: Measures, rows: ForwardRows, epochs: int, *, one_by_one: bool
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the mean loss and each metric (epochs,) of consecutive epochs whose rows all have the same weight.

    Parameters
    ----------
    rows
        The rows of all epochs, (epochs x rows, outputs), one epoch after the other.
    one_by_one
        Accumulate every metric as for a single epoch, so that decisions such as early stopping get the same bits.
    """
    outputs, Y = (array.reshape(epochs, -1, array.shape[1]) for array in (rows.outputs, rows.Y))
    losses: FloatArray = measures.loss.rows(rows.outputs, rows.T).reshape(epochs, -1).sum(axis=1) / outputs.shape[1]
    found = {}
    for metric in measures.metrics:
        arrays = (outputs, Y, measures.reading)
        found[metric.key] = Metric.series(metric, *arrays) if one_by_one else metric.series(*arrays)
    return losses, found


def single(values: dict[str, float]) -> dict[str, FloatArray]:
    """Return the values of one epoch as arrays (1,)."""
    return {name: np.array([value]) for name, value in values.items()}
