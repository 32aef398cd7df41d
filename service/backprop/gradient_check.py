"""Backpropagation against central differences: (C(w + e) - C(w - e)) / 2e for every parameter, in float64."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.losses import Loss
from service.backprop.network import Network, Workspace, backward, forward


@dataclass(frozen=True)
class LayerCheck:
    """The largest relative difference among a layer's parameters, and where in the layer's part of the vector it is."""

    layer: int
    largest: float
    at: int


def gradient_check(
    network: Network, loss: Loss, X: FloatArray, Y: FloatArray, epsilon: float = 1e-5
) -> tuple[LayerCheck, ...]:
    """By layer the largest |analytic - numeric| / max(|analytic| + |numeric|, 1e-4); the network is left as it was."""
    workspace = Workspace(network, len(X), gradients=True)
    buffers = workspace.sized(len(X))
    buffers.X[...], buffers.Y[...] = X, Y

    def cost() -> float:
        return loss.total(forward(network, buffers), buffers.Y) / len(X)

    cost()
    backward(network, workspace, buffers, loss, len(X))
    analytic = workspace.gradients.copy()
    numeric = np.empty_like(analytic)
    for index in range(analytic.size):
        kept = network.parameters[index]
        network.parameters[index] = kept + epsilon
        above = cost()
        network.parameters[index] = kept - epsilon
        numeric[index] = (above - cost()) / (2 * epsilon)
        network.parameters[index] = kept
    difference = np.abs(analytic - numeric) / np.maximum(np.abs(analytic) + np.abs(numeric), 1e-4)
    checks = []
    for number, layer in enumerate(network.layers):
        part = difference[layer.offset : layer.offset + layer.size]
        checks.append(LayerCheck(number, float(part.max()), int(part.argmax())))
    return tuple(checks)
