"""A feedforward network over one contiguous parameter vector, and the workspace its passes run in.

The vector holds, layer by layer, weights (inputs x units, row by row) and biases, and behind all of them the running
statistics. What is stored and hashed (`stored_bytes`) goes layer by layer: weights, biases, running statistics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.backprop.arrays import PRECISIONS, FloatArray, aligned_zeros
from service.backprop.layers.base import EVALUATION, ROWS, Layer, Moment, Shapes, Views
from service.backprop.losses import Loss

PREDICT_ROWS = 1024  # rows a prediction takes at a time, so that its memory does not grow with the request


class PlacedLayer:
    """One layer of a network: its settings, its sizes, and views of the network's vector, never copies."""

    def __init__(self, index: int, layer: Layer, inputs: int, offset: int) -> None:
        self.index, self.layer, self.inputs, self.offset = index, layer, inputs, offset
        self.units = layer.units_after(inputs)
        self.shapes = layer.parameter_shapes(inputs)
        self.statistic_shapes = layer.statistic_shapes(inputs)
        self.size = size_of(self.shapes)
        self.values: Views = {}

    def views(self, vector: FloatArray) -> Views:
        """This layer's part of a vector laid out as the network's parameters are."""
        return _views(vector, self.offset, self.shapes)

    def stored_shapes(self) -> Shapes:
        """Its arrays' shapes by name, in the order they are stored."""
        return {**self.shapes, **self.statistic_shapes}


def size_of(shapes: Shapes) -> int:
    """Entries of arrays of these shapes, by arithmetic."""
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
    """`vector` holds everything: `parameters`, which are trained, then `statistics`. Sharing one to read is safe."""

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
        """Draw every parameter; the same seed gives the same parameters."""
        for placed in self.layers:
            placed.layer.initialize(placed.values, placed.inputs, seed, placed.index)

    def stored_bytes(self) -> bytes:
        """Everything as it is stored and hashed: little-endian, layer by layer weights, biases, running statistics."""
        if not self.statistics.size:
            return self.vector.tobytes()
        return b"".join(array.tobytes() for placed in self.layers for array in placed.values.values())

    def stored_vector(self) -> FloatArray:
        """Return what `stored_bytes` holds as an array: a view of `vector`, or a copy where there are statistics."""
        if not self.statistics.size:
            return self.vector
        return np.frombuffer(self.stored_bytes(), dtype=self.dtype)

    def load(self, data: bytes) -> None:
        """Set everything from the bytes that `stored_bytes` returned."""
        stored = np.frombuffer(data, dtype=self.dtype)
        at = 0
        for placed in self.layers:
            for array in placed.values.values():
                array[...] = stored[at : at + array.size].reshape(array.shape)
                at += array.size

    def couples_rows(self) -> bool:
        """Return whether a row's outputs depend on the other rows of its batch, which then must stay whole."""
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
    """Views into a workspace for exactly `rows` rows: inputs X, targets Y, and for each layer A, delta and its own."""

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
    """Every array of a forward pass, allocated once for up to `rows` rows; with `gradients` also of a backward pass.

    `T` holds the loss's targets where they are not the rows' own targets `Y`.
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
        """Return the views for `rows` rows, made once for each number of rows that occurs."""
        if rows not in self._sized:
            self._sized[rows] = Buffers(self, rows)
        return self._sized[rows]


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
    """Do a forward pass, layer by layer; return the outputs (rows, outputs), which are the last layer's A."""
    A = buffers.X
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
    """Compute the loss's gradient into `workspace.gradients`, from the last layer back to the first (BP1 to BP4).

    `buffers` hold a forward pass of some rows of a batch. The batch's loss is the rows' losses, each times its weight
    (rows,) if there are any, over `normaliser`.
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
