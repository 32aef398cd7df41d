"""The dense layer: the equations of Nielsen's chapter 2."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.activations import Activation, Linear
from service.backprop.arrays import FloatArray
from service.backprop.initializers import GlorotUniform, Initializer, Zeros
from service.backprop.layers.base import LAYERS, ROWS, Layer, Moment, Shapes, Views
from service.backprop.randomness import Purpose, generator
from service.backprop.registry import setting


@LAYERS.register
@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Every unit is joined to every output of the layer before it: Z = A @ weights + biases, then the activation."""

    name: ClassVar[str] = "dense"
    regularized: ClassVar[tuple[str, ...]] = ("weights",)
    units: int = setting(minimum=1, maximum=2**31 - 1)
    activation: Activation = setting(Linear())
    initializer: Initializer = setting(GlorotUniform())
    bias_initializer: Initializer = setting(Zeros())
    weights: FloatArray | None = setting(None, dimensions=2, doc="inputs x units, in place of `initializer`")
    biases: FloatArray | None = setting(None, dimensions=1, doc="one a unit, in place of `bias_initializer`")

    def __post_init__(self) -> None:
        if self.biases is not None and self.biases.shape != (self.units,):
            raise ValueError(f"`biases` must have {self.units} entries, one a unit, got {len(self.biases)}")
        if self.weights is not None and self.weights.shape[1:] != (self.units,):
            raise ValueError(
                f"each row of `weights` must have {self.units} entries, one a unit, got {self.weights.shape[1]}"
            )

    def misfit(self, inputs: int) -> tuple[str, str] | None:
        if self.weights is None or len(self.weights) == inputs:
            return None
        return "weights", f"must have {inputs} rows, one an input of the layer, got {len(self.weights)}"

    def units_after(self, inputs: int) -> int:
        return self.units

    def parameter_shapes(self, inputs: int) -> Shapes:
        return {"weights": (inputs, self.units), "biases": (self.units,)}

    def buffer_shapes(self, inputs: int) -> Shapes:
        return {"Z": (ROWS, self.units), "scratch": (ROWS, self.units)}

    def initialize(self, values: Views, inputs: int, seed: int, index: int) -> None:
        given = (self.weights, self.biases)
        initializers = (self.initializer, self.bias_initializer)
        for part, (name, array, initializer) in enumerate(zip(("weights", "biases"), given, initializers, strict=True)):
            if array is None:
                random = generator(seed, Purpose.PARAMETERS, index, part)
                array = initializer.draw(random, values[name].shape, inputs, self.units)
            values[name][...] = array

    def forward(self, values: Views, A_before: FloatArray, io: Views, moment: Moment, index: int) -> None:
        Z = io["Z"]
        np.matmul(A_before, values["weights"], out=Z)
        np.add(Z, values["biases"], out=Z)
        self.activation.activate(Z, io["A"])

    def backward(
        self,
        values: Views,
        A_before: FloatArray,
        io: Views,
        gradients: Views,
        dA_before: FloatArray | None,
        simplified: bool,
    ) -> None:
        delta = io["delta"]
        if not simplified:
            self.activation.backward(io["Z"], io["A"], delta, io["scratch"])  # BP1, BP2: delta = dC/da * f'(z)
        np.add.reduce(delta, axis=0, out=gradients["biases"])  # BP3: dC/db = delta
        np.matmul(A_before.T, delta, out=gradients["weights"])  # BP4: dC/dw = a_in delta_out
        if dA_before is not None:
            np.matmul(delta, values["weights"].T, out=dA_before)  # BP2: dC/da of the layer before = delta @ W'

    def last_activation(self) -> Activation:
        return self.activation
