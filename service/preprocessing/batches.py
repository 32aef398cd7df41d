"""Rows of a stored dataset, transformed for a network and gathered by index."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.training.kernels import NUMBA, NUMPY
from service.definitions.columns import Role, Table
from service.definitions.job_columns import JobColumns, view
from service.preprocessing.fit import Preprocessing
from service.preprocessing.recoding import Recoding
from service.preprocessing.row_selection import Indices, Pages, RowRanges, Selection
from service.preprocessing.row_weights import sample_weights
from service.preprocessing.stored_rows import ChosenColumns, StoredRows

IN_MEMORY_BYTES = 64 * 1024 * 1024
TRANSFORM_ROWS = 4096
BLOCKS_FROM_BYTES = 1024 * 1024 * 1024  # a dataset of at least this size is shuffled in blocks of rows
BLOCK_BYTES = 1024 * 1024


def open_rows(path: Path) -> NDArray[Any]:
    """Return the stored array (rows, columns) as a memory map."""
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def open_columns(path: Path, stored: Table, columns: JobColumns | None) -> tuple[Table, StoredRows]:
    """Return the table and the rows of a stored dataset as a job that chose `columns` of it uses them."""
    array = open_rows(path)
    if columns is None:
        return stored, array
    table = view(stored, columns)
    places = {column.name: index for index, column in enumerate(stored.columns)}
    indices = np.array([places[column.name] for column in table.columns], dtype=np.intp)
    if np.array_equal(indices, np.arange(len(stored.columns))):
        return table, array
    return table, ChosenColumns(array, indices)


class MappedRows:
    """The engine's `Rows` over a memory map.

    Rows are transformed once if the result is small, otherwise while a batch is gathered; both give the same bits.

    Attributes
    ----------
    block_rows
        Rows in a block on disk, for datasets that should be shuffled in blocks to read less of the disk; None for
        others. As it decides the order of rows, it depends on the dataset and the job alone, not on the machine.
    sample_weights
        The weight of each row (n,); None without a column of weights.
    recoding
        Maps the codes of this table's categories to those that `preprocessing` was fitted on.
    """

    def __init__(
        self,
        array: StoredRows,
        table: Table,
        preprocessing: Preprocessing,
        rows: Selection,
        dtype: np.dtype[Any],
        in_memory_bytes: int = IN_MEMORY_BYTES,
        recoding: Recoding | None = None,
        kernels: str = NUMPY,
    ) -> None:
        self.array: StoredRows = array if isinstance(array, ChosenColumns) else np.asarray(array)
        self.table, self.preprocessing, self.rows = table, preprocessing, rows
        self.recoding = recoding
        self.pages = Pages(array)
        self.columns = len(table.having(Role.INPUT))
        self.targets = len(table.having(Role.TARGET))
        # plain numbers need one division, by the dataset's scale
        self.plain = preprocessing.is_plain
        self.scale = dtype.type(table.scale)
        self.gather_inputs = None
        stored = isinstance(self.array, np.ndarray) and (recoding is None or not recoding.codes)
        if kernels == NUMBA and self.plain and stored:
            from service.backprop.compiled import gathering  # Numba is optional, and slow to import

            wide = self.array.itemsize > dtype.itemsize
            self.gather_inputs = gathering.gather_wide_inputs if wide else gathering.gather_inputs
        self.codes = None
        if preprocessing.codes is not None and not preprocessing.single_output:
            self.codes = np.array(preprocessing.codes)
        self.sample_weights = sample_weights(array, table, rows)
        self.X: NDArray[Any] | None = None
        self.Y: NDArray[Any] | None = None
        self.block_rows: int | None = None
        if len(rows) * (preprocessing.features + preprocessing.outputs) * dtype.itemsize <= in_memory_bytes:
            self._transform_all(dtype)
        elif array.nbytes >= BLOCKS_FROM_BYTES:
            self.block_rows = max(1, BLOCK_BYTES // array.strides[0])

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, indices: Indices, X: NDArray[Any], Y: NDArray[Any]) -> None:
        """Fill X (k, features) and Y (k, outputs) with the rows at `indices` (k,) of these rows."""
        if self.X is not None and self.Y is not None:
            np.take(self.X, indices, axis=0, out=X, mode="clip")
            np.take(self.Y, indices, axis=0, out=Y, mode="clip")
        else:
            self._read(self.rows.at(indices), X, Y)

    def _read(self, indices: Indices, X: NDArray[Any], Y: NDArray[Any]) -> None:
        if self.gather_inputs is None:
            self._transform(self._taken(indices), X, Y)
            return
        self.gather_inputs(self.array, indices, self.scale, X)
        self._transform_targets(self.array[indices, self.columns : self.columns + self.targets], Y)
        self.pages.read(len(indices) * self.array.strides[0])

    def _taken(self, indices: Indices) -> NDArray[Any]:
        if isinstance(self.array, ChosenColumns):
            return self.array[indices, :]
        return np.take(self.array, indices, axis=0)

    def _transform(self, raw: NDArray[Any], X: NDArray[Any], Y: NDArray[Any]) -> None:
        if self.recoding is not None:
            raw = self.recoding.read(raw)
        inputs = raw[:, : self.columns]
        if self.plain:
            np.divide(inputs, self.scale, out=X, casting="unsafe")
        else:
            self.preprocessing.transform_inputs(self.preprocessing.scaled(inputs, self.table.scale), X)
        self._transform_targets(raw[:, self.columns : self.columns + self.targets], Y)
        self.pages.read(len(raw) * self.array.strides[0])

    def _transform_targets(self, targets: NDArray[Any], Y: NDArray[Any]) -> None:
        if self.codes is not None:
            np.equal(targets, self.codes, out=Y, casting="unsafe")
        else:
            self.preprocessing.transform_targets(targets, Y)

    def _transform_all(self, dtype: np.dtype[Any]) -> None:
        X = np.empty((len(self.rows), self.preprocessing.features), dtype=dtype)
        Y = np.empty((len(self.rows), self.preprocessing.outputs), dtype=dtype)
        for start in range(0, len(self.rows), TRANSFORM_ROWS):
            stop = min(start + TRANSFORM_ROWS, len(self.rows))
            self._transform(self.array[self.rows.block(start, stop), :], X[start:stop], Y[start:stop])
        self.X, self.Y = X, Y


def rows_of_another(
    array: StoredRows,
    table: Table,
    training: Table,
    preprocessing: Preprocessing,
    dtype: np.dtype[Any],
    in_memory_bytes: int = IN_MEMORY_BYTES,
    kernels: str = NUMPY,
) -> MappedRows:
    """Return all rows of another dataset, transformed for a network that was trained on the table `training`."""
    every = RowRanges(range(table.rows))
    return MappedRows(array, table, preprocessing, every, dtype, in_memory_bytes, Recoding(table, training), kernels)
