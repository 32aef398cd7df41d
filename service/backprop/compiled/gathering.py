"""Gathering of rows of numbers from a stored array, with conversion and scaling."""

from typing import Any

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled.building import entry


@entry
def gather_inputs(array: Any, indices: IndexArray, scale: float, X: FloatArray) -> None:
    """Compute X = array[indices] / scale for the first columns; values are converted to X's precision, then divided."""
    for r in range(indices.size):
        row = array[indices[r]]
        for k in range(X.shape[1]):
            X[r, k] = X.dtype.type(row[k]) / scale


@entry
def gather_wide_inputs(array: Any, indices: IndexArray, scale: float, X: FloatArray) -> None:
    """Do as `gather_inputs`, but divide in the array's precision, which is higher than X's."""
    for r in range(indices.size):
        row = array[indices[r]]
        for k in range(X.shape[1]):
            X[r, k] = row[k] / scale
