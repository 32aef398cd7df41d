"""Statistics of stored columns over the training rows, read in blocks when they are first needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Column, ColumnType
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks, row_number
from service.preprocessing.stored_rows import StoredRows

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _FirstPass:
    """Minimum, maximum, mean and number of values of each column (columns,), and its first row without a value."""

    low: Numbers
    high: Numbers
    mean: Numbers
    count: Numbers
    first_missing: list[int | None]


class ColumnStatistics:
    """Minimum, maximum, mean and standard deviation (columns,) of stored numbers over `rows`.

    Statistics stored with the dataset save reading: columns without missing values are not searched for them.
    """

    def __init__(self, array: StoredRows, rows: Selection, columns: tuple[Column, ...]) -> None:
        self.array, self.rows, self.columns = array, rows, columns

    @property
    def low(self) -> Numbers:
        return self._first.low

    @property
    def high(self) -> Numbers:
        return self._first.high

    @property
    def mean(self) -> Numbers:
        return self._first.mean

    def first_missing(self, column: int) -> int | None:
        """Return the first row, counted from 1, in which the column has no value; None when there is none."""
        return self._first.first_missing[column] if self.columns[column].missing else None

    def lies_within(self, start: int, stop: int, scale: float, interval: tuple[float, float] = (-1.0, 1.0)) -> bool:
        """Return whether all numbers of columns `start` to `stop`, divided by `scale`, lie within the interval.

        The rows are read only if the minimum and maximum of the whole dataset lie outside.
        """
        chosen = [index for index in range(start, stop) if self.columns[index].type is ColumnType.NUMBER]
        if all(_is_within(self.columns[index], scale, interval) for index in chosen):
            return True
        low, high = self.low[chosen] / scale, self.high[chosen] / scale
        return bool((low >= interval[0]).all() and (high <= interval[1]).all())

    @cached_property
    def _first(self) -> _FirstPass:
        width = len(self.columns)
        low, high = np.full(width, np.inf), np.full(width, -np.inf)
        first_missing: list[int | None] = [None] * width
        count, total = np.zeros(width), np.zeros(width)
        for start, block in self._blocks():
            present = ~np.isnan(block)
            count += present.sum(axis=0)
            total += np.where(present, block, 0.0).sum(axis=0)
            low = np.minimum(low, np.where(present, block, np.inf).min(axis=0))
            high = np.maximum(high, np.where(present, block, -np.inf).max(axis=0))
            for column in np.flatnonzero(~present.all(axis=0)):
                if first_missing[column] is None:
                    first_missing[column] = row_number(self.rows, start + int(present[:, column].argmin()))
        return _FirstPass(low, high, total / np.maximum(count, 1), count, first_missing)

    @cached_property
    def deviation(self) -> Numbers:
        squares = np.zeros(len(self.columns))
        for _, block in self._blocks():
            squares += np.nansum((block - self.mean) ** 2, axis=0)
        return np.sqrt(squares / np.maximum(self._first.count, 1))

    def _blocks(self) -> Iterator[tuple[int, Numbers]]:
        width = len(self.columns)
        step = max(1, READ_ROWS * 16 // max(width, 16))
        for start, block in read_blocks(self.array, self.rows, step, slice(0, width)):
            yield start, block.astype(np.float64)


def _is_within(column: Column, scale: float, interval: tuple[float, float]) -> bool:
    low, high = column.minimum, column.maximum
    return low is not None and high is not None and low / scale >= interval[0] and high / scale <= interval[1]
