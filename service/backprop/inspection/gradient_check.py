"""Backpropagation against central differences for every parameter, in float64.

The differences are of fourth order, (8 (C(w + e) - C(w - e)) - (C(w + 2e) - C(w - 2e))) / 12e, whose truncation error
is small enough to show errors of the gradient.
"""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.layers import Moment
from service.backprop.losses import Loss
from service.backprop.network import Network, Workspace, backward, forward


@dataclass(frozen=True)
class LayerCheck:
    """The largest relative difference in a layer, and its position in the layer's part of the parameter vector."""

    layer: int
    largest: float
    at: int


def gradient_check(
    network: Network,
    loss: Loss,
    X: FloatArray,
    Y: FloatArray,
    epsilon: float = 1e-4,
    weights: FloatArray | None = None,
) -> tuple[LayerCheck, ...]:
    """Return the largest relative difference between analytic and numeric derivatives in each layer with parameters.

    The difference is |analytic - numeric| / max(|analytic| + |numeric|, 1e-4). Passes are those of training: dropout
    with the draws of one batch, batch normalization with the statistics of the rows. `network` is not changed.

    Parameters
    ----------
    X, Y : (rows, inputs), (rows, outputs)
        The batch.
    epsilon
        The step e of the differences.
    weights : (rows,)
        The weights of the rows; None for 1.
    """
    workspace = Workspace(network, len(X), gradients=True)
    buffers = workspace.sized(len(X))
    buffers.X[...], buffers.Y[...] = X, Y
    moment = Moment(training=True)
    statistics = network.statistics.copy()
    normaliser = float(len(X)) if weights is None or not loss.over_weights else float(weights.sum())

    def cost() -> float:
        return loss.total(forward(network, buffers, moment), buffers.T, weights) / normaliser

    cost()
    backward(network, workspace, buffers, loss, normaliser, weights)
    analytic = workspace.gradients.copy()
    numeric = np.empty_like(analytic)
    for index in range(analytic.size):
        original = network.parameters[index]
        costs = []
        for steps in (1, -1, 2, -2):
            network.parameters[index] = original + steps * epsilon
            costs.append(cost())
        network.parameters[index] = original
        numeric[index] = (8 * (costs[0] - costs[1]) - (costs[2] - costs[3])) / (12 * epsilon)
    network.statistics[...] = statistics
    difference = np.abs(analytic - numeric) / np.maximum(np.abs(analytic) + np.abs(numeric), 1e-4)
    parts = [(placed.index, difference[placed.offset : placed.offset + placed.size]) for placed in network.layers]
    return tuple(LayerCheck(index, float(part.max()), int(part.argmax())) for index, part in parts if part.size)
