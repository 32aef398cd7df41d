"""Writes what a run has buffered, in one short transaction for each flush, which is retried until it succeeds."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.backprop.training.state import TrainingState
from service.errors import Conflict, OutOfSpace, ServiceError, Unavailable
from service.services import Services
from service.store.blobs.placement import Placed, free, place_written
from service.store.database import Connection
from service.store.epochs import diagnostics, epochs, hash_chain, optimizer_states, thinning
from service.store.epochs.placed_parameters import PlacedParameters
from service.store.jobs import jobs, sizes
from service.store.records import JobRecord, Status
from workers.run.epoch_buffer import EpochBuffer
from workers.run.events import RunEvents
from workers.run.lease import Fenced
from workers.run.retention import Retention, joined

APART_SECONDS = 0.5  # between two attempts, while the database does not answer or its disk is full

LastStatement = Callable[[Connection], bool]  # returns False when another run owns the job


@dataclass(frozen=True)
class Flush:
    """The content of one transaction: the buffer, the job's columns of progress, and the state to resume from.

    `last` is given for the last flush of a run and ends the job; `state` is None then, and the stored one is deleted.
    """

    buffer: EpochBuffer
    progress: dict[str, Any]
    warnings: list[dict[str, Any]]
    state: TrainingState | None
    last: LastStatement | None = None

    @property
    def size_bytes(self) -> int:
        """About how many bytes are written."""
        return self.buffer.total_bytes + (0 if self.state is None else self.state.nbytes)


@dataclass(frozen=True)
class Written:
    """The outcome of a flush: what a client has requested of the job meanwhile, and how many seconds it took."""

    asked: str | None
    seconds: float


@dataclass(frozen=True)
class _Placed:
    """The byte strings of a flush, placed in rows or blobs: parameters, and the state to resume from with its epoch."""

    parameters: PlacedParameters
    state: tuple[int, Placed] | None


class Writer:
    """Writes the flushes of a run one after the other; may be called from any thread."""

    def __init__(self, services: Services, job: JobRecord, retention: Retention) -> None:
        self.services, self.job, self.retention = services, job, retention
        self.events = RunEvents(job)
        self.hurried = threading.Event()  # set when a failed attempt must not be repeated
        self.should_stop: Callable[[], bool] = lambda: False  # whether the worker process is to stop
        self.stored_bytes: int | None = None  # of the job's parameters; None until they are counted
        self.chain = job.chain  # over the hashes of all epochs that are written

    def write(self, flush: Flush) -> Written:
        """Write a flush in one transaction, and repeat failed attempts for as long as a lease lasts.

        Raises
        ------
        Fenced
            When another run owns the job, or the database does not answer for so long.
        OutOfSpace
            When the disk of the database or of the blobs is full for so long, or seen to be nearly full.
        Overtaken
            When the flush was to end the job and a client has changed what that depends on; nothing is written.
        """
        began = time.monotonic()
        self.services.space.check_writing(flush.size_bytes)
        chain = hash_chain.over(self.chain, flush.buffer.hashes())
        placed: _Placed | None = None
        superseded: list[str] = []
        tries = 0
        while True:
            try:
                placed = placed or self._place(flush)
                asked, superseded = self._transaction(flush, placed, chain)
                break
            except jobs.Overtaken:
                self.stored_bytes = None  # to be counted again
                raise
            except Conflict:  # the attempt before may have been committed late, by a database that was frozen
                if not tries or not self._was_committed(flush):
                    raise
                asked = None
                break
            except (Unavailable, OutOfSpace) as error:
                tries += 1
                if self._gives_up(began, error):  # otherwise it has waited until the next attempt
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

    def _gives_up(self, began: float, error: ServiceError) -> bool:
        """Wait until the next attempt is due; return True when there is to be none.

        While a disk is seen to be full the job waits in the queue instead, and gives its place back.
        """
        is_over = time.monotonic() - began > self.services.settings.lease_seconds
        is_over |= isinstance(error, OutOfSpace) and self.services.space.is_short()
        return is_over or self.hurried.wait(APART_SECONDS) or self.should_stop()

    def _place(self, flush: Flush) -> _Placed:
        """Store large byte strings as blobs, which would take too long within the transaction."""
        blobs, state = self.services.blobs, flush.state
        blocks = joined(flush.buffer.blocks, self.retention.__contains__)
        parameters = PlacedParameters.place(blobs, blocks, flush.buffer.states)
        placed = None if state is None else (state.epoch, place_written(blobs, state.nbytes, state.write))
        return _Placed(parameters, placed)

    def _transaction(self, flush: Flush, placed: _Placed, chain: str | None) -> tuple[str | None, list[str]]:
        """Write the flush; return what a client has requested, and the addresses that rows no longer point to."""
        number, buffer = self.job.number, flush.buffer
        with self.services.database.begin() as connection:
            lease_seconds = self.services.settings.lease_seconds
            if not jobs.fenced(connection, self.job, lease_seconds, chain=chain, **flush.progress):
                raise Fenced
            epochs.add_epochs(connection, number, buffer.runs)
            diagnostics.add_diagnostics(connection, number, buffer.diagnostics)
            state = () if placed.state is None else (placed.state[1],)
            placed.parameters.insert(connection, self.services.blobs, self.job, buffer.late, *state)
            self.events.add(connection, buffer.newest, flush.warnings, flush.last is not None)
            superseded = [epochs.forget_parameters(connection, number, epoch) for epoch in buffer.forget]
            before = self.stored_bytes
            superseded += [*optimizer_states.forget(connection, number, buffer.forget), *self._thin(connection, flush)]
            if self.stored_bytes is not None and self.stored_bytes != before:
                sizes.set_epochs(connection, number, self.stored_bytes)
            superseded.append(self._replace_state(connection, flush, placed))
            return jobs.requested(connection, self.job), [address for address in superseded if address is not None]

    def _thin(self, connection: Connection, flush: Flush) -> tuple[str, ...]:
        """Thin the stored epochs if they exceed the job's budget; return the addresses of blobs that were dropped."""
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

    def _replace_state(self, connection: Connection, flush: Flush, placed: _Placed) -> str | None:
        """Store the state to resume from, or end the run; return the address of the previous state's blob, if any."""
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
        """Return whether an earlier attempt was committed although its answer was lost."""
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
