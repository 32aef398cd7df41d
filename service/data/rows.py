"""Rows of a stored dataset as a network takes them, gathered by index; and which rows train and which validate."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.randomness import Purpose, generator
from service.data.preprocessing import Preprocessing
from service.definitions.columns import ColumnType, Role, Table

IN_MEMORY_BYTES = 64 * 1024 * 1024
TRANSFORM_ROWS = 4096
Indices = NDArray[np.intp]


def open_rows(path: Path) -> NDArray[Any]:
    """The stored array (rows, columns) as a memory map."""
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


class MappedRows:
    """The engine's `Rows` over a memory map: transformed once when that is small, else while a batch is gathered.

    Both ways give the same bits: it is the same function on the same rows.
    """

    def __init__(
        self,
        array: NDArray[Any],
        table: Table,
        preprocessing: Preprocessing,
        rows: Indices,
        dtype: np.dtype[Any],
        in_memory_bytes: int = IN_MEMORY_BYTES,
    ) -> None:
        self.array, self.table, self.preprocessing, self.rows = array, table, preprocessing, rows
        self.columns = len(table.having(Role.INPUT))
        self.targets = len(table.having(Role.TARGET))
        # plain numbers need one division, by the dataset's scale
        self.plain = preprocessing.numbers == "none" and all(
            column.type is ColumnType.NUMBER and column.fill is None for column in preprocessing.inputs
        )
        self.scale = dtype.type(table.scale)
        self.codes = None
        if preprocessing.codes is not None and not preprocessing.single_output:
            self.codes = np.array(preprocessing.codes)
        self.sample_weights: NDArray[Any] | None = None
        self.block_rows: int | None = None
        self.X: NDArray[Any] | None = None
        self.Y: NDArray[Any] | None = None
        if len(rows) * (preprocessing.features + preprocessing.outputs) * dtype.itemsize <= in_memory_bytes:
            self._transform_all(dtype)

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, indices: Indices, X: NDArray[Any], Y: NDArray[Any]) -> None:
        """Fill X (k, features) and Y (k, outputs) with the rows at `indices` (k,) of these rows."""
        if self.X is not None and self.Y is not None:
            np.take(self.X, indices, axis=0, out=X, mode="clip")
            np.take(self.Y, indices, axis=0, out=Y, mode="clip")
        else:
            self._transform(np.take(self.array, self.rows[indices], axis=0), X, Y)

    def _transform(self, raw: NDArray[Any], X: NDArray[Any], Y: NDArray[Any]) -> None:
        inputs = raw[:, : self.columns]
        if self.plain:
            np.divide(inputs, self.scale, out=X, casting="unsafe")
        else:
            self.preprocessing.transform_inputs(inputs / self.table.scale, X)
        targets = raw[:, self.columns : self.columns + self.targets]
        if self.codes is not None:
            np.equal(targets, self.codes, out=Y, casting="unsafe")
        else:
            self.preprocessing.transform_targets(targets, Y)

    def _transform_all(self, dtype: np.dtype[Any]) -> None:
        X = np.empty((len(self.rows), self.preprocessing.features), dtype=dtype)
        Y = np.empty((len(self.rows), self.preprocessing.outputs), dtype=dtype)
        for start in range(0, len(self.rows), TRANSFORM_ROWS):
            part = slice(start, start + TRANSFORM_ROWS)
            self._transform(np.take(self.array, self.rows[part], axis=0), X[part], Y[part])
        self.X, self.Y = X, Y


def split(total: int, training: dict[str, Any]) -> tuple[Indices, Indices | None]:
    """Training and validation rows of a dataset of `total` rows, as a job's resolved `training` has them.

    A share is drawn with the job's seed out of the training rows; a range is taken out of them.
    """
    start, end = training["rows"] or (0, total)
    rows = np.arange(start, end, dtype=np.intp)
    validation = training["validation"] or {}
    if "rows" in validation:
        first, last = validation["rows"]
        held_out = np.arange(first, last, dtype=np.intp)
        return rows[(rows < first) | (rows >= last)], held_out
    if "fraction" in validation:
        order = rows.copy()
        generator(training["seed"], Purpose.SPLIT).shuffle(order)
        count = round(len(rows) * validation["fraction"])
        return np.sort(order[count:]), np.sort(order[:count])
    return rows, None
