"""The loss as a function of one or two parameters, all others fixed: a slope with its tangent, and a surface.

A weight of a dense layer changes the weighted input of one unit, so only that unit, its contribution to the next layer,
and the layers after that are computed again for each value.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from service.backprop.activations import Softmax
from service.backprop.arrays import FloatArray
from service.backprop.inspection.float64_copy import copy_for
from service.backprop.inspection.parameter_index import Place, position
from service.backprop.layers import Dense
from service.backprop.layers.base import EVALUATION, Views
from service.backprop.network import Network, PlacedLayer, Workspace, backward, forward
from service.backprop.training.row_weights import Weighing

CHUNK_NUMBERS = 1 << 18  # entries of an array that are computed at a time, to fit the processor's cache
UNIT_COST = 60  # the cost of activation and loss for one unit, in multiplications


def row_cost(network: Network, layer: int, points: int) -> int:
    """Return the multiplications per row for a forward and backward pass and `points` values of a parameter."""
    by_layer = [placed.size + UNIT_COST * placed.units for placed in network.layers]
    behind = sum(by_layer[layer + 1 :]) + UNIT_COST * network.outputs
    skipped = network.layers[layer + 1].size if layer + 1 < len(network.layers) else 0
    return 3 * sum(by_layer) + points * max(1, behind - skipped * isinstance(network.layers[layer].layer, Dense))


def row_numbers(network: Network) -> int:
    """Return how many numbers a row occupies in memory."""
    return network.inputs + 8 * sum(placed.units for placed in network.layers)


class Landscape:
    """The loss on some rows, in evaluation mode, as a function of the parameters around those of a network.

    Parameters
    ----------
    network
        It is copied, not changed.
    X, Y : (rows, inputs), (rows, outputs)
        The rows.
    samples : (rows,)
        Their weights; None for 1.

    Attributes
    ----------
    loss
        The loss at the network's parameters.
    gradients : (parameters,)
        Its gradient there; `workspace.gradients` holds a copy, for an optimizer's step.
    """

    def __init__(
        self, network: Network, weighing: Weighing, X: FloatArray, Y: FloatArray, samples: FloatArray | None
    ) -> None:
        self.network = copy_for(network, by_running_statistics=True)
        self.weighing, self.count = weighing, len(X)
        self.workspace = Workspace(self.network, len(X), gradients=True, own_targets=weighing.own_targets)
        self.buffers = self.workspace.sized(len(X))
        self.buffers.X[...], self.buffers.Y[...] = X, Y
        self.T = self.buffers.T
        self.weights, normaliser = weighing.weigh(self.buffers, samples)
        self.normaliser = normaliser or 1.0
        with np.errstate(all="ignore"):
            outputs = forward(self.network, self.buffers)
            self.loss = float(self._losses(outputs)[0])
            for io in self.buffers.layers:
                if "mask" in io:
                    io["mask"].fill(1.0)
            backward(self.network, self.workspace, self.buffers, weighing.loss, self.normaliser, self.weights)
        self.gradients = self.workspace.gradients.copy()

    def value(self, place: Place) -> float:
        """Return the network's value of a parameter."""
        return float(self.network.parameters[position(self.network, place)])

    def gradient(self, place: Place) -> float:
        """Return the derivative of the loss by a parameter."""
        return float(self.gradients[position(self.network, place)])

    def along(self, place: Place, values: FloatArray) -> FloatArray:
        """Return the loss (points,) at `values` (points,) of one parameter."""
        with np.errstate(all="ignore"):
            return self._along(self.buffers.layers, place, values)

    def over(self, x: Place, y: Place, xs: FloatArray, ys: FloatArray) -> FloatArray:
        """Return the loss (len(xs), len(ys)) on the grid of the values of two parameters."""
        if x.layer > y.layer:
            return self.over(y, x, ys, xs).T
        return np.array([row for row in self._rows_over(x, y, xs, [ys] * len(xs))])

    def at(self, x: Place, y: Place, pairs: Sequence[tuple[float, float]]) -> FloatArray:
        """Return the loss (pairs,) at pairs of values of two parameters."""
        if x.layer > y.layer:
            return self.at(y, x, [(b, a) for a, b in pairs])
        xs = np.array([a for a, _ in pairs])
        rows = self._rows_over(x, y, xs, [np.array([b]) for _, b in pairs])
        return np.array([row[0] for row in rows])

    def _rows_over(self, x: Place, y: Place, xs: FloatArray, ys: Sequence[FloatArray]) -> Iterator[FloatArray]:
        """Yield the losses at values of y for each value of x; the layer of y must not precede that of x."""
        parameters, at = self.network.parameters, position(self.network, x)
        original, other = parameters[at], Workspace(self.network, self.count).sized(self.count).layers
        layers = [*self.buffers.layers[: x.layer], *other[x.layer :]]
        try:
            with np.errstate(all="ignore"):
                for value, along in zip(xs, ys, strict=True):
                    parameters[at] = value
                    self._pass_from(x, value - original, layers)
                    yield self._along(layers, y, along)
        finally:
            parameters[at] = original

    def _pass_from(self, x: Place, moved: float, layers: list[Views]) -> None:
        """Do a forward pass from the layer of x on into `layers`, with x changed by `moved`."""
        for placed in self.network.layers[x.layer :]:
            io, A_before = layers[placed.index], self._before(layers, placed)
            if placed.index == x.layer and isinstance(placed.layer, Dense):
                io["Z"][...] = self.buffers.layers[x.layer]["Z"]
                io["Z"][:, x.index[-1]] += moved * _factor(x, A_before)
                placed.layer.activation.activate(io["Z"], io["A"])
            else:
                placed.layer.forward(placed.values, A_before, io, EVALUATION, placed.index)

    def _before(self, layers: list[Views], placed: PlacedLayer) -> FloatArray:
        return layers[placed.index - 1]["A"] if placed.index else self.buffers.X

    def _along(self, layers: list[Views], place: Place, values: FloatArray) -> FloatArray:
        placed = self.network.layers[place.layer]
        widest = max(behind.units for behind in self.network.layers[place.layer :])
        step = max(1, CHUNK_NUMBERS // (self.count * widest))
        rests: dict[int, _Rest] = {}
        losses = []
        for start in range(0, len(values), step):
            chunk = values[start : start + step]
            A, following = self._moved(layers, place, placed, chunk)
            if following not in rests:
                rests[following] = _Rest(self.network, following, step * self.count)
            losses.append(self._losses(rests[following].outputs(A)))
        return np.concatenate(losses)

    def _moved(
        self, layers: list[Views], place: Place, placed: PlacedLayer, values: FloatArray
    ) -> tuple[FloatArray, int]:
        """Return the activations (points x rows, units) for each value, and the index of the layer after them."""
        layer, io, index = placed.layer, layers[place.layer], place.layer + 1
        if not isinstance(layer, Dense):
            return self._recomputed(layers, place, placed, values), index
        unit = place.index[-1]
        moves = (values - self.value(place))[:, None] * _factor(place, self._before(layers, placed))
        if isinstance(layer.activation, Softmax):
            Z = np.repeat(io["Z"][None], len(values), axis=0)
            Z[:, :, unit] += moves
            Z = Z.reshape(-1, placed.units)
            A = np.empty_like(Z)
            layer.activation.activate(Z, A)
            return A, index
        Z = io["Z"][:, unit] + moves  # (points, rows)
        of_unit = np.empty_like(Z)
        layer.activation.activate(Z, of_unit)
        if index < len(self.network.layers):
            behind = self.network.layers[index].layer
            if isinstance(behind, Dense):
                weights = self.network.layers[index].values["weights"][unit]
                Z = layers[index]["Z"] + (of_unit - io["A"][:, unit])[:, :, None] * weights
                Z = Z.reshape(-1, behind.units)
                A = np.empty_like(Z)
                behind.activation.activate(Z, A)
                return A, index + 1
        A = np.repeat(io["A"][None], len(values), axis=0)
        A[:, :, unit] = of_unit
        return A.reshape(-1, placed.units), index

    def _recomputed(self, layers: list[Views], place: Place, placed: PlacedLayer, values: FloatArray) -> FloatArray:
        """Return the activations of a layer that is not dense for each value, computed by the layer itself."""
        parameters, at = self.network.parameters, position(self.network, place)
        original, io = parameters[at], {name: array.copy() for name, array in layers[place.layer].items()}
        A = np.empty((len(values), self.count, placed.units))
        try:
            for point, value in enumerate(values):
                parameters[at] = value
                placed.layer.forward(placed.values, self._before(layers, placed), io, EVALUATION, placed.index)
                A[point] = io["A"]
        finally:
            parameters[at] = original
        return A.reshape(-1, placed.units)

    def _losses(self, outputs: FloatArray) -> FloatArray:
        """Return the loss (points,) of each repetition of the rows in `outputs` (points x rows, outputs)."""
        points = len(outputs) // self.count
        T = self.T if points == 1 else np.tile(self.T, (points, 1))
        by_row = self.weighing.loss.rows(outputs, T).reshape(points, self.count)
        return np.asarray((by_row.sum(axis=1) if self.weights is None else by_row @ self.weights) / self.normaliser)


class _Rest:
    """The layers from `first` on as a network of their own, with buffers for `rows` rows."""

    def __init__(self, network: Network, first: int, rows: int) -> None:
        layers = [placed.layer for placed in network.layers[first:]]
        self.network: Network | None = None
        if layers:
            self.network = Network(network.layers[first - 1].units, layers, "float64")
            for mine, theirs in zip(self.network.layers, network.layers[first:], strict=True):
                for name, array in theirs.values.items():
                    mine.values[name][...] = array
            self.workspace = Workspace(self.network, rows)

    def outputs(self, A: FloatArray) -> FloatArray:
        if self.network is None:
            return A
        buffers = self.workspace.sized(len(A))
        buffers.X[...] = A
        return forward(self.network, buffers)


def _factor(place: Place, A_before: FloatArray) -> FloatArray | float:
    """Return the factor of a parameter in the weighted input of a dense layer: an input (rows,), or 1 for a bias."""
    return A_before[:, place.index[0]] if place.name == "weights" else np.ones(len(A_before))
