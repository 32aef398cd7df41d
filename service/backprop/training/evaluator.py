"""Passes of rows through a network: forward to evaluate it, forward and backward to compute its gradients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.layers import Moment
from service.backprop.metrics import ConfusionMatrix, Metric, Scores
from service.backprop.network import Buffers, Network, Workspace, backward, forward
from service.backprop.training.accumulators import Accumulator, Measures
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import Rows
from service.backprop.training.settings import TrainingSettings

EVALUATE_ROWS = 1000


class Evaluator:
    """Evaluates a network on rows, with its current parameters."""

    def __init__(self, network: Network, measures: Measures, weighing: Weighing) -> None:
        self.network, self.measures, self.weighing = network, measures, weighing
        self.workspace = Workspace(network, EVALUATE_ROWS, own_targets=weighing.own_targets)

    def evaluate(
        self, rows: Rows, chosen: IndexArray | None = None, should_stop: Callable[[], bool] = lambda: False
    ) -> Accumulator | None:
        """Return loss and metrics on the rows at `chosen` (k,), or on all rows; None when it was stopped."""
        accumulator = Accumulator(self.measures, self.network.outputs)
        indices = np.arange(len(rows), dtype=np.intp) if chosen is None else chosen
        return self.continue_from(0, accumulator, rows, indices, lambda done, accumulator: should_stop())

    def continue_from(
        self,
        done: int,
        accumulator: Accumulator,
        rows: Rows,
        indices: IndexArray,
        stop_check: Callable[[int, Accumulator], bool],
    ) -> Accumulator | None:
        """Add the rows at `indices` (k,) except the first `done`, which are accumulated already.

        `stop_check` is called with the number of accumulated rows and their sums. Returns None when it returned True.
        """
        with np.errstate(all="ignore"):
            for start in range(done, len(indices), EVALUATE_ROWS):
                if stop_check(start, accumulator):
                    return None
                self.pass_rows(rows, indices[start : start + EVALUATE_ROWS], accumulator)
        return accumulator

    def pass_rows(self, rows: Rows, indices: IndexArray, accumulator: Accumulator | None = None) -> Buffers:
        """Do a forward pass of the rows at `indices`, at most `EVALUATE_ROWS` of them."""
        buffers = self.workspace.sized(len(indices))
        rows.gather(indices, buffers.X, buffers.Y)
        forward(self.network, buffers)
        if accumulator is not None:
            samples = rows.sample_weights
            accumulator.add(buffers, *self.weighing.weigh(buffers, None if samples is None else samples[indices]))
        return buffers


@dataclass(frozen=True)
class Evaluation:
    """The loss and the metrics, by key, on some rows; `counts` is their confusion matrix, None where none is counted.

    They are NaN where they are undefined, as the loss of rows that weigh nothing together. `scores` are the outputs of
    the second of two classes, and which rows are of it, each (rows,); None where they are not collected.
    """

    loss: float
    metrics: dict[str, float]
    counts: IndexArray | None
    scores: tuple[FloatArray, IndexArray] | None = None


def evaluate(
    network: Network,
    settings: TrainingSettings,
    rows: Rows,
    counted: bool,
    should_stop: Callable[[], bool] = lambda: False,
    scored: bool = False,
) -> Evaluation | None:
    """Evaluate a network as validation does; return None when it was stopped.

    `counted` adds the confusion matrix, `scored` the scores of two classes.
    """
    further: dict[str, Metric] = {}
    if counted:
        further["counts"] = ConfusionMatrix()
    if scored:
        further["scores"] = Scores()
    metrics = (*settings.metrics, *further.values())
    weighing = Weighing(settings.loss, settings.class_weights, settings.label_smoothing)
    measures = Measures(settings.loss, metrics, settings.reading)
    found = Evaluator(network, measures, weighing).evaluate(rows, should_stop=should_stop)
    if found is None:
        return None
    own = len(settings.metrics)
    collected = dict(zip(further, found.memories[own:], strict=True))
    results = {
        metric.key: metric.result(memory) for metric, memory in zip(settings.metrics, found.memories[:own], strict=True)
    }
    blocks = collected.get("scores")
    scores = None
    if blocks:
        scores = np.concatenate([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks])
    return Evaluation(found.mean_loss(), results, collected.get("counts"), scores)


class Shard:
    """A part of a batch with its own workspace, so that parts can be computed by different threads."""

    def __init__(self, network: Network, rows: int, weighing: Weighing, seed: int, number: int) -> None:
        self.network, self.weighing = network, weighing
        self.moment = Moment(training=True, seed=seed, shard=number)
        self.workspace = Workspace(network, rows, gradients=True, own_targets=weighing.own_targets)
        self.buffers: Buffers
        self.weights: FloatArray | None = None
        self.normaliser = 0.0

    def gather(self, rows: Rows, indices: IndexArray) -> None:
        """Read the rows at `indices` and compute their weights."""
        self.buffers = self.workspace.sized(len(indices))
        rows.gather(indices, self.buffers.X, self.buffers.Y)
        samples = rows.sample_weights
        of_rows = None if samples is None else samples[indices]
        self.weights, self.normaliser = self.weighing.weigh(self.buffers, of_rows)

    def backpropagate(self, normaliser: float) -> None:
        """Compute the gradients of the rows; `normaliser` is the sum of the whole batch's weights."""
        with np.errstate(all="ignore"):
            forward(self.network, self.buffers, self.moment)
            backward(self.network, self.workspace, self.buffers, self.weighing.loss, normaliser, self.weights)
