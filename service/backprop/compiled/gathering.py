"""Rows of plain numbers out of a stored array, converted on the way."""

from typing import Any

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled.building import entry


@entry
def gather_inputs(array: Any, indices: IndexArray, scale: float, X: FloatArray) -> None:
    """X = array[indices] / scale, of the first columns, converted to X's precision before it is divided."""
    for r in range(indices.size):
        row = array[indices[r]]
        for k in range(X.shape[1]):
            X[r, k] = X.dtype.type(row[k]) / scale


@entry
def gather_wide_inputs(array: Any, indices: IndexArray, scale: float, X: FloatArray) -> None:
    """The same, divided in the array's precision, which is more than X's."""
    for r in range(indices.size):
        row = array[indices[r]]
        for k in range(X.shape[1]):
            X[r, k] = row[k] / scale
