"""A network: its layers over one contiguous vector of parameters.

Owns the layout of that vector: layer by layer, each layer's parameters in the order of its `shapes`, every one in C
order (a dense layer: weights (n_inputs, units), then biases). A gradient has the same layout. Imports NumPy, layers and
`service.errors`.
"""

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from service.backprop.arrays import FloatArray, Precision
from service.backprop.layers import Arrays, Layer
from service.errors import Invalid


def sizes(inputs: int, layers: Sequence[Layer]) -> Iterator[tuple[int, int]]:
    """Each layer's (inputs, number of parameters)."""
    for layer in layers:
        yield inputs, sum(prod(shape) for shape in layer.shapes(inputs).values())
        inputs = layer.outputs(inputs)


def count_parameters(inputs: int, layers: Sequence[Layer]) -> int:
    """How many numbers a network of these layers would have; arithmetic only, nothing is allocated."""
    return sum(count for _, count in sizes(inputs, layers))


class NetworkLayer:
    """A layer's place in a network: its definition, its inputs and outputs, and its parameters as views."""

    def __init__(self, definition: Layer, inputs: int, part: slice) -> None:
        self.definition = definition
        self.inputs = inputs
        self.outputs = definition.outputs(inputs)
        self.part = part
        """Where in the vector its parameters stand."""
        self.parameters: Arrays = {}

    def views(self, vector: FloatArray) -> dict[str, FloatArray]:
        """This layer's parameters within `vector`, which has the network's layout; nothing is copied."""
        found, start = {}, self.part.start
        for name, shape in self.definition.shapes(self.inputs).items():
            found[name] = vector[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        return found

    @property
    def weights(self) -> FloatArray:
        """(n_inputs, units)."""
        return self.parameters["weights"]

    @property
    def biases(self) -> FloatArray:
        """(units,)."""
        return self.parameters["biases"]


class Network:
    """A feedforward network; parameters are zero until `initialize`, or until they are written to `parameters`."""

    def __init__(self, inputs: int, layers: Sequence[Layer], dtype: Precision = "float32") -> None:
        if not layers or inputs < 1:
            raise Invalid(f"a network needs an input and a layer, got {inputs} inputs and {len(layers)} layers")
        self.inputs = inputs
        self.definitions = tuple(layers)
        self.dtype: np.dtype[np.floating] = np.dtype(dtype)
        placed, start = [], 0
        for index, (layer, (before, count)) in enumerate(zip(layers, sizes(inputs, layers), strict=True)):
            layer.check(before, index)
            placed.append(NetworkLayer(layer, before, slice(start, start + count)))
            start += count
        self.layers = tuple(placed)
        self.outputs = placed[-1].outputs
        self.parameters: FloatArray = np.zeros(start, self.dtype)
        for place in self.layers:
            place.parameters = place.views(self.parameters)

    def layer_parameters(self, index: int) -> dict[str, FloatArray]:
        """Views of one layer's parameters by name; writing to them changes the network."""
        return dict(self.layers[index].parameters)

    def initialize(self, seed: int) -> None:
        """Draw every layer's parameters from (seed, layer), or set those that its definition gives."""
        for index, place in enumerate(self.layers):
            place.definition.initialize(place.parameters, seed, index)

    def copy(self, dtype: Precision) -> "Network":
        """A network of its own with the same parameters, in that precision."""
        twin = Network(self.inputs, self.definitions, dtype)
        np.copyto(twin.parameters, self.parameters, casting="same_kind")
        return twin

    def predict(self, X: ArrayLike) -> FloatArray:
        """The outputs (n_samples, outputs) for inputs (n_samples, inputs) of any number type.

        Several threads may predict with one network: each call has its own buffers, a chunk of rows long.
        """
        from service.backprop.workspace import Workspace, chunk_rows

        source = np.asarray(X)
        if source.ndim != 2 or source.shape[1] != self.inputs:
            raise Invalid(f"inputs must be rows of {self.inputs} values, got shape {source.shape}")
        result: FloatArray = np.empty((len(source), self.outputs), self.dtype)
        rows = min(chunk_rows(self), max(len(source), 1))
        workspace = Workspace(self, rows)
        for start in range(0, len(source), rows):
            result[start : start + rows] = workspace.predict(source[start : start + rows])
        return result
