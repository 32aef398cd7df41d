"""The equations of activations, their derivatives and the losses' gradients, for one unit of one row.

They are those of `activations.py` and `losses.py`, which are the reference: tests compare the two. `z` is the weighted
input, `a` the activation, `t` the target. `one` is 1 in the network's precision and keeps the arithmetic in it; `p` is
the setting of an activation or a loss.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from service.backprop.activations import SELU_ALPHA, SELU_SCALE
from service.backprop.compiled.building import OPTIONS, compiled

ROOT_HALF = math.sqrt(0.5)
LOWEST, LARGEST = np.float32(-87.3), np.float32(88.3)  # beyond these exp(z) is not a normal float32
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)


def exponential(z: float) -> float:
    """Return exp(z)."""
    return math.exp(z)


@overload(exponential, jit_options=OPTIONS)
def _exponential(z: float) -> Any:
    """Choose the implementation for Numba's type `z` of the argument."""
    return _exponential_32 if z == types.float32 else _exponential_64


def _exponential_64(z: float) -> float:
    return math.exp(z)


def _exponential_32(z: float) -> float:
    """Return exp(z) as 2^n times a polynomial in the remainder, without branches, so that loops are vectorized.

    Source: Moshier, Cephes mathematical library, 1989, expf.
    """
    bounded: Any = min(max(z, LOWEST), LARGEST)
    n = np.floor(bounded * np.float32(1.44269504) + np.float32(0.5))
    x = bounded - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * x + np.float32(1.3981999507e-3)
    p = p * x + np.float32(8.3334519073e-3)
    p = p * x + np.float32(4.1665795894e-2)
    p = p * x + np.float32(1.6666665459e-1)
    p = p * x + np.float32(5.0000001201e-1)
    p = p * x * x + x + np.float32(1.0)
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    result: float = power * p
    return result


@compiled
def sigmoid(z: float, p: float, one: float) -> float:
    return one / (one + exponential(-z))


@compiled
def tanh(z: float, p: float, one: float) -> float:
    return math.tanh(z)


@compiled
def relu(z: float, p: float, one: float) -> float:
    return max(z, one - one)


@compiled
def leaky_relu(z: float, p: float, one: float) -> float:
    return max(z, p * z)


@compiled
def elu(z: float, p: float, one: float) -> float:
    return z if z > 0 else p * math.expm1(z)


@compiled
def selu(z: float, p: float, one: float) -> float:
    return type(one)(SELU_SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)))


@compiled
def gelu(z: float, p: float, one: float) -> float:
    return type(one)(z * 0.5 * (1.0 + math.erf(float(z) * ROOT_HALF)))


@compiled
def silu(z: float, p: float, one: float) -> float:
    return z * sigmoid(z, p, one)


@compiled
def softplus(z: float, p: float, one: float) -> float:
    return max(z, one - one) + math.log1p(math.exp(-abs(z)))


@compiled
def softsign(z: float, p: float, one: float) -> float:
    return z / (one + abs(z))


@compiled
def sigmoid_slope(z: float, a: float, p: float, one: float) -> float:
    return a * (one - a)


@compiled
def tanh_slope(z: float, a: float, p: float, one: float) -> float:
    return one - a * a


@compiled
def relu_slope(z: float, a: float, p: float, one: float) -> float:
    return one if z > 0 else one - one


@compiled
def leaky_relu_slope(z: float, a: float, p: float, one: float) -> float:
    return one if z > 0 else p


@compiled
def elu_slope(z: float, a: float, p: float, one: float) -> float:
    return one if z > 0 else a + p


@compiled
def selu_slope(z: float, a: float, p: float, one: float) -> float:
    return type(one)(SELU_SCALE if z > 0 else a + SELU_SCALE * SELU_ALPHA)


@compiled
def gelu_slope(z: float, a: float, p: float, one: float) -> float:
    return type(one)(0.5 * (1.0 + math.erf(float(z) * ROOT_HALF)) + z * DENSITY * math.exp(-0.5 * float(z) * z))


@compiled
def silu_slope(z: float, a: float, p: float, one: float) -> float:
    return sigmoid(z, p, one) + a * (one - sigmoid(z, p, one))


@compiled
def softplus_slope(z: float, a: float, p: float, one: float) -> float:
    return sigmoid(z, p, one)


@compiled
def softsign_slope(z: float, a: float, p: float, one: float) -> float:
    return one / ((one + abs(z)) * (one + abs(z)))


@compiled
def squared(a: float, t: float, p: float, one: float) -> float:
    return a - t


@compiled
def absolute(a: float, t: float, p: float, one: float) -> float:
    return one if a > t else (-one if a < t else one - one)


@compiled
def huber(a: float, t: float, p: float, one: float) -> float:
    return min(max(a - t, -p), p)


@compiled
def cross_entropy(a: float, t: float, p: float, one: float) -> float:
    return (a - t) / max(a * (one - a), type(one)(1e-12))


@compiled
def categorical(a: float, t: float, p: float, one: float) -> float:
    return -t / max(a, type(one)(1e-12))


@compiled
def hinge(a: float, t: float, p: float, one: float) -> float:
    sign = t + t - one
    return -sign if sign * a < one else one - one
