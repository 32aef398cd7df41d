"""Layers. A layer owns views into the network's parameter vector and the equations of its step forward and back."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from service.backprop.activations import ACTIVATIONS, Activation
from service.backprop.arrays import FloatArray
from service.backprop.initializers import INITIALIZERS, Initializer
from service.backprop.randomness import Purpose, generator


@dataclass(frozen=True)
class Dense:
    """Settings of a layer in which every unit is joined to every input: Z = A @ W + b, A = f(Z).

    `weights` (inputs, units) and `biases` (units,) stand in place of the initializers when given.
    """

    name: ClassVar[str] = "dense"
    units: int
    activation: Activation = field(default_factory=lambda: ACTIVATIONS["linear"]())
    initializer: Initializer = field(default_factory=lambda: INITIALIZERS["glorot_uniform"]())
    bias_initializer: Initializer = field(default_factory=lambda: INITIALIZERS["zeros"]())
    weights: FloatArray | None = None
    biases: FloatArray | None = None


class DenseStep:
    """One dense layer of one network. `weights` (inputs, units) and `biases` (units,) are views, never copies."""

    def __init__(self, settings: Dense, inputs: int, offset: int, parameters: FloatArray) -> None:
        self.settings = settings
        self.inputs = inputs
        self.units = settings.units
        self.activation = settings.activation
        self.offset = offset
        self.size = (inputs + 1) * self.units
        self.weights, self.biases = self.views(parameters)

    def views(self, vector: FloatArray) -> tuple[FloatArray, FloatArray]:
        """This layer's weights and biases in a vector laid out as the network's parameters are."""
        end = self.offset + self.inputs * self.units
        weights = vector[self.offset : end].reshape(self.inputs, self.units)
        return weights, vector[end : self.offset + self.size]

    def initialize(self, seed: int, index: int) -> None:
        """Draw (or take the given) weights and biases: a pure function of `seed` and the layer's `index`."""
        settings = self.settings
        parts = (
            (self.weights, settings.weights, settings.initializer),
            (self.biases, settings.biases, settings.bias_initializer),
        )
        for part, (view, given, initializer) in enumerate(parts):
            if given is not None:
                view[...] = given
            else:
                random = generator(seed, Purpose.PARAMETERS, index, part)
                view[...] = initializer.draw(random, view.shape, self.inputs, self.units)

    def forward(self, A_before: FloatArray, Z: FloatArray, A: FloatArray) -> None:
        """The signal, one layer on. Shapes (rows, inputs) to (rows, units)."""
        np.matmul(A_before, self.weights, out=Z)
        np.add(Z, self.biases, out=Z)
        self.activation.activate(Z, A)

    def backward_through(self, delta: FloatArray, dA_before: FloatArray) -> None:
        """The error, one layer back: the first half of BP2, dC/dA of the layer before = delta @ W'."""
        np.matmul(delta, self.weights.T, out=dA_before)

    @staticmethod
    def gradients(A_before: FloatArray, delta: FloatArray, dW: FloatArray, db: FloatArray) -> None:
        """What each parameter contributes to the change of the error."""
        np.add.reduce(delta, axis=0, out=db)  # BP3: dC/db = delta
        np.matmul(A_before.T, delta, out=dW)  # BP4: dC/dw = a_in delta_out
