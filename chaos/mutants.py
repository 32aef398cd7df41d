"""Faults that are injected into a worker's process, to check that the oracle finds them.

Each is a function that patches the process it is called in; the service itself contains no code for them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from service.backprop import randomness
from service.backprop.layers import dropout
from service.backprop.randomness import Purpose
from service.backprop.training import rows
from service.backprop.training.trainer import Trainer
from service.store.jobs import jobs
from service.store.tables import jobs as table
from workers.run.flush import Writer
from workers.run.lease import Fenced

_whole = Writer._transaction
DRAWN = frozenset({Purpose.SHUFFLE, Purpose.DROPOUT})  # drawn anew in every epoch


def without_fence() -> None:
    """Let every run write that has ever owned a job."""
    jobs._is_mine = lambda job: table.c.number == job.number


def without_random_state() -> None:
    """Let a resumed run repeat its first random draws, as with a generator whose state was not stored."""
    lost = {"epochs": 0}
    draw, restore, begin = randomness.generator, Trainer.restore, Trainer.__init__

    def begin_anew(self: Trainer, *args: Any, **more: Any) -> None:
        lost["epochs"] = 0
        begin(self, *args, **more)

    def forget(self: Trainer, state: Any) -> None:
        restore(self, state)
        lost["epochs"] = state.epoch

    def from_the_first(seed: int, purpose: Purpose, epoch: int = 0, batch: int = 0, part: int = 0) -> Any:
        return draw(seed, purpose, epoch - lost["epochs"] if purpose in DRAWN else epoch, batch, part)

    Trainer.__init__, Trainer.restore = begin_anew, forget  # type: ignore[method-assign]
    for module in (rows, dropout):
        module.generator = from_the_first  # type: ignore[attr-defined]


def with_two_transactions() -> None:
    """Store the resume state in a transaction after the one that stores the epochs."""
    Writer._transaction = in_two_transactions  # type: ignore[method-assign]


def in_two_transactions(self: Writer, flush: Any, placed: Any, chain: Any) -> Any:
    if flush.last is not None or placed.state is None:
        return _whole(self, flush, placed, chain)
    asked, superseded = _whole(self, flush, replace(placed, state=None), chain)
    with self.services.database.begin() as connection:
        if not jobs.fenced(connection, self.job, self.services.settings.lease_seconds):
            raise Fenced
        before = self._replace_state(connection, flush, placed)
    return asked, [*superseded, *([] if before is None else [before])]


def without_last_look() -> None:
    """Let a run end as it meant to, whatever a client has requested since it looked."""
    finish = jobs.finish

    def finish_anyway(connection: Any, job: Any, status: Any, **values: Any) -> bool:
        connection.execute(table.update().where(table.c.number == job.number).values(requested=None))
        return finish(connection, job, status, **values)

    jobs.finish = finish_anyway


MUTANTS: dict[str, Callable[[], None]] = {
    "fence removed": without_fence,
    "random state dropped": without_random_state,
    "epoch and state in two transactions": with_two_transactions,
    "request at the end ignored": without_last_look,
}
