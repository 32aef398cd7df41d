"""Layers: what one is made of (a definition), and what it does to a batch (its work).

Owns the registry LAYERS. Imports NumPy, activations, initializers and randomness. A definition says the shapes of its
parameters and makes its work; a work object has every array it needs as a view made beforehand, so that a step is
nothing but the equations.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.backprop.activations import Activation, Linear
from service.backprop.arrays import FloatArray, Scratch, quiet
from service.backprop.initializers import GlorotUniform, Initializer, Zeros
from service.backprop.randomness import Purpose, generator
from service.backprop.registry import Registry, setting
from service.errors import Invalid

Arrays = Mapping[str, FloatArray]


class LayerWork(ABC):
    """One layer at work on a fixed number of rows.

    `X` (n_samples, inputs) is the activations of the layer before, `Z` the weighted inputs, `A` = sigma(Z) and `delta`
    (n_samples, units) first dC/da, then dC/dz in its place. `delta` is None where nothing is learnt.
    """

    X: FloatArray
    Z: FloatArray
    A: FloatArray
    delta: FloatArray | None
    activation: Activation
    scratch: Scratch

    @abstractmethod
    def forward(self) -> None:
        """From X to Z and A."""

    @abstractmethod
    def differentiate(self) -> None:
        """From dC/da to dC/dz, both in `delta`: the factor sigma'(z) of BP1 and BP2."""

    @abstractmethod
    def find_gradients(self) -> None:
        """Write the partial derivatives of the layer's parameters: BP3 and BP4."""

    @abstractmethod
    def propagate(self, dA: FloatArray) -> None:
        """Write dC/da of the layer before, from this layer's delta: the other factor of BP2."""


class Layer(ABC):
    """A layer's definition."""

    name: ClassVar[str]

    @abstractmethod
    def outputs(self, inputs: int) -> int:
        """Units, for that many inputs."""

    @abstractmethod
    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """The parameters' names and shapes, in the order in which they stand in the vector."""

    @abstractmethod
    def check(self, inputs: int, index: int) -> None:
        """Raise `Invalid` when the layer cannot take that many inputs."""

    @abstractmethod
    def initialize(self, parameters: Arrays, seed: int, index: int) -> None:
        """Fill the parameters of layer number `index`: drawn from (seed, index), or as given."""

    @abstractmethod
    def buffers(self, inputs: int, rows: int, dtype: np.dtype[np.floating], learning: bool) -> dict[str, FloatArray]:
        """Every array its work needs beside parameters and gradients, `rows` long."""

    @abstractmethod
    def work(self, parameters: Arrays, gradients: Arrays | None, X: FloatArray, buffers: Arrays) -> LayerWork:
        """The layer at work on the rows of X; gradients are None where nothing is learnt."""


LAYERS: Registry[Layer] = Registry("layer")


class DenseWork(LayerWork):
    """The equations of a dense layer."""

    def __init__(
        self, activation: Activation, parameters: Arrays, gradients: Arrays | None, X: FloatArray, buffers: Arrays
    ) -> None:
        self.activation = activation
        self.X, self.XT = X, X.T
        self.Z, self.A = buffers["Z"], buffers["A"]
        self.W, self.b = parameters["weights"], parameters["biases"]
        self.scratch = Scratch(buffers["full"], buffers["spare"], buffers["column"])
        self.delta = None
        if gradients is not None:
            self.delta = buffers["delta"]
            self.WT = self.W.T
            self.dW, self.db = gradients["weights"], gradients["biases"]

    def forward(self) -> None:
        np.matmul(self.X, self.W, out=self.Z)  # Z = X W
        np.add(self.Z, self.b, out=self.Z)  # Z = X W + b
        self.activation.forward(self.Z, self.A, self.scratch)  # A = sigma(Z)

    def differentiate(self) -> None:
        assert self.delta is not None
        self.activation.backward(self.Z, self.A, self.delta, self.scratch)  # BP1, BP2: delta = dC/da * sigma'(z)

    def find_gradients(self) -> None:
        assert self.delta is not None
        np.add.reduce(self.delta, axis=0, out=self.db)  # BP3: dC/db = delta
        np.matmul(self.XT, self.delta, out=self.dW)  # BP4: dC/dw = a_in delta_out

    def propagate(self, dA: FloatArray) -> None:
        assert self.delta is not None
        np.matmul(self.delta, self.WT, out=dA)  # BP2: dC/da of the layer before = delta W^T


@LAYERS.register
@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Every unit is joined to every input: Z = X @ weights + biases, A = activation(Z).

    `weights` (inputs, units) and `biases` (units,) are starting values in place of the initializers; they are copied.
    """

    name: ClassVar[str] = "dense"
    units: int = setting(1, minimum=1, doc="outputs of the layer")
    activation: Activation = setting(Linear(), doc="what turns weighted inputs into activations")
    initializer: Initializer = setting(GlorotUniform(), doc="of the weights")
    bias_initializer: Initializer = setting(Zeros(), doc="of the biases")
    weights: NDArray[np.floating] | None = None
    biases: NDArray[np.floating] | None = None

    def outputs(self, inputs: int) -> int:
        return self.units

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        return {"weights": (inputs, self.units), "biases": (self.units,)}

    def check(self, inputs: int, index: int) -> None:
        if self.units < 1:
            raise Invalid(f"layer {index}: units must be at least 1, got {self.units}")
        given = {"weights": self.weights, "biases": self.biases}
        for name, shape in self.shapes(inputs).items():
            values = given[name]
            if values is not None and np.shape(values) != shape:
                raise Invalid(f"layer {index}: {name} must be {shape}, got {np.shape(values)}")

    def initialize(self, parameters: Arrays, seed: int, index: int) -> None:
        fan_in, fan_out = parameters["weights"].shape
        plans = (("weights", self.weights, self.initializer), ("biases", self.biases, self.bias_initializer))
        for stream, (name, given, initializer) in enumerate(plans):
            if given is None:
                rng = generator(seed, Purpose.PARAMETERS, epoch=index, batch=stream)
                initializer.fill(rng, parameters[name], fan_in, fan_out)
            else:
                with quiet():
                    parameters[name][...] = given

    def buffers(self, inputs: int, rows: int, dtype: np.dtype[np.floating], learning: bool) -> dict[str, FloatArray]:
        names = ("Z", "A", "full", "spare", "delta") if learning else ("Z", "A", "full", "spare")
        arrays: dict[str, FloatArray] = {name: np.empty((rows, self.units), dtype) for name in names}
        return {**arrays, "column": np.empty((rows, 1), dtype)}

    def work(self, parameters: Arrays, gradients: Arrays | None, X: FloatArray, buffers: Arrays) -> LayerWork:
        return DenseWork(self.activation, parameters, gradients, X, buffers)
