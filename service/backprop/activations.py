"""Activation functions: a = f(z), and what a gradient by a becomes as a gradient by z. One class a function."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry

ACTIVATIONS: "Registry[Activation]" = Registry()


@dataclass(frozen=True)
class Activation:
    """Works in place on arrays of shape (rows, units); both methods allocate nothing of that size they can avoid."""

    name: ClassVar[str]

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        """A = f(Z), written into `A`."""
        raise NotImplementedError

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        """`gradient` holds dC/dA and becomes dC/dZ = dC/dA * f'(Z); `A` is f(Z), `scratch` is free to use."""
        raise NotImplementedError


@ACTIVATIONS.register
@dataclass(frozen=True)
class Linear(Activation):
    """f(z) = z"""

    name: ClassVar[str] = "linear"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.copyto(A, Z)

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        return


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(-z)); f'(z) = a (1 - a). exp overflows to infinity for z far below 0, and 1 / inf is 0."""

    name: ClassVar[str] = "sigmoid"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.negative(Z, out=A)
        np.exp(A, out=A)
        np.add(A, 1.0, out=A)
        np.reciprocal(A, out=A)

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.subtract(1.0, A, out=scratch)
        np.multiply(scratch, A, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Tanh(Activation):
    """f(z) = tanh(z); f'(z) = 1 - a^2"""

    name: ClassVar[str] = "tanh"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.tanh(Z, out=A)

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.multiply(A, A, out=scratch)
        np.subtract(1.0, scratch, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Relu(Activation):
    """f(z) = max(z, 0); f'(z) = 1 where z > 0, else 0 (at the kink too, as PyTorch has it)"""

    name: ClassVar[str] = "relu"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.maximum(Z, 0.0, out=A)

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.greater(A, 0.0, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softmax(Activation):
    """f(z)_j = exp(z_j) / sum_k exp(z_k); dC/dz_j = a_j (dC/da_j - sum_k dC/da_k a_k), the whole Jacobian's product"""

    name: ClassVar[str] = "softmax"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.subtract(Z, Z.max(axis=1, keepdims=True), out=A)
        np.exp(A, out=A)
        np.divide(A, A.sum(axis=1, keepdims=True), out=A)

    def backward(self, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.multiply(gradient, A, out=scratch)
        np.subtract(gradient, scratch.sum(axis=1, keepdims=True), out=gradient)
        np.multiply(gradient, A, out=gradient)
