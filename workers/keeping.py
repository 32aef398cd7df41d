"""Which epochs' parameters are kept, and how many of them share a row."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from service.store.records import ParameterBlock
from service.stored_bytes import fits_a_row


class Keeping:
    """Which epochs' parameters are kept: each `every`-th while they fit `budget` bytes, else spaced logarithmically.

    The first and the last are always among them; the best is looked after by the recorder.
    """

    def __init__(self, total: int, every: int, size: int, budget: int) -> None:
        self.total, self.every = total, every
        room = max(2, budget // max(size, 1) - 2)  # the best and the last may come on top
        self.chosen: frozenset[int] | None = None
        if total // every + 2 > room:
            self.chosen = frozenset(logarithmic(total, every, room))

    def chosen_of(self, first: int, count: int) -> NDArray[np.bool_]:
        """Which of `count` epochs from `first` on are kept."""
        if self.every == 1 and self.chosen is None:
            return np.ones(count, dtype=np.bool_)
        return np.fromiter((epoch in self for epoch in range(first, first + count)), np.bool_, count)

    def __contains__(self, epoch: int) -> bool:
        if epoch in (0, self.total):
            return True
        return epoch % self.every == 0 if self.chosen is None else epoch in self.chosen


def logarithmic(total: int, every: int, room: int) -> list[int]:
    """At most `room` multiples of `every` from 0 to `total`, dense at first and ever wider apart."""
    steps = total // every
    growth = math.log(steps + 1) / max(room - 1, 1)
    return sorted({min(steps, round(math.expm1(growth * index))) * every for index in range(room)})


def joined(blocks: list[ParameterBlock], keeps: Callable[[int], bool]) -> list[ParameterBlock]:
    """Neighbouring single epochs as one row each run of them, unless they are too large to share one.

    One kept for another reason than being chosen may go, so it stays alone.
    """
    runs: list[list[ParameterBlock]] = []
    for block in blocks:
        last = runs[-1][-1] if runs else None
        together = sum(len(one.bytes) for one in runs[-1]) + len(block.bytes) if runs else 0
        follows = last is not None and last.last_epoch + block.stride == block.first_epoch and fits_a_row(together)
        if follows and last is not None and keeps(last.last_epoch) and keeps(block.first_epoch):
            runs[-1].append(block)
        else:
            runs.append([block])
    return [
        ParameterBlock(
            run[0].first_epoch, run[-1].last_epoch, run[0].stride, run[0].size, b"".join(one.bytes for one in run)
        )
        for run in runs
    ]
