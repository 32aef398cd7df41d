"""Gathering of rows in chunks, in a thread ahead of the steps that use them if there is one to spare."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray, aligned_zeros
from service.backprop.network import Network
from service.backprop.training.rows import Rows


class Chunk(NamedTuple):
    """Gathered rows: their indices (rows,), inputs X (rows, inputs) and targets Y (rows, outputs)."""

    indices: IndexArray
    X: FloatArray
    Y: FloatArray


class Gatherer:
    """Gathers up to `room` rows at a time; with `spare`, the next chunk is gathered while one is trained on."""

    def __init__(self, rows: Rows, network: Network, room: int, spare: bool) -> None:
        self.rows = rows
        places = 2 if spare else 1
        self.X = aligned_zeros(places * room * network.inputs, network.dtype).reshape(places, room, network.inputs)
        self.Y: FloatArray = np.empty((places, room, network.outputs), dtype=network.dtype)
        self.pool = ThreadPoolExecutor(1) if spare else None
        self.under_way: Future[Chunk] | None = None

    def gather(self, indices: IndexArray, place: int = 0) -> Chunk:
        """Return the rows at `indices`, which are valid until the buffers with number `place` are used again."""
        X, Y = self.X[place, : len(indices)], self.Y[place, : len(indices)]
        self.rows.gather(indices, X, Y)
        return Chunk(indices, X, Y)

    def chunks(self, order: Iterable[IndexArray]) -> Iterator[Chunk]:
        """Yield the chunks of an order; each is valid until the next one is requested."""
        if self.pool is None:
            yield from map(self.gather, order)
            return
        place = 0
        for indices in order:
            following = self.pool.submit(self.gather, indices, place)
            if self.under_way is not None:
                yield self.under_way.result()
            self.under_way, place = following, 1 - place
        if self.under_way is not None:
            last, self.under_way = self.under_way, None
            yield last.result()

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown()
