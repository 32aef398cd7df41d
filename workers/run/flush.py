"""Writes what a run has gathered: each time one short, fenced transaction, tried until it is done."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.backprop.training.state import TrainingState
from service.errors import Conflict, OutOfSpace, Unavailable
from service.services import Services
from service.store.blobs import references
from service.store.blobs.placement import Placed, free, hold, place, place_written
from service.store.database import Connection
from service.store.epochs import diagnostics, epochs, hash_chain, optimizer_states, thinning
from service.store.jobs import jobs
from service.store.records import JobRecord, ParameterBlock, Status
from workers.run.epoch_buffer import Pending
from workers.run.events import Telling
from workers.run.lease import Fenced
from workers.run.retention import Keeping, joined

APART_SECONDS = 0.5  # between two tries, while the database is away or its disk full

Last = Callable[[Connection], bool]  # what comes last in a transaction; False when the job is no longer this run's


@dataclass(frozen=True)
class Flush:
    """What one transaction writes: what was gathered, the job's columns of progress, and the state to go on from.

    `last` ends the run: there is no state then, and the one before is dropped.
    """

    pending: Pending
    progress: dict[str, Any]
    warnings: list[dict[str, Any]]
    state: TrainingState | None
    last: Last | None = None


@dataclass(frozen=True)
class Written:
    """It is stored: what the client has `asked` for meanwhile, and how many seconds it took."""

    asked: str | None
    seconds: float


@dataclass(frozen=True)
class _Placed:
    """Blocks of parameters and the optimizer's states beside them with their bytes, and the state to go on from.

    The large ones are in the blobs already.
    """

    blocks: list[tuple[ParameterBlock, Placed]]
    standings: list[tuple[int, Placed]]
    state: tuple[int, Placed] | None

    def large(self) -> list[Placed]:
        """What lies in the blobs."""
        placed = [placed for _, placed in (*self.blocks, *self.standings)]
        placed += [] if self.state is None else [self.state[1]]
        return [each for each in placed if each.address is not None]


class Writer:
    """The one who writes for a run, one flush after the other, in whatever thread."""

    def __init__(self, services: Services, job: JobRecord, keeping: Keeping) -> None:
        self.services, self.job, self.keeping = services, job, keeping
        self.telling = Telling(job)
        self.hurried = threading.Event()  # set when there is no time left for trying again
        self.should_stop: Callable[[], bool] = lambda: False  # as training is asked
        self.stored_bytes: int | None = None  # of the job's parameters, once they were counted
        self.chain = job.chain  # over the hashes of all epochs that are written

    def write(self, flush: Flush) -> Written:
        """Write it all or nothing. `Fenced` when the job is another's, or the database is away for a lease's time.

        `OutOfSpace` when its disk, or that of the blobs, is full for so long.
        """
        began = time.monotonic()
        chain = hash_chain.over(self.chain, flush.pending.hashes())
        placed: _Placed | None = None
        superseded: list[str] = []
        tries = 0
        while True:
            try:
                placed = placed or self._place(flush)
                asked, superseded = self._transaction(flush, placed, chain)
                break
            except Conflict:  # the try before may have been committed late, by a database that stood still
                if not tries or not self._was_committed(flush):
                    raise
                asked = None
                break
            except (Unavailable, OutOfSpace) as error:
                tries += 1
                if self._gives_up(began):
                    if isinstance(error, OutOfSpace):
                        raise
                    raise Fenced from None
                self.stored_bytes = None  # to be counted again
                if self._was_committed(flush):
                    asked = None
                    break
        self.chain = chain
        free(self.services.blobs, self.services.database, superseded)
        self.telling.noted(flush.warnings)
        return Written(asked, time.monotonic() - began)

    def _gives_up(self, began: float) -> bool:
        """Whether there is no time left for another try; else it is time for one."""
        waited = time.monotonic() - began
        is_over = waited > self.services.settings.lease_seconds
        return is_over or self.hurried.wait(APART_SECONDS) or self.should_stop()

    def _place(self, flush: Flush) -> _Placed:
        """Large byte strings go into the blobs first: they take too long for a transaction."""
        blobs = self.services.blobs
        blocks = [
            (block, place(blobs, block.bytes)) for block in joined(flush.pending.blocks, self.keeping.__contains__)
        ]
        standings = [(epoch, place(blobs, data)) for epoch, data in flush.pending.states.items()]
        if flush.state is None:
            return _Placed(blocks, standings, None)
        state = flush.state
        return _Placed(blocks, standings, (state.epoch, place_written(blobs, state.nbytes, state.write)))

    def _transaction(self, flush: Flush, placed: _Placed, chain: str | None) -> tuple[str | None, list[str]]:
        """What the client has asked for, and the addresses that are pointed to no longer."""
        number, pending = self.job.number, flush.pending
        with self.services.database.begin() as connection:
            if not jobs.fenced(
                connection, self.job, self.services.settings.lease_seconds, chain=chain, **flush.progress
            ):
                raise Fenced
            if large := placed.large():
                references.pointing(connection)
                hold(self.services.blobs, large)
            epochs.add_epochs(connection, number, pending.runs)
            diagnostics.add_diagnostics(connection, number, pending.diagnostics)
            epochs.add_parameters(connection, number, [(block, each.address) for block, each in placed.blocks])
            optimizer_states.add(connection, number, [(epoch, each.stored()) for epoch, each in placed.standings])
            if pending.late is not None:
                epochs.mark_stored(connection, number, pending.late)
            self.telling.note(connection, pending.newest, flush.warnings, flush.last is not None)
            superseded = [epochs.forget_parameters(connection, number, epoch) for epoch in pending.forget]
            superseded += optimizer_states.forget(connection, number, pending.forget)
            superseded += self._thin(connection, flush)
            superseded.append(self._go_on_from(connection, flush, placed))
            return jobs.requested(connection, self.job), [each for each in superseded if each is not None]

    def _thin(self, connection: Connection, flush: Flush) -> tuple[str, ...]:
        """Make room where stored epochs take more than they may; where those lay that are gone, if in the blobs."""
        newest, keeping = flush.pending.newest, self.keeping
        if self.stored_bytes is None:
            self.stored_bytes = thinning.stored_bytes(connection, self.job.number, keeping.size)
        else:
            self.stored_bytes += flush.pending.size_bytes - keeping.size * len(flush.pending.forget)
        excess = self.stored_bytes - keeping.budget
        if newest is None or excess <= 0:
            return ()
        best = flush.progress.get("best_epoch")
        spared = [newest.epoch] if best is None else [newest.epoch, best]
        wanted = thinning.Wanted(keeping.every, keeping.size, keeping.room, (*spared, *keeping.also))
        thinned = thinning.thin(connection, self.job.number, excess, newest.epoch, wanted)
        self.stored_bytes -= thinned.freed
        return thinned.addresses

    def _go_on_from(self, connection: Connection, flush: Flush, placed: _Placed) -> str | None:
        """Store the state to go on from, or end the run; where the state before lay, if it was in the blobs."""
        if flush.last is not None:
            before = epochs.drop_resume_state(connection, self.job.number)
            if not flush.last(connection):
                raise Fenced
            return before
        if placed.state is None:
            return None
        epoch, state = placed.state
        return epochs.save_resume_state(connection, self.job.number, epoch, state.stored())

    def _was_committed(self, flush: Flush) -> bool:
        """After a lost answer to COMMIT: whether it took place."""
        try:
            with self.services.database.read() as connection:
                job = jobs.get_job(connection, self.job.id)
                stored = epochs.last_epoch(connection, self.job.number)
        except Unavailable:
            return False
        if job.attempt != self.job.attempt:
            raise Fenced
        if flush.last is not None:
            return job.status is not Status.RUNNING
        newest = flush.pending.newest
        return newest is not None and stored is not None and stored >= newest.epoch
