"""Loss and metrics, summed over rows as they pass by."""

from dataclasses import dataclass
from typing import Protocol

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.metrics import Metric, Reading
from service.backprop.training.state import PartialEpoch


class Answered(Protocol):
    """Rows that went forward: outputs, the loss's targets T and the rows' own targets Y, each (rows, outputs)."""

    @property
    def outputs(self) -> FloatArray: ...

    @property
    def T(self) -> FloatArray: ...  # noqa: N802

    @property
    def Y(self) -> FloatArray: ...  # noqa: N802


@dataclass(frozen=True)
class Outcome:
    """Rows that went forward."""

    outputs: FloatArray
    T: FloatArray
    Y: FloatArray


@dataclass(frozen=True)
class Measures:
    """What is measured beside the training itself."""

    loss: Loss
    metrics: tuple[Metric, ...]
    reading: Reading


class Tally:
    """`add` the rows of every batch; then `mean_loss` and `results` speak of all of them."""

    def __init__(self, measures: Measures, outputs: int) -> None:
        self.measures = measures
        self.loss, self.normaliser = 0.0, 0.0
        self.memories = [metric.start(outputs) for metric in measures.metrics]

    def add(self, rows: Answered, weights: FloatArray | None, normaliser: float) -> None:
        """The rows of a forward pass, with their weights and what these add up to."""
        self.add_loss(self.measures.loss.total(rows.outputs, rows.T, weights), normaliser)
        self.add_metrics(rows.outputs, rows.Y)

    def add_loss(self, loss: float, normaliser: float) -> None:
        self.loss += loss
        self.normaliser += normaliser

    def add_metrics(self, outputs: FloatArray, Y: FloatArray) -> None:
        for metric, memory in zip(self.measures.metrics, self.memories, strict=True):
            metric.add(memory, outputs, Y, self.measures.reading)

    def begun(self, batches: int, seconds: float) -> PartialEpoch:
        """A copy of what was added up, of an epoch's first `batches`."""
        pairs = zip(self.measures.metrics, self.memories, strict=True)
        memories = [metric.arrays(memory) for metric, memory in pairs]
        return PartialEpoch(batches, seconds, self.loss, self.normaliser, memories)

    def go_on(self, begun: PartialEpoch) -> None:
        """Stand where `begun` was taken."""
        self.loss, self.normaliser = begun.loss, begun.normaliser
        pairs = zip(self.measures.metrics, begun.memories, strict=True)
        self.memories = [metric.memory(arrays) for metric, arrays in pairs]

    def mean_loss(self) -> float:
        """NaN for rows that weigh nothing."""
        return self.loss / self.normaliser if self.normaliser else float("nan")

    def results(self) -> dict[str, float]:
        pairs = zip(self.measures.metrics, self.memories, strict=True)
        return {metric.key: metric.result(memory) for metric, memory in pairs}


def tallies(measures: Measures, rows: Answered, epochs: int) -> list[Tally]:
    """One tally for each of several epochs whose rows follow each other, all of the same weight."""
    outputs, Y = (array.reshape(epochs, -1, array.shape[1]) for array in (rows.outputs, rows.Y))
    losses = measures.loss.rows(rows.outputs, rows.T).reshape(epochs, -1)
    found = []
    for index, loss in enumerate(losses.sum(axis=1).tolist()):
        tally = Tally(measures, outputs.shape[2])
        tally.add_loss(loss, float(losses.shape[1]))
        tally.add_metrics(outputs[index], Y[index])
        found.append(tally)
    return found


def series(measures: Measures, rows: Answered, epochs: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    """The mean loss and the metrics of each of several epochs whose rows follow each other, all of the same weight."""
    outputs, Y = (array.reshape(epochs, -1, array.shape[1]) for array in (rows.outputs, rows.Y))
    losses: FloatArray = measures.loss.rows(rows.outputs, rows.T).reshape(epochs, -1).sum(axis=1) / outputs.shape[1]
    return losses, {metric.key: metric.series(outputs, Y, measures.reading) for metric in measures.metrics}
