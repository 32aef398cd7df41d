"""The products of a dense layer, forward and backward, as in `layers/dense.py`.

Inputs that are mostly zeros, such as images and one-hot categories, are processed as lists of the nonzero ones, as a
zero adds nothing to any sum. Small products are computed row by row, large ones by the BLAS, depending on shapes alone.
"""

from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled.blas import multiply_turned
from service.backprop.compiled.building import compiled
from service.backprop.compiled.vectors import add_rows, add_to_rows

BLAS_FROM = 400_000  # rows x inputs x units from which the BLAS is faster
NARROW, NARROW_FROM = 4, 4096
SCATTER_UNITS = 64  # the number of a row's derivatives whose sums fit the registers
UNITS_TOGETHER = 64  # in a wide layer, the weights of all inputs into that many units fit the cache


def _is_for_the_blas(rows: int, inputs: int, units: int) -> bool:
    """Return whether the BLAS computes a product: a large one, or one with too few units to fill vector registers."""
    return rows * inputs * units >= BLAS_FROM or (units < NARROW and rows * inputs >= NARROW_FROM)


by_blas = compiled(_is_for_the_blas)


def turned_size(inputs: int, units: int) -> int:
    """Return the size of the array that `error_before` needs for transposed weights; the BLAS needs none."""
    return 0 if _is_for_the_blas(1, inputs, units) else inputs * units


@compiled
def weigh(A: FloatArray, W: FloatArray, b: FloatArray, Z: FloatArray) -> None:
    """Compute Z = A @ W + b."""
    rows, inputs = A.shape
    if by_blas(rows, inputs, Z.shape[1]):
        np.dot(A, W, Z)
        for r in range(rows):
            for u in range(b.size):
                Z[r, u] += b[u]
        return
    values = A.reshape(A.size)
    for r in range(rows):
        Z[r, :] = b
        add_rows(Z, r, W, None, values, r * inputs, inputs, 1, 0, b.size)


@compiled
def weigh_sparse(nonzero: Any, first: int, W: FloatArray, b: FloatArray, Z: FloatArray) -> None:
    """Compute Z = A @ W + b from the nonzero inputs; the rows of Z are those of the batch from `first` on."""
    for r in range(Z.shape[0]):
        Z[r, :] = b
    for unit in range(0, b.size, UNITS_TOGETHER):
        end = min(unit + UNITS_TOGETHER, b.size)
        for r in range(Z.shape[0]):
            begin = nonzero.begins[first + r]
            add_rows(Z, r, W, nonzero.columns, nonzero.values, begin, nonzero.ends[first + r] - begin, 1, unit, end)


@compiled
def bias_gradient(delta: FloatArray, ones: FloatArray, db: FloatArray) -> None:
    """Compute BP3: dC/db = delta, summed over the rows; `db` (1, units) must be 0."""
    add_rows(db, 0, delta, None, ones, 0, delta.shape[0], 0, 0, delta.shape[1])


@compiled
def weight_gradient(A: FloatArray, delta: FloatArray, begin: int, end: int, dW: FloatArray) -> None:
    """Compute BP4: dC/dw = a_in delta_out, summed over the rows, for inputs `begin` up to `end`; `dW` must be 0."""
    rows, inputs = A.shape
    units = delta.shape[1]
    if by_blas(rows, end - begin, units):
        multiply_turned(A, begin, end, delta, dW)
        return
    values = A.reshape(A.size)
    for k in range(begin, end):
        add_rows(dW, k, delta, None, values, k, rows, inputs, 0, units)


@compiled
def weight_gradient_sparse(nonzero: Any, delta: FloatArray, part: int, begin: int, end: int, dW: FloatArray) -> None:
    """Compute BP4 from the nonzero inputs with index `begin` up to `end`, which belong to one `part` of the work."""
    units = delta.shape[1]
    if units <= SCATTER_UNITS:
        for r in range(delta.shape[0]):
            first, last = nonzero.begins[r], nonzero.ends[r]
            if begin > 0:
                first += np.searchsorted(nonzero.columns[first:last], begin)
            if end < dW.shape[0]:
                last = first + np.searchsorted(nonzero.columns[first:last], end)
            add_to_rows(dW, nonzero.columns, nonzero.values, first, last - first, delta, r)
        return
    begins = nonzero.turned_begins[part]
    _turn(nonzero, begins, delta.shape[0], begin, end)
    for unit in range(0, units, UNITS_TOGETHER):
        for k in range(begin, end):
            first = begins[k]
            count = begins[k + 1] - first
            if count:
                stop = min(unit + UNITS_TOGETHER, units)
                add_rows(dW, k, delta, nonzero.turned_rows, nonzero.turned_values, first, count, 1, unit, stop)


@compiled
def descend_sparse(nonzero: Any, delta: FloatArray, rate: float, W: FloatArray) -> None:
    """Compute w -= rate a_in delta_out (BP4) from the nonzero inputs, row by row; `delta` is overwritten."""
    for r in range(delta.shape[0]):
        for u in range(delta.shape[1]):
            delta[r, u] *= -rate
        first = nonzero.begins[r]
        add_to_rows(W, nonzero.columns, nonzero.values, first, nonzero.ends[r] - first, delta, r)


@compiled
def _turn(nonzero: Any, begins: IndexArray, rows: int, begin: int, end: int) -> None:
    """Sort the nonzero inputs with index `begin` up to `end` by column, then by row, with a counting sort."""
    begins[begin : end + 1] = 0
    for r in range(rows):
        for j in range(nonzero.begins[r], nonzero.ends[r]):
            k = nonzero.columns[j]
            if begin <= k < end:
                begins[k + 1] += 1
    begins[begin] = rows * begin
    for k in range(begin, end):
        begins[k + 1] += begins[k]
    for r in range(rows):
        for j in range(nonzero.begins[r], nonzero.ends[r]):
            k = nonzero.columns[j]
            if begin <= k < end:
                nonzero.turned_rows[begins[k]] = r
                nonzero.turned_values[begins[k]] = nonzero.values[j]
                begins[k] += 1
    for k in range(end, begin, -1):
        begins[k] = begins[k - 1]
    begins[begin] = rows * begin


@compiled
def error_before(delta: FloatArray, W: FloatArray, dA: FloatArray, turned: FloatArray) -> None:
    """Compute BP2: dC/da of the layer before = delta @ W'; `turned` is scratch memory of the size of W."""
    rows, units = delta.shape
    inputs = W.shape[0]
    if by_blas(rows, inputs, units):
        np.dot(delta, W.T, dA)
        return
    WT: IndexArray | Any = turned[: W.size].reshape(units, inputs)
    for k in range(inputs):
        for u in range(units):
            WT[u, k] = W[k, u]
    values = delta.reshape(delta.size)
    for r in range(rows):
        dA[r, :] = 0
        add_rows(dA, r, WT, None, values, r * units, units, 1, 0, inputs)
