"""A dense layer forward and back, as `layers/dense.py` has it: activations, and products over rows of weights.

Inputs that are mostly zeros, such as pictures and one-hot categories, are taken as lists of those that are not: a zero
adds nothing to any sum. Small products go row by row, large ones to the BLAS; which, shapes alone decide.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled import equations
from service.backprop.compiled.building import compiled
from service.backprop.compiled.vectors import add_rows, add_to_rows

LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SELU, GELU, SILU, SOFTPLUS, SOFTSIGN, SOFTMAX = range(12)
ACTIVATIONS = {
    "linear": LINEAR,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SILU,
    "softplus": SOFTPLUS,
    "softsign": SOFTSIGN,
    "softmax": SOFTMAX,
}
BLAS_FROM = 400_000  # rows x inputs x units from which the BLAS is faster
SCATTER_UNITS = 64  # so many sums of a row's derivatives are held in registers


def _each(equation: Callable[..., float]) -> Callable[..., None]:
    """a = f(z) over all units of all rows."""

    @compiled
    def loop(Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
        for i in range(Z.size):
            A[i] = equation(Z[i], p, one)

    return loop


def _each_slope(slope: Callable[..., float]) -> Callable[..., None]:
    """delta = dC/da * f'(z) over all units of all rows."""

    @compiled
    def loop(Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
        for i in range(Z.size):
            delta[i] *= slope(Z[i], A[i], p, one)

    return loop


_sigmoid, _sigmoid_back = _each(equations.sigmoid), _each_slope(equations.sigmoid_slope)
_tanh, _tanh_back = _each(equations.tanh), _each_slope(equations.tanh_slope)
_relu, _relu_back = _each(equations.relu), _each_slope(equations.relu_slope)
_leaky_relu, _leaky_relu_back = _each(equations.leaky_relu), _each_slope(equations.leaky_relu_slope)
_elu, _elu_back = _each(equations.elu), _each_slope(equations.elu_slope)
_selu, _selu_back = _each(equations.selu), _each_slope(equations.selu_slope)
_gelu, _gelu_back = _each(equations.gelu), _each_slope(equations.gelu_slope)
_silu, _silu_back = _each(equations.silu), _each_slope(equations.silu_slope)
_softplus, _softplus_back = _each(equations.softplus), _each_slope(equations.softplus_slope)
_softsign, _softsign_back = _each(equations.softsign), _each_slope(equations.softsign_slope)
_linear = _each(equations.linear)


@compiled
def _softmax(Z: FloatArray, A: FloatArray, one: float) -> None:
    for r in range(Z.shape[0]):
        highest = Z[r].max()
        total = one - one
        for u in range(Z.shape[1]):
            A[r, u] = math.exp(Z[r, u] - highest)
            total += A[r, u]
        for u in range(Z.shape[1]):
            A[r, u] /= total


@compiled
def _softmax_back(A: FloatArray, delta: FloatArray, one: float) -> None:
    for r in range(A.shape[0]):
        total = one - one
        for u in range(A.shape[1]):
            total += delta[r, u] * A[r, u]
        for u in range(A.shape[1]):
            delta[r, u] = A[r, u] * (delta[r, u] - total)


@compiled
def activate(activation: int, Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
    """A = f(Z)"""
    z, a = Z.reshape(Z.size), A.reshape(A.size)
    if activation == SIGMOID:
        _sigmoid(z, a, p, one)
    elif activation == RELU:
        _relu(z, a, p, one)
    elif activation == TANH:
        _tanh(z, a, p, one)
    elif activation == SOFTMAX:
        _softmax(Z, A, one)
    elif activation == LEAKY_RELU:
        _leaky_relu(z, a, p, one)
    elif activation == ELU:
        _elu(z, a, p, one)
    elif activation == SELU:
        _selu(z, a, p, one)
    elif activation == GELU:
        _gelu(z, a, p, one)
    elif activation == SILU:
        _silu(z, a, p, one)
    elif activation == SOFTPLUS:
        _softplus(z, a, p, one)
    elif activation == SOFTSIGN:
        _softsign(z, a, p, one)
    else:
        _linear(z, a, p, one)


@compiled
def activate_back(activation: int, Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
    """BP1, BP2: delta = dC/da * f'(z)"""
    z, a, d = Z.reshape(Z.size), A.reshape(A.size), delta.reshape(delta.size)
    if activation == SIGMOID:
        _sigmoid_back(z, a, d, p, one)
    elif activation == RELU:
        _relu_back(z, a, d, p, one)
    elif activation == TANH:
        _tanh_back(z, a, d, p, one)
    elif activation == SOFTMAX:
        _softmax_back(A, delta, one)
    elif activation == LEAKY_RELU:
        _leaky_relu_back(z, a, d, p, one)
    elif activation == ELU:
        _elu_back(z, a, d, p, one)
    elif activation == SELU:
        _selu_back(z, a, d, p, one)
    elif activation == GELU:
        _gelu_back(z, a, d, p, one)
    elif activation == SILU:
        _silu_back(z, a, d, p, one)
    elif activation == SOFTPLUS:
        _softplus_back(z, a, d, p, one)
    elif activation == SOFTSIGN:
        _softsign_back(z, a, d, p, one)


@compiled
def weigh(A: FloatArray, W: FloatArray, b: FloatArray, Z: FloatArray) -> None:
    """Z = A @ W + b"""
    rows, inputs = A.shape
    if rows * inputs * Z.shape[1] >= BLAS_FROM:
        np.dot(A, W, Z)
        for r in range(rows):
            for u in range(b.size):
                Z[r, u] += b[u]
        return
    values = A.reshape(A.size)
    for r in range(rows):
        Z[r, :] = b
        add_rows(Z, r, W, None, values, r * inputs, inputs, 1)


@compiled
def weigh_sparse(kept: Any, W: FloatArray, b: FloatArray, Z: FloatArray) -> None:
    """Z = A @ W + b, of the inputs that are not 0."""
    for r in range(Z.shape[0]):
        Z[r, :] = b
        first = kept.begins[r]
        add_rows(Z, r, W, kept.columns, kept.values, first, kept.begins[r + 1] - first, 1)


@compiled
def bias_gradient(delta: FloatArray, ones: FloatArray, db: FloatArray) -> None:
    """BP3: dC/db = delta, over all rows; `db` (1, units) is 0 before."""
    add_rows(db, 0, delta, None, ones, 0, delta.shape[0], 0)


@compiled
def weight_gradient(A: FloatArray, delta: FloatArray, dW: FloatArray) -> None:
    """BP4: dC/dw = a_in delta_out, over all rows; `dW` is 0 before."""
    rows, inputs = A.shape
    if rows * inputs * delta.shape[1] >= BLAS_FROM:
        np.dot(A.T, delta, dW)
        return
    values = A.reshape(A.size)
    for k in range(inputs):
        add_rows(dW, k, delta, None, values, k, rows, inputs)


@compiled
def weight_gradient_sparse(kept: Any, delta: FloatArray, dW: FloatArray) -> None:
    """BP4, of the inputs that are not 0."""
    if delta.shape[1] <= SCATTER_UNITS:
        for r in range(delta.shape[0]):
            first = kept.begins[r]
            add_to_rows(dW, kept.columns, kept.values, first, kept.begins[r + 1] - first, delta, r)
        return
    _turn(kept, delta.shape[0], dW.shape[0])
    for k in range(dW.shape[0]):
        first = kept.turned_begins[k]
        count = kept.turned_begins[k + 1] - first
        if count:
            add_rows(dW, k, delta, kept.turned_rows, kept.turned_values, first, count, 1)


@compiled
def _turn(kept: Any, rows: int, inputs: int) -> None:
    """The inputs that are not 0 by column, and within it by row: a counting sort."""
    begins = kept.turned_begins
    begins[: inputs + 1] = 0
    for j in range(kept.begins[rows]):
        begins[kept.columns[j] + 1] += 1
    for k in range(inputs):
        begins[k + 1] += begins[k]
    for r in range(rows):
        for j in range(kept.begins[r], kept.begins[r + 1]):
            k = kept.columns[j]
            kept.turned_rows[begins[k]] = r
            kept.turned_values[begins[k]] = kept.values[j]
            begins[k] += 1
    for k in range(inputs, 0, -1):
        begins[k] = begins[k - 1]
    begins[0] = 0


@compiled
def error_before(delta: FloatArray, W: FloatArray, dA: FloatArray, turned: FloatArray) -> None:
    """BP2: dC/da of the layer before = delta @ W'; `turned` has room for W."""
    rows, units = delta.shape
    inputs = W.shape[0]
    if rows * inputs * units >= BLAS_FROM:
        np.dot(delta, W.T, dA)
        return
    WT: IndexArray | Any = turned[: W.size].reshape(units, inputs)
    for k in range(inputs):
        for u in range(units):
            WT[u, k] = W[k, u]
    values = delta.reshape(delta.size)
    for r in range(rows):
        dA[r, :] = 0
        add_rows(dA, r, WT, None, values, r * units, units, 1)
