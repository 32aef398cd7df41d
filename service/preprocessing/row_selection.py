"""Selections of rows of a stored array that take little memory, and reading them block by block.

A row's position counts the selected rows from 0; its index counts the rows of the stored array.
"""

import mmap
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.preprocessing.stored_rows import StoredRows

Indices = NDArray[np.intp]

READ_ROWS = 65_536  # rows in a block of a dataset with few columns
LET_GO_BYTES = 64 * 1024 * 1024


class Selection(Protocol):
    """A selection of rows of a stored array, ascending."""

    def __len__(self) -> int: ...

    def at(self, positions: Indices) -> Indices:
        """Return the indices of the rows at `positions` (k,)."""

    def block(self, start: int, stop: int) -> slice | Indices:
        """Return an index into the stored array for the positions from `start` to `stop`."""


class RowRanges:
    """A selection of ascending, disjoint ranges of rows; its memory does not depend on the number of rows."""

    def __init__(self, *ranges: range) -> None:
        self.ranges = tuple(part for part in ranges if len(part))
        self.ends = np.cumsum([len(part) for part in self.ranges], dtype=np.intp)
        begins = np.concatenate([[0], self.ends[:-1]])
        self.shifts = np.array([part.start for part in self.ranges], dtype=np.intp) - begins[: len(self.ranges)]

    def __len__(self) -> int:
        return int(self.ends[-1]) if self.ranges else 0

    def at(self, positions: Indices) -> Indices:
        shifts = self.shifts[0] if len(self.ranges) == 1 else self.shifts[self._range_of(positions)]
        return np.asarray(positions + shifts)

    def block(self, start: int, stop: int) -> slice | Indices:
        first, last = self._range_of(np.array([start, stop - 1], dtype=np.intp))
        if first == last:
            shift = int(self.shifts[first])
            return slice(start + shift, stop + shift)
        return self.at(np.arange(start, stop, dtype=np.intp))

    def _range_of(self, positions: Indices) -> Indices:
        return np.searchsorted(self.ends, positions, side="right")


class RowList:
    """A selection of single rows: ascending `indices` in the smallest type that holds them."""

    def __init__(self, indices: NDArray[np.unsignedinteger[Any]]) -> None:
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def at(self, positions: Indices) -> Indices:
        return self.indices[positions].astype(np.intp)

    def block(self, start: int, stop: int) -> slice | Indices:
        return self.indices[start:stop].astype(np.intp)


class InterruptibleRows:
    """Another selection whose reading calls `check`, which may raise, between blocks."""

    def __init__(self, rows: Selection, check: Callable[[], None]) -> None:
        self.rows, self.check = rows, check

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, positions: Indices) -> Indices:
        return self.rows.at(positions)

    def block(self, start: int, stop: int) -> slice | Indices:
        if start:
            self.check()
        return self.rows.block(start, stop)


def smallest_type(largest: int) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds 0 to `largest`."""
    return np.min_scalar_type(largest)


def row_number(rows: Selection, position: int) -> int:
    """Return the number of a row for clients: counted from 1 in the whole dataset."""
    return int(rows.at(np.array([position], dtype=np.intp))[0]) + 1


class Pages:
    """Releases the pages of a mapped file at intervals, so that they do not accumulate in this process.

    They remain in the operating system's cache. The map must be read-only.
    """

    def __init__(self, array: StoredRows) -> None:
        base: Any = array
        while base is not None and not isinstance(base, mmap.mmap):
            base = getattr(base, "base", None)
        self.mapping: mmap.mmap | None = base if hasattr(mmap, "MADV_DONTNEED") else None
        self.bytes = 0

    def read(self, size: int) -> None:
        """Count `size` bytes that were copied out of the map."""
        self.bytes += size
        if self.bytes >= LET_GO_BYTES and self.mapping is not None:
            self.mapping.madvise(mmap.MADV_DONTNEED)
            self.bytes = 0


def read_blocks(array: StoredRows, rows: Selection, step: int, columns: slice) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the rows' `columns` as copies of at most `step` rows, each with the position of its first row."""
    pages = Pages(array)
    for start in range(0, len(rows), step):
        block = np.array(array[rows.block(start, min(start + step, len(rows))), columns])
        yield start, block
        pages.read(len(block) * array.strides[0])
