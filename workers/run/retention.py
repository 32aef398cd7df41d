"""Which epochs' parameters are stored, and how many of them share a row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.store.blobs.placement import fits_a_row
from service.store.records import JobRecord, ParameterBlock


@dataclass(frozen=True)
class Retention:
    """Of epochs 0 to `total` each `every`-th is stored, and the last; `BestEpoch` looks after the best one.

    Of `size` bytes each they take at most `budget`: past it older ones are thinned (see `store.epochs.thinning`), but
    not those in `also`. With `optimizer_states` the optimizer's state is stored next to the parameters.
    """

    total: int
    every: int
    size: int
    budget: int
    also: frozenset[int] = frozenset()
    optimizer_states: bool = False

    @classmethod
    def of(cls, job: JobRecord, size: int, default_budget: int, also: frozenset[int]) -> "Retention":
        """Return what a job asks for; jobs of earlier versions have no budget of their own."""
        storing = job.training.store_parameters
        budget = storing.limit_bytes or default_budget
        return cls(job.training.epochs, storing.every, size, budget, also, storing.optimizer_state)

    @property
    def room(self) -> int:
        """How many epochs the spacing may leave; a quarter of what fits stays for the newest, which all remain."""
        return self.budget // max(self.size, 1) * 3 // 4

    def chosen_of(self, first: int, count: int) -> NDArray[np.bool_]:
        """Which of `count` epochs from `first` on are stored."""
        numbers = np.arange(first, first + count)
        chosen = np.asarray((numbers % self.every == 0) | (numbers == self.total))
        return chosen | np.isin(numbers, list(self.also)) if self.also else chosen

    def __contains__(self, epoch: int) -> bool:
        return epoch % self.every == 0 or epoch == self.total or epoch in self.also


def joined(blocks: list[ParameterBlock], is_chosen: Callable[[int], bool]) -> list[ParameterBlock]:
    """Join neighbouring single epochs, one row for each run of them, unless they are too large to share one.

    One that is stored for another reason than being chosen may go, so it stays alone.
    """
    runs: list[list[ParameterBlock]] = []
    together = 0
    for block in blocks:
        last = runs[-1][-1] if runs else None
        together += len(block.bytes)
        follows = last is not None and last.last_epoch + block.stride == block.first_epoch and fits_a_row(together)
        if follows and last is not None and is_chosen(last.last_epoch) and is_chosen(block.first_epoch):
            runs[-1].append(block)
        else:
            runs.append([block])
            together = len(block.bytes)
    return [
        ParameterBlock(
            run[0].first_epoch, run[-1].last_epoch, run[0].stride, run[0].size, b"".join(one.bytes for one in run)
        )
        for run in runs
    ]
