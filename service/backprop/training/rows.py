"""Rows to train on, and their order in each epoch."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.randomness import Purpose, generator

WINDOW_BLOCKS = 64  # blocks in a window, within which rows are shuffled


class Rows(Protocol):
    """Rows of inputs and targets, gathered by index into the caller's arrays.

    `sample_weights` (n,) holds the weight of each row in the loss; None when all weights are equal. `block_rows` is
    the number of neighbouring rows that should be read together from a disk; None when rows can be read in any order.
    """

    @property
    def sample_weights(self) -> FloatArray | None: ...

    @property
    def block_rows(self) -> int | None: ...

    def __len__(self) -> int: ...

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        """Fill X (k, inputs) and Y (k, outputs) with the rows at `indices` (k,)."""


class ArrayRows:
    """Rows of two arrays, (n, inputs) and (n, outputs)."""

    def __init__(
        self, X: FloatArray, Y: FloatArray, sample_weights: FloatArray | None = None, block_rows: int | None = None
    ) -> None:
        self.X, self.Y, self.sample_weights, self.block_rows = X, Y, sample_weights, block_rows

    def __len__(self) -> int:
        return len(self.X)

    def gather(self, indices: IndexArray, X: FloatArray, Y: FloatArray) -> None:
        np.take(self.X, indices, axis=0, out=X, mode="clip")
        np.take(self.Y, indices, axis=0, out=Y, mode="clip")


def batches(rows: Rows, batch_size: int, shuffle: bool, seed: int, epoch: int) -> Iterator[IndexArray]:
    """Yield the indices of all rows in the order of one epoch, `batch_size` at a time.

    The order is a pure function of the arguments. Rows in blocks are shuffled in two steps: first the blocks, then the
    rows within each window of blocks, so that only the rows of one window are read from the disk at a time.
    """
    if rows.block_rows is None:
        yield from _cut(_order(len(rows), shuffle, seed, epoch), batch_size)
        return
    left = np.empty(0, dtype=np.intp)
    for window in _windows(len(rows), rows.block_rows, shuffle, seed, epoch):
        left = np.concatenate([left, window])
        whole = len(left) // batch_size * batch_size
        yield from _cut(left[:whole], batch_size)
        left = left[whole:]
    yield from _cut(left, batch_size)


def _order(count: int, shuffle: bool, seed: int, epoch: int) -> IndexArray:
    order = np.arange(count, dtype=np.intp)
    if shuffle:
        generator(seed, Purpose.SHUFFLE, epoch).shuffle(order)
    return order


def _cut(order: IndexArray, batch_size: int) -> Iterator[IndexArray]:
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _windows(count: int, block_rows: int, shuffle: bool, seed: int, epoch: int) -> Iterator[IndexArray]:
    blocks = _order(-(-count // block_rows), shuffle, seed, epoch)
    for number, start in enumerate(range(0, len(blocks), WINDOW_BLOCKS), 1):
        firsts = blocks[start : start + WINDOW_BLOCKS] * block_rows
        window = (firsts[:, None] + np.arange(block_rows, dtype=np.intp)).ravel()
        window = window[window < count]
        if shuffle:
            generator(seed, Purpose.SHUFFLE, epoch, number).shuffle(window)
        yield window
