"""Which epochs' parameters are stored, and how many of them share a row."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.store.blobs.placement import fits_a_row
from service.store.epoch_records import ParameterBlock
from service.store.records import JobRecord


@dataclass(frozen=True)
class Retention:
    """The rule by which a job stores the parameters of its epochs; `BestEpoch` stores those of the best one.

    Attributes
    ----------
    total
        The last epoch, which is always stored.
    every
        Every how many epochs the parameters are stored.
    size
        Bytes of one stored epoch, including the optimizer's state if that is stored.
    budget
        Bytes that the stored epochs may take together; above it older ones are thinned
        (see `service.store.epochs.thinning`).
    also
        Further epochs, which are always stored and never thinned.
    optimizer_states
        Whether the optimizer's state is stored with the parameters.
    """

    total: int
    every: int
    size: int
    budget: int
    also: frozenset[int] = frozenset()
    optimizer_states: bool = False

    @classmethod
    def of(cls, job: JobRecord, size: int, default_budget: int, also: frozenset[int]) -> "Retention":
        """Return the rule that a job asks for; jobs of earlier releases have no budget of their own."""
        storing = job.training.store_parameters
        budget = storing.limit_bytes or default_budget
        return cls(job.training.epochs, storing.every, size, budget, also, storing.optimizer_state)

    @property
    def room(self) -> int:
        """The number of epochs that thinning may retain; a quarter of the budget is left for the newest epochs."""
        return self.budget // max(self.size, 1) * 3 // 4

    def chosen_of(self, first: int, count: int) -> NDArray[np.bool_]:
        """Return which of `count` epochs from `first` on are stored (count,)."""
        numbers = np.arange(first, first + count)
        chosen = np.asarray((numbers % self.every == 0) | (numbers == self.total))
        return chosen | np.isin(numbers, list(self.also)) if self.also else chosen

    def __contains__(self, epoch: int) -> bool:
        return epoch % self.every == 0 or epoch == self.total or epoch in self.also


def joined(blocks: list[ParameterBlock], is_chosen: Callable[[int], bool]) -> list[ParameterBlock]:
    """Join blocks of consecutive stored epochs into one block each, as far as they fit a row.

    An epoch that is not `is_chosen`, such as the best one, may be deleted by itself, so its block is not joined.
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
