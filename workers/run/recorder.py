"""Gathers the epochs of a run and has them written a few times a second, next to the training."""

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
from service.store.jobs import jobs
from service.store.records import JobRecord, ParameterBlock, Status
from workers.run.best_epoch import BestEpoch, NewestEpoch
from workers.run.epoch_buffer import EpochBuffer
from workers.run.flush import Flush, LastStatement, Writer
from workers.run.flush_policy import FlushPolicy
from workers.run.flush_thread import FlushThread
from workers.run.lease import Fenced
from workers.run.retention import Retention

EndValues = Callable[[Connection], dict[str, Any]]  # called in the transaction of a job's end: more of its columns


class Recorder:
    """What one run of a job writes. `add` runs of epochs, `flush` when due, exactly one of the endings, and `close`."""

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
        self._has_progressed = False  # whether there is more to store than it started with
        self._stored_within: int | None = None  # an epoch that is stored for as long as the next one is under way

    def resume_from(self, state: TrainingState, data: bytes | None, is_stored: bool) -> None:
        """Start where an earlier run stood; `data` are the newest epoch's parameters, where no later one is started."""
        self._resumed_at = _position(state)
        if data is None:
            is_needed = state.epoch in self.retention or state.epoch == self.best.number
            self._stored_within = None if is_needed else state.epoch
            return
        optimizer_state = state.optimizer.to_bytes() if self.retention.optimizer_states else None
        self.newest = NewestEpoch(state.epoch, data, is_stored, optimizer_state)

    def add(self, run: EpochRun) -> None:
        """Add a run's epochs; their parameters are copied here, those of the epochs before are released first."""
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
        """Take into account that an epoch is done: the one before need not be stored for its sake any more."""
        self._has_progressed = True
        if self._stored_within is not None:
            self.buffer.forget_parameters(self._stored_within)
            self._stored_within = None

    def _warn(self, warned: Warned) -> None:
        """Record each kind of warning once a layer."""
        if all((each["code"], each["layer"]) != (warned.code, warned.layer) for each in self.warnings):
            self.warnings.append(asdict(warned))

    @property
    def last_epoch(self) -> int | None:
        """The newest epoch of the job, of this run or of one before."""
        return self.job.epoch if self.newest is None else self.newest.number

    def bytes_of(self, epoch: int) -> bytes | None:
        """The parameters of an epoch if they are in memory: the newest and the best of this run are until written."""
        if self.newest is not None and self.newest.number == epoch and self.newest.data:
            return self.newest.data
        if self.best.number == epoch and self.best.data:
            return self.best.data
        return self.buffer.parameters_of(epoch)

    def requested(self) -> str | None:
        """What the client has requested, as far as a flush has found it."""
        if not self.flushes.is_busy:
            self.settle()
        return self.flushes.requested

    @property
    def is_resumable(self) -> bool:
        """Whether training can go on from the newest epoch: else nothing may be flushed yet."""
        return self.state is not None

    def is_due(self) -> bool:
        """Whether to flush now: never after an epoch that training cannot go on from."""
        if not self.is_resumable:
            return False
        if self.policy.is_full(self.buffer.size_bytes):
            return True
        if self.flushes.is_busy:
            return False
        self.settle()
        return self.policy.is_due()

    def flush_in_background(self) -> None:
        """Have the buffer written while training goes on; where the state is large, before it does."""
        self.settle()
        assert self.state is not None
        self.policy.set_state_size(self.state(copied=False).nbytes)
        if self.policy.blocks:
            self.flushes.write(self._flush())
        else:
            self.flushes.write_in_background(self._flush(copied=True))

    def flush(self) -> str | None:
        """Write the buffer; what the client has requested meanwhile. Raises `Fenced` when the job is another's."""
        self.settle()
        self.flushes.write(self._flush())
        return self.flushes.requested

    def stopping(self) -> dict[str, Any]:
        """The job's columns that say why training ended before its last epoch, if it did."""
        if self.stopped is None:
            return {}
        epoch = self.last_epoch
        return {
            "stopped": Stopped(reason=self.stopped, epoch=epoch),
            "reached_epoch": epoch if self.stopped == "stop_when" else None,
        }

    def store_reached(self, state: TrainingState) -> None:
        """Write the buffer of a training that is complete, with its state, for a run that only concludes it."""
        self.settle()
        self.state = lambda copied=True: state
        flush = self._flush()
        self.state = None
        flush.progress.update(self.stopping())
        self.flushes.write(flush)

    def store_within_epoch(self, state: StateTaker) -> None:
        """Store a state at an epoch's start or within it, with all that is buffered of the epochs before it."""
        at = _position(state(copied=False))
        self._has_progressed |= self._resumed_at is None or at > self._resumed_at
        if at[1] and self._store_newest():
            self._stored_within = at[0]
            if self.newest is not None:
                self.newest.is_stored = True
        self.state = state
        self.flush_in_background()
        self.state = None  # it is good until training goes on

    def settle(self) -> None:
        """Wait for the flush that is under way; raises what it raised."""
        self.flushes.settle()

    def end(self, status: Status, values: EndValues | None = None) -> None:
        """Write the buffer and the final state, in one transaction; `values` may add columns to it."""
        self.settle()
        self._store_newest()
        self.flushes.write(self._flush(last=lambda connection: self._finish(connection, status, values)))

    def release(self, behind: bool = False) -> Status:
        """Give the job up for others to go on from the last flush; its new state. `behind` the others of its priority.

        What came after that flush is dropped: where training has stopped between batches the state was stored there
        (see `EpochCheckpoint`), else the state is no epoch's any more.
        """
        self.flushes.hurry()
        self.settle()
        self.buffer = EpochBuffer()
        with self.services.database.begin() as connection:
            status = jobs.release(connection, self.job, behind)
        if status is None:
            raise Fenced
        return status

    def close(self) -> None:
        """End the thread that flushes."""
        self.flushes.close()

    def _finish(self, connection: Connection, status: Status, values: EndValues | None) -> bool:
        return jobs.finish(connection, self.job, status, **({} if values is None else values(connection)))

    def _store_newest(self) -> bool:
        """Have the newest epoch's parameters stored, whether its row is buffered or written. False when they are."""
        newest = self.newest
        if newest is None or newest.data is None or newest.is_stored:
            return False
        block = ParameterBlock(newest.number, newest.number, self.retention.every, len(newest.data), newest.data)
        self.buffer.store_last(block, newest.optimizer_state)
        return True

    def _flush(self, copied: bool = False, last: LastStatement | None = None) -> Flush:
        """Hand over the buffer; parameters that are on their way need not stay in memory."""
        state = None if self.state is None or last is not None else self.state(copied=copied)
        flush = Flush(self.buffer, self._progress(), list(self.warnings), state, last)
        self.buffer, self.best.data = EpochBuffer(), None
        if self.newest is not None:
            self.newest.release_stored()
        return flush

    def _drop_unwritten(self) -> None:
        """A flush has failed: nothing that came after it may be stored."""
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


def _position(state: TrainingState) -> tuple[int, int, int]:
    """Return how far a state is: its epoch, and of the next the batches and the validation rows that are done."""
    partial_epoch = state.partial_epoch
    if partial_epoch is None:
        return state.epoch, 0, 0
    return state.epoch, partial_epoch.batches, partial_epoch.validated_rows
