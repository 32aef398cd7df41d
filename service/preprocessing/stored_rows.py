"""The stored array of a dataset's rows, whole or some of its columns, without a copy of the file."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


class ChosenColumns:
    """Some columns of a stored array, which is read as a stored array of these columns alone would be.

    Parameters
    ----------
    array
        The stored rows (rows, stored columns), C-contiguous.
    stored
        The index of each column (columns,) among the stored ones.

    Attributes
    ----------
    base
        The stored rows; a memory map is found through it.
    strides, nbytes
        Those of the stored rows, as whole rows are read from the disk.
    """

    def __init__(self, array: NDArray[Any], stored: Indices) -> None:
        self.base, self.stored = np.asarray(array), stored
        self.dtype, self.itemsize = array.dtype, array.itemsize
        self.strides, self.nbytes = array.strides, array.nbytes

    def __getitem__(self, key: tuple[slice | Indices, slice]) -> NDArray[Any]:
        """Return some columns of some rows, C-contiguous unless it is one column."""
        rows, columns = key
        chosen = self.stored[columns]
        if len(chosen) == 1:
            return np.asarray(self.base[rows, chosen[0] : chosen[0] + 1])
        if isinstance(rows, slice):
            return np.take(self.base[rows], chosen, axis=1)
        if 2 * len(chosen) > self.base.shape[1]:
            return np.take(np.take(self.base, rows, axis=0), chosen, axis=1)
        return np.ascontiguousarray(self.base[rows[:, None], chosen])


StoredRows: TypeAlias = NDArray[Any] | ChosenColumns
