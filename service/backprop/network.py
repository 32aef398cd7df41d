"""A feedforward network with one contiguous vector of parameters, and the workspace of its passes.

The vector holds the weights (inputs x units, row by row) and biases of each layer, followed by all running statistics.
The stored and hashed form (`stored_bytes`) has a different order: weights, biases and running statistics of each layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.backprop.arrays import PRECISIONS, FloatArray, aligned_zeros
from service.backprop.layers.base import EVALUATION, ROWS, Layer, Moment, Shapes, Views
from service.backprop.losses import Loss

MOST_SIZES = 16  # numbers of rows whose views a workspace caches; training has two or three
PREDICT_ROWS = 1024  # rows in one pass of a prediction, so that its memory does not grow with the request


class PlacedLayer:
    """One layer of a network: its settings, its sizes, and its parameters as views of the network's vector."""

    def __init__(self, index: int, layer: Layer, inputs: int, offset: int) -> None:
        self.index, self.layer, self.inputs, self.offset = index, layer, inputs, offset
        self.units = layer.units_after(inputs)
        self.shapes = layer.parameter_shapes(inputs)
        self.statistic_shapes = layer.statistic_shapes(inputs)
        self.size = size_of(self.shapes)
        self.values: Views = {}

    def views(self, vector: FloatArray) -> Views:
        """Return views of this layer's part of a vector that is laid out like the network's parameters."""
        return _views(vector, self.offset, self.shapes)

    def stored_shapes(self) -> Shapes:
        """Return the shapes of the layer's arrays by name, in the order in which they are stored."""
        return {**self.shapes, **self.statistic_shapes}


def size_of(shapes: Shapes) -> int:
    """Return the number of entries in arrays of these shapes."""
    total = 0
    for shape in shapes.values():
        size = 1
        for length in shape:
            size *= length
        total += size
    return total


def _views(vector: FloatArray, offset: int, shapes: Shapes) -> Views:
    views: Views = {}
    for name, shape in shapes.items():
        size = size_of({name: shape})
        views[name] = vector[offset : offset + size].reshape(shape)
        offset += size
    return views


class Network:
    """A feedforward network.

    Threads may share a network that none of them changes.

    Parameters
    ----------
    inputs
        The number of values in a row of input.
    layers
        The settings of the layers, in order.
    precision
        `float32` or `float64`.

    Attributes
    ----------
    vector
        Parameters and statistics together, 0 until `initialize` or `load` is called.
    parameters
        The trained part of `vector`, as a view.
    statistics
        Running statistics of normalizations, the rest of `vector`, as a view.
    outputs
        The units of the last layer.
    """

    def __init__(self, inputs: int, layers: Sequence[Layer], precision: str = "float32") -> None:
        self.inputs = inputs
        self.dtype: np.dtype[Any] = PRECISIONS[precision]
        self.layers: list[PlacedLayer] = []
        offset, before = 0, inputs
        for index, layer in enumerate(layers):
            placed = PlacedLayer(index, layer, before, offset)
            self.layers.append(placed)
            offset, before = offset + placed.size, placed.units
        self.outputs = before
        statistics = sum(size_of(layer.statistic_shapes) for layer in self.layers)
        self.vector = aligned_zeros(offset + statistics, self.dtype)
        self.parameters, self.statistics = self.vector[:offset], self.vector[offset:]
        for placed in self.layers:
            placed.values = placed.views(self.vector) | _views(self.vector, offset, placed.statistic_shapes)
            offset += size_of(placed.statistic_shapes)

    def initialize(self, seed: int) -> None:
        """Draw all parameters; the same seed gives the same parameters."""
        for placed in self.layers:
            placed.layer.initialize(placed.values, placed.inputs, seed, placed.index)

    def stored_bytes(self) -> bytes:
        """Return the bytes that are stored and hashed: little-endian weights, biases, statistics of each layer."""
        if not self.statistics.size:
            return self.vector.tobytes()
        return b"".join(array.tobytes() for placed in self.layers for array in placed.values.values())

    def stored_vector(self) -> FloatArray:
        """Return the numbers of `stored_bytes` as an array: a view of `vector`, or a copy if there are statistics."""
        if not self.statistics.size:
            return self.vector
        return np.frombuffer(self.stored_bytes(), dtype=self.dtype)

    def load(self, data: bytes) -> None:
        """Set parameters and statistics from bytes that `stored_bytes` has returned."""
        stored = np.frombuffer(data, dtype=self.dtype)
        at = 0
        for placed in self.layers:
            for array in placed.values.values():
                array[...] = stored[at : at + array.size].reshape(array.shape)
                at += array.size

    def couples_rows(self) -> bool:
        """Return whether a row's outputs in training depend on the other rows of its batch, which must not be split."""
        return any(placed.layer.couples_rows for placed in self.layers)

    def predict(self, X: FloatArray) -> FloatArray:
        """Return outputs (rows, outputs) for inputs (rows, inputs)."""
        outputs = np.empty((len(X), self.outputs), dtype=self.dtype)
        workspace = Workspace(self, min(len(X), PREDICT_ROWS))
        with np.errstate(all="ignore"):
            for start in range(0, len(X), PREDICT_ROWS):
                rows = X[start : start + PREDICT_ROWS]
                buffers = workspace.sized(len(rows))
                buffers.X[...] = rows
                outputs[start : start + len(rows)] = forward(self, buffers)
        return outputs


class Buffers:
    """Views of a workspace for exactly `rows` rows.

    Attributes
    ----------
    X, Y : (rows, inputs), (rows, outputs)
        Inputs and targets of the rows.
    T : (rows, outputs)
        The loss's targets, which are Y unless the workspace has targets of its own.
    layers
        The arrays of each layer by name: activations `A` (rows, units), errors `delta` (rows, units) if there are
        gradients, and those of the layer's `buffer_shapes`.
    outputs : (rows, outputs)
        The `A` of the last layer.
    """

    def __init__(self, workspace: "Workspace", rows: int) -> None:
        self.rows = rows
        self.X = workspace.X[:rows]
        self.Y = workspace.Y[:rows]
        self.T = self.Y if workspace.T is None else workspace.T[:rows]
        self.layers = [
            {name: array[:rows] if by_rows else array for name, (array, by_rows) in arrays.items()}
            for arrays in workspace.layers
        ]
        self.outputs = self.layers[-1]["A"]


class Workspace:
    """The arrays of a forward pass, allocated once for up to `rows` rows; with `gradients` also of a backward pass.

    With `own_targets`, `T` holds the targets of the loss, which then differ from the rows' targets `Y`.
    """

    def __init__(self, network: Network, rows: int, gradients: bool = False, own_targets: bool = False) -> None:
        self.X: FloatArray = np.empty((rows, network.inputs), dtype=network.dtype)
        self.Y: FloatArray = np.empty((rows, network.outputs), dtype=network.dtype)
        self.T: FloatArray | None = np.empty_like(self.Y) if own_targets else None
        self.layers = [_arrays(placed, rows, network.dtype, gradients) for placed in network.layers]
        self.gradients: FloatArray = np.zeros(network.parameters.size if gradients else 0, dtype=network.dtype)
        self.views = [placed.views(self.gradients) for placed in network.layers] if gradients else []
        self._sized: dict[int, Buffers] = {}

    def take(self, network: Network, gradients: FloatArray) -> None:
        """Use another vector for the gradients."""
        self.gradients = gradients
        self.views = [placed.views(gradients) for placed in network.layers]

    def sized(self, rows: int) -> Buffers:
        """Return the views for `rows` rows; those of the last few numbers of rows are cached."""
        sized = self._sized.get(rows)
        if sized is None:
            if len(self._sized) >= MOST_SIZES:
                self._sized.clear()
            sized = self._sized[rows] = Buffers(self, rows)
        return sized


def _arrays(
    placed: PlacedLayer, rows: int, dtype: np.dtype[Any], gradients: bool
) -> dict[str, tuple[FloatArray, bool]]:
    """Return a layer's buffers, and for each whether its first axis is the rows."""
    shapes: Shapes = {"A": (ROWS, placed.units), **placed.layer.buffer_shapes(placed.inputs)}
    if gradients:
        shapes["delta"] = (ROWS, placed.units)
    return {
        name: (np.empty(tuple(rows if length == ROWS else length for length in shape), dtype=dtype), shape[0] == ROWS)
        for name, shape in shapes.items()
    }


def forward(network: Network, buffers: Buffers, moment: Moment = EVALUATION) -> FloatArray:
    """Do a forward pass over `buffers.X`; return the outputs (rows, outputs), which are the last layer's A."""
    return forward_from(buffers.X, network, buffers, moment)


def forward_from(X: FloatArray, network: Network, buffers: Buffers, moment: Moment = EVALUATION) -> FloatArray:
    """Do a forward pass over other inputs (rows, inputs) than those of the buffers."""
    A = X
    for placed, io in zip(network.layers, buffers.layers, strict=True):
        placed.layer.forward(placed.values, A, io, moment, placed.index)
        A = io["A"]
    return A


def backward(
    network: Network,
    workspace: Workspace,
    buffers: Buffers,
    loss: Loss,
    normaliser: float,
    weights: FloatArray | None = None,
) -> None:
    """Compute the gradient of the loss from the last layer back to the first (BP1 to BP4).

    Parameters
    ----------
    workspace
        Its `gradients` (parameters,) are overwritten with the result.
    buffers
        The arrays of a forward pass over some rows of a batch.
    normaliser
        The loss of the batch is the weighted sum of its rows' losses divided by this number.
    weights : (rows,)
        The weights of the rows; None for 1.
    """
    simplified = output_error(network, buffers, loss, normaliser, weights)
    for placed in reversed(network.layers):
        index = placed.index
        A_before = buffers.layers[index - 1]["A"] if index else buffers.X
        dA_before = buffers.layers[index - 1]["delta"] if index else None
        io, gradients = buffers.layers[index], workspace.views[index]
        placed.layer.backward(placed.values, A_before, io, gradients, dA_before, simplified)
        simplified = False


def output_error(network: Network, buffers: Buffers, loss: Loss, normaliser: float, weights: FloatArray | None) -> bool:
    """Compute dC/da of the output layer (BP1), or dC/dz for a matched pair; return whether it is dC/dz."""
    delta = buffers.layers[-1]["delta"]
    activation = network.layers[-1].layer.last_activation()
    simplified = activation is not None and loss.matched == activation.name
    if simplified:
        loss.matched_delta(buffers.outputs, buffers.T, delta)
    else:
        loss.gradient(buffers.outputs, buffers.T, delta)
    if weights is None:
        np.divide(delta, normaliser, out=delta)
    else:
        np.multiply(delta, (weights / normaliser)[:, None], out=delta, casting="same_kind")
    return simplified
