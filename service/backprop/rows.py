"""Where the training loop gets its rows from. Imports NumPy and `service.errors`."""

from typing import Protocol

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.errors import Invalid


class Rows(Protocol):
    """Rows of inputs and targets, ready for the network; the loop asks for one batch at a time, by index."""

    @property
    def inputs(self) -> int:
        """Values in a row of inputs."""

    @property
    def outputs(self) -> int:
        """Values in a row of targets."""

    def __len__(self) -> int:
        """How many rows there are."""

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        """Write the rows `indices` into the first len(indices) rows of X and Y, in that order."""


class ArrayRows:
    """Rows of two arrays in memory; they are read, never changed.

    X is (n_samples, inputs), Y (n_samples, outputs) or (n_samples,) for one output.
    """

    def __init__(self, X: FloatArray, Y: FloatArray) -> None:
        self.X = np.asarray(X)
        self.Y = np.asarray(Y)
        if self.Y.ndim == 1:
            self.Y = self.Y[:, np.newaxis]
        if self.X.ndim != 2 or self.Y.ndim != 2 or len(self.X) != len(self.Y):
            raise Invalid(f"inputs and targets must be rows, as many of both; got {self.X.shape} and {self.Y.shape}")
        self.inputs: int = self.X.shape[1]
        self.outputs: int = self.Y.shape[1]

    def __len__(self) -> int:
        return len(self.X)

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        _take(self.X, indices, X)
        _take(self.Y, indices, Y)


def _take(source: FloatArray, indices: IndexArray, out: FloatArray) -> None:
    rows = out[: len(indices)]
    if source.dtype == rows.dtype:
        np.take(source, indices, axis=0, out=rows, mode="clip")  # "clip" spares a copy; indices are always in range
    else:
        rows[...] = source[indices]
