"""Loss and metrics, summed over rows as they pass by."""

from dataclasses import dataclass

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.metrics import Metric, Reading
from service.backprop.network import Buffers


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
        self.loss = 0.0
        self.normaliser = 0.0
        self.memories = [metric.start(outputs) for metric in measures.metrics]

    def add(self, buffers: Buffers, weights: FloatArray | None, normaliser: float) -> None:
        """The rows of a forward pass, with their weights and what these add up to."""
        self.loss += self.measures.loss.total(buffers.outputs, buffers.T, weights)
        self.normaliser += normaliser
        for metric, memory in zip(self.measures.metrics, self.memories, strict=True):
            metric.add(memory, buffers.outputs, buffers.Y, self.measures.reading)

    def mean_loss(self) -> float:
        """NaN for rows that weigh nothing."""
        return self.loss / self.normaliser if self.normaliser else float("nan")

    def results(self) -> dict[str, float]:
        pairs = zip(self.measures.metrics, self.memories, strict=True)
        return {metric.key: metric.result(memory) for metric, memory in pairs}
