"""A feedforward network over one contiguous parameter vector, and the workspace its passes run in.

The vector holds, layer by layer, weights (inputs x units, row by row) and biases; `sha256` and stored bytes follow it.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from service.backprop.arrays import PRECISIONS, FloatArray
from service.backprop.layers import Dense, DenseStep
from service.backprop.losses import Loss

PREDICT_ROWS = 1024  # rows a prediction takes at a time, so that its memory does not grow with the request


class Network:
    """`parameters` is the vector; each of `layers` has views into it. Sharing one between readers is safe."""

    def __init__(self, inputs: int, layers: Sequence[Dense], precision: str = "float32") -> None:
        widths = [inputs, *(layer.units for layer in layers)]
        sizes = [(before + 1) * after for before, after in itertools.pairwise(widths)]
        self.inputs = inputs
        self.outputs = widths[-1]
        self.dtype: np.dtype[Any] = PRECISIONS[precision]
        self.parameters: FloatArray = np.zeros(sum(sizes), dtype=self.dtype)
        self.layers: list[DenseStep] = []
        offset = 0
        for layer, before, size in zip(layers, widths, sizes, strict=False):
            self.layers.append(DenseStep(layer, before, offset, self.parameters))
            offset += size

    def initialize(self, seed: int) -> None:
        """Draw every parameter; the same seed gives the same network."""
        for index, layer in enumerate(self.layers):
            layer.initialize(seed, index)

    def load(self, data: bytes) -> None:
        """Take parameters as stored: little-endian bytes of the whole vector."""
        self.parameters[...] = np.frombuffer(data, dtype=self.dtype)

    def predict(self, X: FloatArray) -> FloatArray:
        """Outputs (rows, outputs) for inputs (rows, inputs)."""
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
    """Views into a workspace for exactly `rows` rows: inputs X, targets Y, and Z, A, delta of each layer."""

    def __init__(self, workspace: "Workspace", rows: int) -> None:
        self.rows = rows
        self.X = workspace.X[:rows]
        self.Y = workspace.Y[:rows]
        self.Z = [Z[:rows] for Z in workspace.Z]
        self.A = [A[:rows] for A in workspace.A]
        self.delta = [delta[:rows] for delta in workspace.delta]
        self.scratch = [scratch[:rows] for scratch in workspace.scratch]


class Workspace:
    """Every array a pass needs, allocated once for up to `rows` rows; with `gradients`, also what going back needs."""

    def __init__(self, network: Network, rows: int, gradients: bool = False) -> None:
        def matrices() -> list[FloatArray]:
            return [np.empty((rows, layer.units), dtype=network.dtype) for layer in network.layers]

        self.X: FloatArray = np.empty((rows, network.inputs), dtype=network.dtype)
        self.Y: FloatArray = np.empty((rows, network.outputs), dtype=network.dtype)
        self.Z = matrices()
        self.A = matrices()
        self.delta = matrices() if gradients else []
        self.scratch = matrices() if gradients else []
        self.gradients: FloatArray = np.zeros(network.parameters.size if gradients else 0, dtype=network.dtype)
        self.views = [layer.views(self.gradients) for layer in network.layers] if gradients else []
        self._sized: dict[int, Buffers] = {}

    def sized(self, rows: int) -> Buffers:
        """The views for `rows` rows, made once for each number of rows that occurs."""
        if rows not in self._sized:
            self._sized[rows] = Buffers(self, rows)
        return self._sized[rows]


def forward(network: Network, buffers: Buffers) -> FloatArray:
    """The signal runs through input, hidden and output units; the outputs (rows, outputs) are the last A."""
    A = buffers.X
    for layer, Z, A_layer in zip(network.layers, buffers.Z, buffers.A, strict=True):
        layer.forward(A, Z, A_layer)
        A = A_layer
    return A


def backward(network: Network, workspace: Workspace, buffers: Buffers, loss: Loss, batch_rows: int) -> None:
    """The error's partial derivatives, from the last layer back; `workspace.gradients` holds them afterwards.

    `buffers` hold a forward pass of some rows of a batch of `batch_rows`, over which the loss is averaged.
    """
    last = len(network.layers) - 1
    output_delta(network.layers[last], buffers, loss, batch_rows)
    for index in range(last, -1, -1):
        layer, delta = network.layers[index], buffers.delta[index]
        A_before = buffers.A[index - 1] if index else buffers.X
        layer.gradients(A_before, delta, *workspace.views[index])  # BP3, BP4
        if index:
            before = network.layers[index - 1]
            layer.backward_through(delta, buffers.delta[index - 1])  # BP2: delta_in = (delta_out @ W') * f'(z)
            before.activation.backward(A_before, buffers.delta[index - 1], buffers.scratch[index - 1])


def output_delta(layer: DenseStep, buffers: Buffers, loss: Loss, batch_rows: int) -> None:
    """BP1: delta = dC/da * f'(z) of the output layer; for a matched pair in its simplified form."""
    A, delta = buffers.A[-1], buffers.delta[-1]
    if loss.matched == layer.activation.name:
        loss.matched_delta(A, buffers.Y, batch_rows, delta)
        return
    loss.gradient(A, buffers.Y, batch_rows, delta)
    layer.activation.backward(A, delta, buffers.scratch[-1])
