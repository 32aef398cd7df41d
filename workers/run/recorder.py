"""Collects the epochs of a run and has them written a few times a second while training continues."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from service.backprop.training.diagnostics import Warned
from service.backprop.training.fingerprint import fingerprint
from service.backprop.training.results import EpochRun
from service.backprop.training.state import StateTaker, TrainingState
from service.definitions.job_parts import Stopped
from service.services import Services
from service.store.database import Connection
from service.store.epoch_records import ParameterBlock
from service.store.jobs import jobs
from service.store.records import JobRecord, Status
from workers.run.best_epoch import BestEpoch, NewestEpoch
from workers.run.epoch_buffer import EpochBuffer
from workers.run.flush import Flush, LastStatement, Writer
from workers.run.flush_policy import FlushPolicy
from workers.run.flush_thread import FlushThread
from workers.run.lease import Fenced
from workers.run.retention import Retention

EndValues = Callable[[Connection], dict[str, Any]]  # returns more columns for the transaction that ends a job


class Recorder:
    """Writes the results of one run of a job.

    Call `add` for each run of epochs, `flush` or `flush_in_background` when due, then either `end` or `release`, and
    finally `close`.
    """

    def __init__(
        self,
        services: Services,
        job: JobRecord,
        bytes_an_epoch: int,
        preprocessing: dict[str, Any],
        also: frozenset[int] = frozenset(),
    ) -> None:
        self.services, self.job, self.preprocessing = services, job, preprocessing
        self.retention = Retention.of(job, bytes_an_epoch, services.settings.stored_epochs_bytes, also)
        self.policy = FlushPolicy()
        self.writer = Writer(services, job, self.retention)
        self.flushes = FlushThread(self.writer, self.policy, self._drop_unwritten)
        self.buffer = EpochBuffer()
        best = job.best_epoch
        self.best = BestEpoch(best, stored_as_best=best is not None and best not in self.retention)
        self.newest: NewestEpoch | None = None
        self.warnings = list(job.warnings)
        self.state: StateTaker | None = None
        self.stopped: str | None = None if job.stopped is None else job.stopped.reason
        self.seconds = job.training_seconds
        self._resumed_at: tuple[int, int, int] | None = None  # see `_position`
        self._has_progressed = False  # whether there is more to store than at the start
        self._stored_within: int | None = None  # an epoch stored only until the next one is complete

    def resume_from(self, state: TrainingState, data: bytes | None, is_stored: bool) -> None:
        """Continue from the state of an earlier run.

        `data` are the parameters of its newest epoch; None when the state lies within a later epoch.
        """
        self._resumed_at = _position(state)
        if data is None:
            is_needed = state.epoch in self.retention or state.epoch == self.best.number
            self._stored_within = None if is_needed else state.epoch
            return
        optimizer_state = state.optimizer.to_bytes() if self.retention.optimizer_states else None
        self.newest = NewestEpoch(state.epoch, data, is_stored, optimizer_state)

    def add(self, run: EpochRun) -> None:
        """Add a run's epochs. Their parameters are copied, after those of earlier epochs are released."""
        self._progress_past_newest()
        optimizer_state = None
        if self.newest is not None:
            self.newest.data, optimizer_state = None, self.newest.optimizer_state
        data, size = run.parameters.tobytes(), run.parameters[0].nbytes
        if self.retention.optimizer_states and run.state is not None:
            optimizer_state = run.state(copied=False).optimizer.to_bytes()
        stored = self.retention.chosen_of(run.first_epoch, len(run))
        if run.best_epoch >= run.first_epoch:
            at = run.best_epoch - run.first_epoch
            before = self.best.replace(run.best_epoch, data[at * size : (at + 1) * size], bool(stored[at]))
            if before is not None:
                self.buffer.forget_parameters(before)
            stored[at] = True
        self.buffer.add(run, data, stored, self.retention.every, optimizer_state)
        self.newest = NewestEpoch(run.last_epoch, data[-size:], bool(stored[-1]), optimizer_state)
        self.state, self.stopped = run.state, run.stopped
        self.seconds += run.seconds * len(run)
        for warned in run.warnings:
            self._warn(warned)

    def _progress_past_newest(self) -> None:
        """Drop the parameters of the epoch before if they were stored only while the next one was in progress."""
        self._has_progressed = True
        if self._stored_within is not None:
            self.buffer.forget_parameters(self._stored_within)
            self._stored_within = None

    def _warn(self, warned: Warned) -> None:
        """Record each kind of warning once for each layer."""
        if all((known["code"], known["layer"]) != (warned.code, warned.layer) for known in self.warnings):
            self.warnings.append(asdict(warned))

    @property
    def last_epoch(self) -> int | None:
        """The newest epoch of the job, whether of this run or of an earlier one."""
        return self.job.epoch if self.newest is None else self.newest.number

    def bytes_of(self, epoch: int) -> bytes | None:
        """Return the parameters of an epoch if they are in memory, otherwise None.

        Those of the newest and the best epoch of this run are in memory until they are written.
        """
        if self.newest is not None and self.newest.number == epoch and self.newest.data:
            return self.newest.data
        if self.best.number == epoch and self.best.data:
            return self.best.data
        return self.buffer.parameters_of(epoch)

    def requested(self) -> str | None:
        """Return what a client had requested of the job at the latest flush."""
        if not self.flushes.is_busy:
            self.settle()
        return self.flushes.requested

    @property
    def is_resumable(self) -> bool:
        """Whether training can resume from the newest epoch; nothing may be flushed otherwise."""
        return self.state is not None

    def is_due(self) -> bool:
        """Return whether to flush now; never after an epoch that training cannot resume from."""
        if not self.is_resumable:
            return False
        if self.policy.is_full(self.buffer.total_bytes):
            return True
        if self.flushes.is_busy:
            return False
        self.settle()
        return self.policy.is_due()

    def flush_in_background(self) -> None:
        """Write the buffer while training continues; if the state is large, before it continues."""
        self.settle()
        assert self.state is not None
        self.policy.set_state_size(self.state(copied=False).nbytes)
        if self.policy.blocks:
            self.flushes.write(self._flush())
        else:
            self.flushes.write_in_background(self._flush(copied=True))

    def flush(self) -> str | None:
        """Write the buffer; return what a client has requested of the job meanwhile.

        Raises
        ------
        Fenced
            When another run owns the job.
        """
        self.settle()
        self.flushes.write(self._flush())
        return self.flushes.requested

    def stopping(self) -> dict[str, Any]:
        """Return the job's columns that say why training ended before its last epoch, if it did."""
        if self.stopped is None:
            return {}
        epoch = self.last_epoch
        return {
            "stopped": Stopped(reason=self.stopped, epoch=epoch),
            "reached_epoch": epoch if self.stopped == "stop_when" else None,
        }

    def store_reached(self, state: TrainingState) -> None:
        """Write the buffer and the state of a training that is complete, so that a later run only has to finish it."""
        self.settle()
        self.state = lambda copied=True: state
        flush = self._flush()
        self.state = None
        flush.progress.update(self.stopping())
        self.flushes.write(flush)

    def store_within_epoch(self, state: StateTaker) -> None:
        """Store a state at the start of an epoch or within it, and everything buffered of earlier epochs."""
        at = _position(state(copied=False))
        self._has_progressed |= self._resumed_at is None or at > self._resumed_at
        if at[1] and self._store_newest():
            self._stored_within = at[0]
        self.state = state
        self.flush_in_background()
        self.state = None  # it is valid only until training continues

    def settle(self) -> None:
        """Wait for the flush in the background; raise what it raised."""
        self.flushes.settle()

    def end(self, status: Status, values: EndValues | None = None) -> None:
        """Write the buffer and the final state, in one transaction; `values` may add columns to it.

        Raises
        ------
        Overtaken
            When a client has requested something else of the job, or `values` raises it. Nothing is written then, and
            the buffer stays.
        """
        self.settle()
        self._store_newest()
        flush = self._flush(last=lambda connection: self._finish(connection, status, values))
        try:
            self.flushes.write(flush)
        except jobs.Overtaken:
            self.buffer = flush.buffer
            raise

    def release(self, behind: bool = False) -> Status:
        """Release the job, so that a later run resumes from the last flush; return the job's new status.

        With `behind` it is queued behind all others of its priority. What was computed after the last flush is dropped:
        when training stops between batches, the state has been stored there (see `EpochCheckpoint`).
        """
        self.flushes.hurry()
        self.settle()
        self.buffer = EpochBuffer()
        return release(self.services, self.job, behind)

    def close(self) -> None:
        """End the thread that writes flushes."""
        self.flushes.close()

    def _finish(self, connection: Connection, status: Status, values: EndValues | None) -> bool:
        return jobs.finish(connection, self.job, status, **({} if values is None else values(connection)))

    def _store_newest(self) -> bool:
        """Add the newest epoch's parameters to the buffer; return False when they are stored already."""
        newest = self.newest
        if newest is None or newest.data is None or newest.is_stored:
            return False
        block = ParameterBlock(newest.number, newest.number, self.retention.every, len(newest.data), newest.data)
        self.buffer.store_last(block, newest.optimizer_state)
        newest.is_stored = True
        return True

    def _flush(self, copied: bool = False, last: LastStatement | None = None) -> Flush:
        """Return what to write, with the buffer emptied and the parameters that it stores released."""
        state = None if self.state is None or last is not None else self.state(copied=copied)
        flush = Flush(self.buffer, self._progress(), list(self.warnings), state, last)
        self.buffer, self.best.data = EpochBuffer(), None
        if self.newest is not None:
            self.newest.release_stored()
        return flush

    def _drop_unwritten(self) -> None:
        """Drop everything not written, as a flush has failed and nothing computed after it may be stored."""
        self.buffer, self.newest, self.best.data = EpochBuffer(), None, None

    def _progress(self) -> dict[str, Any]:
        values: dict[str, Any] = {"preprocessing": self.preprocessing, "warnings": list(self.warnings)}
        if self._has_progressed:
            values |= {
                "stored_attempt": self.job.attempt,
                "fingerprint": fingerprint(self.services.settings.kernels),
            }
        if self.newest is not None:
            epoch = self.newest.number
            values |= {
                "epoch": epoch,
                "best_epoch": self.best.number,
                "epochs_per_second": epoch / self.seconds if self.seconds > 0 and epoch else None,
                "training_seconds": self.seconds,
            }
        return values


def release(services: Services, job: JobRecord, behind: bool = False) -> Status:
    """Release a job that this run owns, also while the disk is full; return its new status."""
    status = services.ending(lambda connection: jobs.release(connection, job, behind))
    if status is None:
        raise Fenced
    return status


def _position(state: TrainingState) -> tuple[int, int, int]:
    """Return how far a state is: its epoch, and the batches and validation rows completed of the next one."""
    partial_epoch = state.partial_epoch
    if partial_epoch is None:
        return state.epoch, 0, 0
    return state.epoch, partial_epoch.batches, partial_epoch.validated_rows
