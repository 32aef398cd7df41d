"""Activation functions a = f(z), forward and backward: dC/dz from dC/da. One class for each function."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.erf import erf
from service.backprop.registry import Registry, setting

ACTIVATIONS: "Registry[Activation]" = Registry()
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
GELU_LOWEST, SILU_LOWEST = -0.16997120747990369, -0.27846454276107379  # their minima, at z = -0.7518 and z = -1.2785


@dataclass(frozen=True)
class Activation:
    """Base of activation functions, which write into arrays (rows, units) of the caller; `Z` is never changed.

    Attributes
    ----------
    saturates
        Diagnostics report the share of outputs whose derivative is nearly 0 as saturated.
    dies
        Diagnostics report the share of units whose derivative is 0 for every row as dead.
    """

    name: ClassVar[str]
    saturates: ClassVar[bool] = False
    dies: ClassVar[bool] = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value that f takes or comes near; the scaling of targets depends on them."""
        return -math.inf, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        """Compute the activations A = f(Z).

        Parameters
        ----------
        Z : (rows, units)
            Weighted inputs.
        A : (rows, units)
            The result is written here.
        """
        raise NotImplementedError

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        """Replace dC/dA by dC/dZ = dC/dA * f'(Z).

        Parameters
        ----------
        Z, A : (rows, units)
            Weighted inputs and activations A = f(Z) of the forward pass.
        gradient : (rows, units)
            dC/dA on entry, dC/dZ on return.
        scratch : (rows, units)
            Working memory; its content is overwritten.
        """
        raise NotImplementedError


def _exp(Z: FloatArray, out: FloatArray) -> None:
    """Compute exp(Z) into `out`, with Z clipped so that the result does not overflow."""
    np.minimum(Z, 88.0 if out.dtype.itemsize == 4 else 709.0, out=out)
    np.exp(out, out=out)


def _sigmoid(Z: FloatArray, out: FloatArray) -> None:
    """Compute 1 / (1 + exp(-Z)) into `out`."""
    np.negative(Z, out=out)
    _exp(out, out)
    np.add(out, 1.0, out=out)
    np.reciprocal(out, out=out)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Linear(Activation):
    """f(z) = z"""

    name: ClassVar[str] = "linear"

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.copyto(A, Z)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        return


@ACTIVATIONS.register
@dataclass(frozen=True)
class Sigmoid(Activation):
    """f(z) = 1 / (1 + exp(-z)); f'(z) = a (1 - a)"""

    name: ClassVar[str] = "sigmoid"
    saturates: ClassVar[bool] = True

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        _sigmoid(Z, A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.subtract(1.0, A, out=scratch)
        np.multiply(scratch, A, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Tanh(Activation):
    """f(z) = tanh(z); f'(z) = 1 - a^2"""

    name: ClassVar[str] = "tanh"
    saturates: ClassVar[bool] = True

    @property
    def bounds(self) -> tuple[float, float]:
        return -1.0, 1.0

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.tanh(Z, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.multiply(A, A, out=scratch)
        np.subtract(1.0, scratch, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Relu(Activation):
    """f(z) = max(z, 0); f'(z) = 1 where z > 0, else 0 (at the kink too, as PyTorch has it)"""

    name: ClassVar[str] = "relu"
    dies: ClassVar[bool] = True

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.maximum(Z, 0.0, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.greater(A, 0.0, out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class LeakyRelu(Activation):
    """f(z) = z where z > 0, else slope z (Maas, Hannun and Ng 2013)"""

    name: ClassVar[str] = "leaky_relu"
    slope: float = setting(0.01, minimum=0, below=1)

    @property
    def bounds(self) -> tuple[float, float]:
        return -math.inf if self.slope else 0.0, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.multiply(Z, self.slope, out=A)
        np.maximum(Z, A, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.multiply(gradient, self.slope, out=gradient, where=Z <= 0)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Elu(Activation):
    """f(z) = z where z > 0, else alpha (exp(z) - 1); f'(z) = 1, or a + alpha (Clevert et al. 2015)"""

    name: ClassVar[str] = "elu"
    alpha: float = setting(1.0, above=0)

    @property
    def bounds(self) -> tuple[float, float]:
        return -self.alpha, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.minimum(Z, 0.0, out=A)
        np.expm1(A, out=A)
        np.multiply(A, self.alpha, out=A)
        np.copyto(A, Z, where=Z > 0)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.add(A, self.alpha, out=scratch)
        np.multiply(gradient, scratch, out=gradient, where=Z <= 0)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Selu(Activation):
    """f(z) = scale z where z > 0, else scale alpha (exp(z) - 1), both constants fixed (Klambauer et al. 2017)"""

    name: ClassVar[str] = "selu"

    @property
    def bounds(self) -> tuple[float, float]:
        return -SELU_SCALE * SELU_ALPHA, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        Elu(SELU_ALPHA).activate(Z, A)
        np.multiply(A, SELU_SCALE, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.add(A, SELU_SCALE * SELU_ALPHA, out=scratch)  # scale alpha exp(z)
        np.copyto(scratch, SELU_SCALE, where=Z > 0)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Gelu(Activation):
    """f(z) = z P(z); f'(z) = P(z) + z p(z), P the normal distribution and p its density (Hendrycks, Gimpel 2016)"""

    name: ClassVar[str] = "gelu"

    @property
    def bounds(self) -> tuple[float, float]:
        return GELU_LOWEST, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.multiply(Z, self._distribution(Z), out=A, casting="same_kind")

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        density = np.exp(-0.5 * np.square(np.clip(Z, -40.0, 40.0), dtype=np.float64)) / np.sqrt(2.0 * np.pi)
        np.add(self._distribution(Z), Z * density, out=scratch, casting="same_kind")
        np.multiply(gradient, scratch, out=gradient)

    def _distribution(self, Z: FloatArray) -> FloatArray:
        return np.asarray(0.5 * (1.0 + erf(Z.astype(np.float64) / np.sqrt(2.0))))


@ACTIVATIONS.register
@dataclass(frozen=True)
class Silu(Activation):
    """f(z) = z s(z); f'(z) = s(z) + a (1 - s(z)), with the sigmoid s; also known as swish"""

    name: ClassVar[str] = "silu"

    @property
    def bounds(self) -> tuple[float, float]:
        return SILU_LOWEST, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        _sigmoid(Z, A)
        np.multiply(A, Z, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        _sigmoid(Z, scratch)
        np.add(scratch, A * (1.0 - scratch), out=scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softplus(Activation):
    """f(z) = log(1 + exp(z)); f'(z) = s(z), the sigmoid"""

    name: ClassVar[str] = "softplus"

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, math.inf

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        # max(z, 0) + log(1 + exp(-|z|)) holds for z of any size
        np.abs(Z, out=A)
        np.negative(A, out=A)
        np.exp(A, out=A)
        np.log1p(A, out=A)
        np.add(A, np.maximum(Z, 0.0), out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        _sigmoid(Z, scratch)
        np.multiply(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softsign(Activation):
    """f(z) = z / (1 + |z|); f'(z) = 1 / (1 + |z|)^2"""

    name: ClassVar[str] = "softsign"
    saturates: ClassVar[bool] = True

    @property
    def bounds(self) -> tuple[float, float]:
        return -1.0, 1.0

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.abs(Z, out=A)
        np.add(A, 1.0, out=A)
        np.divide(Z, A, out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.abs(Z, out=scratch)
        np.add(scratch, 1.0, out=scratch)
        np.square(scratch, out=scratch)
        np.divide(gradient, scratch, out=gradient)


@ACTIVATIONS.register
@dataclass(frozen=True)
class Softmax(Activation):
    """f(z)_j = exp(z_j) / sum_k exp(z_k); dC/dz_j = a_j (dC/da_j - sum_k dC/da_k a_k), the whole Jacobian's product"""

    name: ClassVar[str] = "softmax"

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    def activate(self, Z: FloatArray, A: FloatArray) -> None:
        np.subtract(Z, Z.max(axis=1, keepdims=True), out=A)
        np.exp(A, out=A)
        np.divide(A, A.sum(axis=1, keepdims=True), out=A)

    def backward(self, Z: FloatArray, A: FloatArray, gradient: FloatArray, scratch: FloatArray) -> None:
        np.multiply(gradient, A, out=scratch)
        np.subtract(gradient, scratch.sum(axis=1, keepdims=True), out=gradient)
        np.multiply(gradient, A, out=gradient)
