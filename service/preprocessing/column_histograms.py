"""Histograms of stored columns, counted in blocks of rows; of a large dataset in a sample of its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Column, ColumnType

MOST_BYTES, MOST_ROWS = 64 * 1024 * 1024, 500_000  # of stored rows that are read
BLOCK_BYTES = 1024 * 1024
LEAST_ROWS = 1000
RUN_ROWS = 256  # rows of a sample that stand together, as they are read from the disk together

UNIT = 4.0  # numbers are divided by it, exactly, as the distance between two may be beyond the largest
SMALLEST = 1e-300  # bins narrower than this are too narrow to compute with
LARGEST_WHOLE = 2.0**52  # numbers and a half are exact up to here

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """How often values occur in a column, over `rows` rows.

    Numbers have `edges` (bins + 1,), as NumPy's histograms do: each bin lacks its upper edge, but for the last one.
    Categories have `categories` (k,), the most frequent first, and `other` is the number of values of all others.
    """

    counts: Counts
    missing: int
    rows: int
    edges: Numbers | None = None
    categories: tuple[str, ...] | None = None
    other: int = 0


def column_histograms(
    array: NDArray[Any], columns: Sequence[Column], chosen: Sequence[int], bins: int, categories: int
) -> list[Histogram]:
    """Count the values of some columns of a stored array (rows, columns).

    Parameters
    ----------
    chosen
        The indices of the columns.
    bins
        The most for a column of numbers. There are fewer where its extremes lie too close together for as many floating
        point numbers. A column of whole numbers whose range has at most so many values has one bin for each value.
    categories
        The most that are listed of a column.
    """
    counters = [_counter(columns[index], bins, categories) for index in chosen]
    for block in _blocks(array):
        values = np.asarray(block[:, chosen], dtype=np.float64)
        for place, counter in enumerate(counters):
            counter.add(values[:, place])
    return [counter.histogram() for counter in counters]


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield all rows of the array if they are few enough, else runs of rows at even distances."""
    rows, row_bytes = len(array), array.strides[0]
    most = min(MOST_ROWS, max(LEAST_ROWS, MOST_BYTES // row_bytes))
    if rows <= most:
        step = max(1, BLOCK_BYTES // row_bytes)
        starts = np.arange(0, rows, step)
    else:
        step = RUN_ROWS
        starts = np.linspace(0, rows - step, most // step).astype(np.intp)
    for start in starts.tolist():
        yield array[start : start + step]


def _counter(column: Column, bins: int, categories: int) -> "_Numbers | _Categories":
    if column.type is ColumnType.CATEGORY:
        return _Categories(column.categories or (), categories)
    return _Numbers(column.minimum, column.maximum, bins)


class _Categories:
    """Counts codes of categories; `most` are listed."""

    def __init__(self, names: tuple[str, ...], most: int) -> None:
        self.names, self.most = names, most
        self.counts, self.rows = np.zeros(len(names), dtype=np.int64), 0

    def add(self, values: Numbers) -> None:
        """Count the codes of a block of rows, (rows,), in which NaN is a missing value."""
        present = values[~np.isnan(values)]
        self.rows += len(values)
        self.counts += np.bincount(present.astype(np.intp), minlength=len(self.names))

    def histogram(self) -> Histogram:
        """Return the counts so far of the most frequent categories."""
        order = np.argsort(-self.counts, kind="stable")[: self.most]
        counts, total = self.counts[order], int(self.counts.sum())
        names = tuple(self.names[index] for index in order)
        return Histogram(counts, self.rows - total, self.rows, categories=names, other=total - int(counts.sum()))


class _Numbers:
    """Counts numbers between the extremes of the whole column, which are None for one without a number."""

    def __init__(self, low: float | None, high: float | None, bins: int) -> None:
        self.low, self.high, self.bins = low, high, bins
        self.edges: Numbers | None = None
        self.counts, self.rows, self.missing = np.zeros(0, dtype=np.int64), 0, 0

    def add(self, values: Numbers) -> None:
        """Count the numbers of a block of rows, (rows,), in which NaN is a missing value."""
        present = values[~np.isnan(values)]
        self.rows += len(values)
        self.missing += len(values) - len(present)
        if not len(present) or self.low is None or self.high is None:
            return
        if self.edges is None:
            self.edges = bin_edges(self.low, self.high, self.bins, bool((present == np.floor(present)).all()))
            self.counts = np.zeros(len(self.edges) - 1, dtype=np.int64)
        # extremes that were stored divided by a scale are off by the last digit
        self.counts += np.histogram(present.clip(self.edges[0], self.edges[-1]), self.edges)[0]

    def histogram(self) -> Histogram:
        """Return the counts so far, by bin."""
        edges = np.zeros(0) if self.edges is None else self.edges
        return Histogram(self.counts, self.missing, self.rows, edges)


def bin_edges(low: float, high: float, bins: int, are_whole: bool) -> Numbers:
    """Return the edges of bins of one width from `low` to `high`; around each value for a few whole numbers."""
    if are_whole and high - low < bins and max(-low, high) < LARGEST_WHOLE and low.is_integer() and high.is_integer():
        return np.arange(low, high + 2) - 0.5
    if low == high:
        return np.array([low, np.nextafter(high, np.inf)])
    while bins > 1:
        edges = _evenly(low, high, bins)
        if (np.diff(edges / UNIT) > SMALLEST).all():
            return edges
        bins //= 2  # the two lie too close together for so many edges
    return np.array([low, high])


def _evenly(low: float, high: float, bins: int) -> Numbers:
    return np.linspace(low / UNIT, high / UNIT, bins + 1) * UNIT
