"""Backpropagation against central differences at some parameters of any network, in float64, away from kinks.

Each difference computes only the layers from the parameter's own on, so that checking 200 parameters is fast.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.float64_copy import TRAINING, copied
from service.backprop.inspection.parameter_index import Place, place_at
from service.backprop.layers import Dense
from service.backprop.layers.base import Views
from service.backprop.network import Network, Workspace, backward, forward
from service.backprop.training.row_weights import Weighing

FLOOR = 1e-4  # the least denominator of a relative difference; multiplied by a loss above 1


@dataclass(frozen=True)
class Compared:
    """The derivative by one parameter, computed in both ways, and the relative difference."""

    place: Place
    backpropagation: float
    central_difference: float
    difference: float


@dataclass(frozen=True)
class LayerSpots:
    """The comparisons of a layer; `worst` is None when the loss had a kink at every compared parameter."""

    layer: int
    checked: int
    at_kinks: int
    worst: Compared | None


def threshold(epsilon: float) -> float:
    """Return the largest acceptable relative difference: the accuracy of a fourth-order difference with `epsilon`."""
    return max(1e-6, 1e-11 / epsilon, 1e4 * epsilon**4)


def spread(network: Network, parameters: int) -> list[int]:
    """Return the positions of at most `parameters` parameters, evenly divided among layers and within each."""
    positions: list[int] = []
    trained = sorted((placed for placed in network.layers if placed.size), key=lambda placed: placed.size)
    left = parameters
    for number, placed in enumerate(trained):
        share = min(placed.size, left // (len(trained) - number))
        left -= share
        positions += [placed.offset + round(step * (placed.size - 1) / max(share - 1, 1)) for step in range(share)]
    return sorted(positions)


def spot_check(
    network: Network,
    weighing: Weighing,
    X: FloatArray,
    Y: FloatArray,
    samples: FloatArray | None,
    parameters: int,
    epsilon: float,
) -> list[LayerSpots]:
    """Return the comparisons of each layer with parameters, with |analytic - numeric| / (|analytic| + |numeric|).

    Passes are those of training: dropout with the draws of one batch, batch normalization with the statistics of the
    rows. `network` is not changed.

    Parameters
    ----------
    X, Y : (rows, inputs), (rows, outputs)
        The batch.
    samples : (rows,)
        The weights of the rows; None for 1.
    parameters
        How many parameters to compare, at most.
    epsilon
        The step of the differences.
    """
    check = _Check(copied(network), weighing, X, Y, samples)
    found: dict[int, list[Compared | None]] = {placed.index: [] for placed in network.layers if placed.size}
    with np.errstate(all="ignore"):
        for at in spread(network, parameters):
            place = place_at(network, at)
            found[place.layer].append(check.compare(place, at, epsilon))
    return [_spots(layer, compared) for layer, compared in found.items()]


def _spots(layer: int, compared: list[Compared | None]) -> LayerSpots:
    smooth = [one for one in compared if one is not None]
    worst = max(smooth, key=lambda one: one.difference if np.isfinite(one.difference) else np.inf, default=None)
    return LayerSpots(layer, len(smooth), len(compared) - len(smooth), worst)


def _bends(costs: list[float], epsilon: float) -> float:
    """Return how much the slope jumps between steps: nearly 0 for a smooth loss, large at a kink."""
    changes = np.diff(costs, 2) / epsilon
    return float(changes.max() - changes.min())


class _Check:
    """The buffers of a forward and backward pass, and the loss after changing one parameter."""

    def __init__(
        self, network: Network, weighing: Weighing, X: FloatArray, Y: FloatArray, samples: FloatArray | None
    ) -> None:
        self.network, self.loss = network, weighing.loss
        workspace = Workspace(network, len(X), gradients=True, own_targets=weighing.own_targets)
        self.buffers = workspace.sized(len(X))
        self.buffers.X[...], self.buffers.Y[...] = X, Y
        self.weights, normaliser = weighing.weigh(self.buffers, samples)
        self.normaliser = normaliser or 1.0
        with np.errstate(all="ignore"):
            self.cost = self._cost(forward(network, self.buffers, TRAINING))
            backward(network, workspace, self.buffers, weighing.loss, self.normaliser, self.weights)
        self.gradients = workspace.gradients.copy()
        self.other = Workspace(network, len(X)).sized(len(X)).layers

    def compare(self, place: Place, at: int, epsilon: float) -> Compared | None:
        """Compare a parameter's derivatives; return None when the loss has a kink within two steps of `epsilon`."""
        moved = self._moved(place, at)
        costs = [moved(steps * epsilon) if steps else self.cost for steps in (-2, -1, 0, 1, 2)]
        analytic = float(self.gradients[at])
        numeric = (8 * (costs[3] - costs[1]) - (costs[4] - costs[0])) / (12 * epsilon)
        scale = max(abs(analytic) + abs(numeric), FLOOR * max(1.0, abs(self.cost)))
        error = abs(analytic - numeric)
        if error > threshold(epsilon) * scale and _bends(costs, epsilon) >= error:
            return None
        return Compared(place, analytic, numeric, error / scale)

    def _moved(self, place: Place, at: int) -> Callable[[float], float]:
        """Return the loss as a function of a change of the parameter, which is undone after each call."""
        placed, parameters = self.network.layers[place.layer], self.network.parameters
        A_before = self._before(self.buffers.layers, place.layer)
        Z = self.buffers.layers[place.layer].get("Z")
        layers = [*self.buffers.layers[: place.layer], *self.other[place.layer :]]
        io = layers[place.layer]

        def cost(step: float) -> float:
            original = parameters[at]
            parameters[at] = original + step
            if isinstance(placed.layer, Dense) and Z is not None:
                factor = A_before[:, place.index[0]] if place.name == "weights" else 1.0
                io["Z"][...] = Z
                io["Z"][:, place.index[-1]] += step * factor
                placed.layer.activation.activate(io["Z"], io["A"])
            else:
                placed.layer.forward(placed.values, A_before, io, TRAINING, place.layer)
            found = self._pass_behind(place.layer, layers)
            parameters[at] = original
            return found

        return cost

    def _pass_behind(self, layer: int, layers: list[Views]) -> float:
        for placed in self.network.layers[layer + 1 :]:
            io = layers[placed.index]
            placed.layer.forward(placed.values, self._before(layers, placed.index), io, TRAINING, placed.index)
        return self._cost(layers[-1]["A"])

    def _before(self, layers: list[Views], layer: int) -> FloatArray:
        return layers[layer - 1]["A"] if layer else self.buffers.X

    def _cost(self, outputs: FloatArray) -> float:
        return self.loss.total(outputs, self.buffers.T, self.weights) / self.normaliser
