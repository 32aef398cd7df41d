"""Writes what a run has buffered: each time one short, fenced transaction, tried until it is done."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.backprop.training.state import TrainingState
from service.errors import Conflict, OutOfSpace, Unavailable
from service.services import Services
from service.store.blobs.placement import Placed, free, place_written
from service.store.database import Connection
from service.store.epochs import diagnostics, epochs, hash_chain, optimizer_states, thinning
from service.store.epochs.placed_parameters import PlacedParameters
from service.store.jobs import jobs
from service.store.records import JobRecord, Status
from workers.run.epoch_buffer import EpochBuffer
from workers.run.events import RunEvents
from workers.run.lease import Fenced
from workers.run.retention import Retention, joined

APART_SECONDS = 0.5  # between two tries, while the database is away or its disk full

LastStatement = Callable[[Connection], bool]  # False when the job is no longer this run's


@dataclass(frozen=True)
class Flush:
    """What one transaction writes: the buffer, the job's columns of progress, and the state to go on from.

    `last` ends the run: there is no state then, and the one before is dropped.
    """

    buffer: EpochBuffer
    progress: dict[str, Any]
    warnings: list[dict[str, Any]]
    state: TrainingState | None
    last: LastStatement | None = None


@dataclass(frozen=True)
class Written:
    """The outcome of a flush: what the client has `asked` for meanwhile, and how many seconds it took."""

    asked: str | None
    seconds: float


@dataclass(frozen=True)
class _Placed:
    """Where the bytes of a flush lie: parameters, and the state to go on from with its epoch."""

    parameters: PlacedParameters
    state: tuple[int, Placed] | None


class Writer:
    """Writes the flushes of a run, one after the other, in whatever thread."""

    def __init__(self, services: Services, job: JobRecord, retention: Retention) -> None:
        self.services, self.job, self.retention = services, job, retention
        self.events = RunEvents(job)
        self.hurried = threading.Event()  # set when there is no time left for trying again
        self.should_stop: Callable[[], bool] = lambda: False  # as training is asked
        self.stored_bytes: int | None = None  # of the job's parameters, once they were counted
        self.chain = job.chain  # over the hashes of all epochs that are written

    def write(self, flush: Flush) -> Written:
        """Write it all or nothing. `Fenced` when the job is another's, or the database is away for a lease's time.

        `OutOfSpace` when its disk, or that of the blobs, is full for so long.
        """
        began = time.monotonic()
        chain = hash_chain.over(self.chain, flush.buffer.hashes())
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
        self.events.committed(flush.warnings)
        return Written(asked, time.monotonic() - began)

    def _gives_up(self, began: float) -> bool:
        """Whether there is no time left for another try; else it is time for one."""
        waited = time.monotonic() - began
        is_over = waited > self.services.settings.lease_seconds
        return is_over or self.hurried.wait(APART_SECONDS) or self.should_stop()

    def _place(self, flush: Flush) -> _Placed:
        """Put large byte strings into the blobs first: they take too long for a transaction."""
        blobs, state = self.services.blobs, flush.state
        blocks = joined(flush.buffer.blocks, self.retention.__contains__)
        parameters = PlacedParameters.place(blobs, blocks, flush.buffer.states)
        if state is None:
            return _Placed(parameters, None)
        return _Placed(parameters, (state.epoch, place_written(blobs, state.nbytes, state.write)))

    def _transaction(self, flush: Flush, placed: _Placed, chain: str | None) -> tuple[str | None, list[str]]:
        """What the client has asked for, and the addresses that are pointed to no longer."""
        number, buffer = self.job.number, flush.buffer
        with self.services.database.begin() as connection:
            if not jobs.fenced(
                connection, self.job, self.services.settings.lease_seconds, chain=chain, **flush.progress
            ):
                raise Fenced
            epochs.add_epochs(connection, number, buffer.runs)
            diagnostics.add_diagnostics(connection, number, buffer.diagnostics)
            state = () if placed.state is None else (placed.state[1],)
            placed.parameters.insert(connection, self.services.blobs, self.job, buffer.late, *state)
            self.events.add(connection, buffer.newest, flush.warnings, flush.last is not None)
            superseded = [epochs.forget_parameters(connection, number, epoch) for epoch in buffer.forget]
            superseded += optimizer_states.forget(connection, number, buffer.forget)
            superseded += self._thin(connection, flush)
            superseded.append(self._go_on_from(connection, flush, placed))
            return jobs.requested(connection, self.job), [each for each in superseded if each is not None]

    def _thin(self, connection: Connection, flush: Flush) -> tuple[str, ...]:
        """Make room where stored epochs take more than they may; where those lay that are gone, if in the blobs."""
        newest, retention = flush.buffer.newest, self.retention
        if self.stored_bytes is None:
            self.stored_bytes = thinning.stored_bytes(connection, self.job.number, retention.size)
        else:
            self.stored_bytes += flush.buffer.size_bytes - retention.size * len(flush.buffer.forget)
        excess = self.stored_bytes - retention.budget
        if newest is None or excess <= 0:
            return ()
        best = flush.progress.get("best_epoch")
        spared = [newest.epoch] if best is None else [newest.epoch, best]
        wanted = thinning.Wanted(retention.every, retention.size, retention.room, (*spared, *retention.also))
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
        newest = flush.buffer.newest
        return newest is not None and stored is not None and stored >= newest.epoch
