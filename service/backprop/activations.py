"""Activation functions: a = sigma(z), and the way back from dC/da to delta = dC/dz.

Owns the registry ACTIVATIONS. A new one is a class here: `forward`, and `derivative` when it works on each unit alone,
else `backward`. Imports NumPy and the registry. Callers hold `arrays.quiet()`: exp may overflow to infinity on purpose.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray, Scratch
from service.backprop.registry import Registry


class Activation(ABC):
    """One activation function; arrays are (n_samples, units)."""

    name: ClassVar[str]
    kinks: ClassVar[tuple[float, ...]] = ()
    """Weighted inputs at which there is no derivative; central differences keep away from them."""

    @abstractmethod
    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        """Write sigma(Z) into A; Z stays as it is."""

    @abstractmethod
    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        """Write da/dz, unit by unit, into `out`; A is sigma(Z)."""

    def backward(self, Z: FloatArray, A: FloatArray, delta: FloatArray, scratch: Scratch) -> None:
        """Turn dC/da, given in `delta`, into dC/dz in its place: the factor sigma'(z) of BP1 and BP2."""
        self.derivative(Z, A, scratch.full)
        np.multiply(delta, scratch.full, out=delta)


ACTIVATIONS: Registry[Activation] = Registry("activation")


@ACTIVATIONS.register
@dataclass(frozen=True)
class Linear(Activation):
    """a = z."""

    name: ClassVar[str] = "linear"

    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        np.copyto(A, Z)

    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        out.fill(1.0)

    def backward(self, Z: FloatArray, A: FloatArray, delta: FloatArray, scratch: Scratch) -> None:
        """Nothing to do: the derivative is 1."""


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sigmoid(Activation):
    """a = 1 / (1 + exp(-z)), between 0 and 1."""

    name: ClassVar[str] = "sigmoid"

    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        np.negative(Z, out=A)
        np.exp(A, out=A)  # infinite for very negative z, and 1 / (1 + infinity) is the 0 it should be
        np.add(A, 1.0, out=A)
        np.reciprocal(A, out=A)

    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        np.subtract(1.0, A, out=out)
        np.multiply(out, A, out=out)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Tanh(Activation):
    """a = tanh(z), between -1 and 1."""

    name: ClassVar[str] = "tanh"

    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        np.tanh(Z, out=A)

    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        np.multiply(A, A, out=out)
        np.subtract(1.0, out, out=out)


@ACTIVATIONS.register
@dataclass(frozen=True)
class ReLU(Activation):
    """a = max(0, z); its derivative at 0 is taken as 0."""

    name: ClassVar[str] = "relu"
    kinks: ClassVar[tuple[float, ...]] = (0.0,)

    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        np.maximum(Z, 0.0, out=A)

    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        np.greater(A, 0.0, out=out)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softmax(Activation):
    """a_i = exp(z_i) / sum of exp(z_j): positive, and the units of a row add up to 1."""

    name: ClassVar[str] = "softmax"

    def forward(self, Z: FloatArray, A: FloatArray, scratch: Scratch) -> None:
        np.maximum.reduce(Z, axis=1, keepdims=True, out=scratch.column)
        np.subtract(Z, scratch.column, out=A)  # the largest exponent is 0, so exp never overflows
        np.exp(A, out=A)
        np.add.reduce(A, axis=1, keepdims=True, out=scratch.column)
        np.divide(A, scratch.column, out=A)

    def derivative(self, Z: FloatArray, A: FloatArray, out: FloatArray) -> None:
        """Write the Jacobian's diagonal, da_i/dz_i = a_i (1 - a_i); `backward` uses the whole of it."""
        np.subtract(1.0, A, out=out)
        np.multiply(out, A, out=out)

    def backward(self, Z: FloatArray, A: FloatArray, delta: FloatArray, scratch: Scratch) -> None:
        """delta_i = a_i (dC/da_i - sum over j of dC/da_j a_j): the Jacobian times a vector, without the Jacobian."""
        np.multiply(delta, A, out=scratch.full)
        np.add.reduce(scratch.full, axis=1, keepdims=True, out=scratch.column)
        np.subtract(delta, scratch.column, out=delta)
        np.multiply(delta, A, out=delta)
