"""Gathers epoch results and has them written down a few times a second, beside the training."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from service.backprop.training.diagnostics import Warned
from service.backprop.training.fingerprint import fingerprint
from service.backprop.training.results import EpochRun
from service.backprop.training.state import StateTaker, TrainingState
from service.services import Services
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.records import JobRecord, ParameterBlock, Status, Stopped
from workers.run.epoch_buffer import Pending
from workers.run.flush import Flush, Last, Writer, Written
from workers.run.lease import Fenced
from workers.run.retention import Keeping

FLUSH_SECONDS = 0.25
FLUSH_SHARE = 0.02  # flushes are stretched until they cost at most this share of the time, or come every 5 s
LONGEST_WAIT_SECONDS = 5.0
WITHIN_SECONDS = 60.0  # an epoch that takes longer is kept on the way
PENDING_BYTES = 8 * 1024 * 1024
COPIED_BYTES = 32 * 1024 * 1024  # a larger state is written before training goes on, for want of memory for a copy

Finishing = Callable[[Connection], dict[str, Any]]


class Recorder:
    """What one run of a job writes. `add` an epoch, `flush` when due, exactly one of the endings, and `close`."""

    def __init__(
        self,
        services: Services,
        job: JobRecord,
        bytes_an_epoch: int,
        preprocessing: dict[str, Any],
        also: frozenset[int] = frozenset(),
    ) -> None:
        self.services, self.job, self.preprocessing = services, job, preprocessing
        storing = job.training.store_parameters
        budget = storing.limit_bytes or services.settings.stored_epochs_bytes  # older jobs have none of their own
        self.keeping = Keeping(job.training.epochs, storing.every, bytes_an_epoch, budget, also)
        self.keeps_states = storing.optimizer_state
        self.writer = Writer(services, job, self.keeping)
        self.pool = ThreadPoolExecutor(1, thread_name_prefix=f"flush {job.id}")
        self.under_way: Future[Written] | None = None
        self.pending = Pending()
        self.warnings = list(job.warnings)
        best = job.best_epoch
        self.best_alone = best if best is not None and best not in self.keeping else None  # kept for that reason only
        self.latest: tuple[int, bytes | None] | None = None  # its bytes are let go of once they are on their way
        self.latest_kept = False
        self.latest_state: bytes | None = None  # the optimizer's, in a job that keeps them
        self.best: tuple[int, bytes] | None = None
        self.state: StateTaker | None = None
        self.resumed_at: tuple[int, int, int] | None = None  # see `_position`
        self.progressed = False  # whether there is more to store than it began with
        self.within_alone: int | None = None  # an epoch kept for as long as the next one is under way
        self.best_epoch = job.best_epoch
        self.stopped: str | None = None if job.stopped is None else job.stopped.reason
        self.seconds = job.training_seconds
        self.asked: str | None = None  # what the client had asked for at the last flush
        self.began_at = time.monotonic()
        self.flushed_at = -math.inf
        self.flush_cost = 0.0
        self.flushes_block = False  # the state is large: training waits for each flush

    def goes_on_from(self, state: TrainingState, data: bytes | None, is_stored: bool) -> None:
        """Begin where an earlier run stood; `data` are the newest epoch's parameters, where no later one is begun."""
        self.resumed_at = _position(state)
        if data is None:
            self.within_alone = None if state.epoch in self.keeping or state.epoch == self.best_epoch else state.epoch
            return
        self.latest, self.latest_kept = (state.epoch, data), is_stored
        self.latest_state = state.optimizer.to_bytes() if self.keeps_states else None

    def add(self, run: EpochRun) -> None:
        """Add a run's epochs; their parameters are copied here, those of the epochs before are released first."""
        self._goes_on()
        if self.latest is not None:
            self.latest = (self.latest[0], None)
        data, size = run.parameters.tobytes(), run.parameters[0].nbytes
        if self.keeps_states and run.state is not None:
            self.latest_state = run.state(copied=False).optimizer.to_bytes()
        stored = self.keeping.chosen_of(run.first_epoch, len(run))
        if run.best_epoch >= run.first_epoch:
            at = run.best_epoch - run.first_epoch
            self._keep_best(run.best_epoch, bool(stored[at]))
            self.best = (run.best_epoch, data[at * size : (at + 1) * size])
            stored[at] = True
        self.pending.add(run, data, stored, self.keeping.every, self.latest_state)
        self.latest, self.latest_kept = (run.last_epoch, data[-size:]), bool(stored[-1])
        self.best_epoch, self.state, self.stopped = run.best_epoch, run.state, run.stopped
        self.seconds += run.seconds * len(run)
        for warned in run.warnings:
            self._warn(warned)

    def _goes_on(self) -> None:
        """An epoch is done: the one before need not be kept for its sake any more."""
        self.progressed = True
        if self.within_alone is not None:
            self.pending.forget_parameters(self.within_alone)
            self.within_alone = None

    def _keep_best(self, epoch: int, kept: bool) -> None:
        """There is a new best epoch: the one before need not be kept for that any more."""
        if self.best_alone is not None:
            self.pending.forget_parameters(self.best_alone)
        self.best_alone = None if kept else epoch

    def _alone(self, epoch: int, data: bytes) -> ParameterBlock:
        return ParameterBlock(epoch, epoch, self.keeping.every, len(data), data)

    @property
    def last_epoch(self) -> int | None:
        """The newest epoch of the job, of this run or of one before."""
        return self.job.epoch if self.latest is None else self.latest[0]

    def bytes_of(self, epoch: int) -> bytes | None:
        """The parameters of an epoch if they are at hand: the newest and the best of this run are until written."""
        at_hand = dict(pair for pair in (self.best, self.latest) if pair is not None)
        return at_hand.get(epoch) or self.pending.parameters_of(epoch)

    def _warn(self, warned: Warned) -> None:
        """Each kind of warning is told once a layer."""
        if all((told["code"], told["layer"]) != (warned.code, warned.layer) for told in self.warnings):
            self.warnings.append(asdict(warned))

    def wishes(self) -> str | None:
        """What the client has asked for, as far as a flush has heard of it."""
        if self.under_way is not None and self.under_way.done():
            self.settle()
        return self.asked

    @property
    def is_resumable(self) -> bool:
        """Whether training can go on from the newest epoch: else nothing may be flushed yet."""
        return self.state is not None

    def is_due(self) -> bool:
        """Whether to flush now: never after an epoch that training cannot go on from."""
        if not self.is_resumable:
            return False
        if self.pending.size_bytes > PENDING_BYTES:
            return True
        if self.under_way is not None and not self.under_way.done():
            return False
        self.settle()
        longest = WITHIN_SECONDS if self.flushes_block else LONGEST_WAIT_SECONDS
        wait = min(max(FLUSH_SECONDS, self.flush_cost / FLUSH_SHARE), longest)
        return time.monotonic() - self.flushed_at >= wait

    def is_due_within(self) -> bool:
        """Whether an epoch takes so long that its state is to be kept on the way."""
        return time.monotonic() - max(self.flushed_at, self.began_at) >= WITHIN_SECONDS

    def flush_beside(self) -> None:
        """Have what is pending written while training goes on; where the state is large, before it does."""
        self.settle()
        assert self.state is not None
        self.flushes_block = self.state(copied=False).nbytes > COPIED_BYTES
        if self.flushes_block:
            self._note(self.writer.write, self._flush())
            return
        self.under_way = self.pool.submit(self.writer.write, self._flush(copied=True))

    def flush(self) -> str | None:
        """Write what is pending; what the client has asked for meanwhile. Raises `Fenced` when the job is another's."""
        self.settle()
        self._note(self.writer.write, self._flush())
        return self.asked

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
        """Write what is pending of a training that is complete, with its state, for a run that only concludes it."""
        self.settle()
        self.state = lambda copied=True: state
        flush = self._flush()
        self.state = None
        flush.progress.update(self.stopping())
        self._note(self.writer.write, flush)

    def keep_within(self, state: StateTaker) -> None:
        """Keep a state at an epoch's beginning or within it, with all that is pending of those before it."""
        at = _position(state(copied=False))
        self.progressed |= self.resumed_at is None or at > self.resumed_at
        if at[1] and self._keep_newest():
            self.within_alone, self.latest_kept = at[0], True
        self.state = state
        self.flush_beside()
        self.state = None  # it is good until training goes on

    def settle(self) -> None:
        """Wait for the flush that is under way; raises what it raised."""
        if self.under_way is not None:
            under_way, self.under_way = self.under_way, None
            self._note(under_way.result)

    def end(self, status: Status, finishing: Finishing | None = None) -> None:
        """Write what is pending and the final state, in one transaction; `finishing` may add columns to it."""
        self.settle()
        self._keep_newest()
        self._note(self.writer.write, self._flush(last=lambda connection: self._finish(connection, status, finishing)))

    def put_back(self, behind: bool = False) -> Status:
        """Give the job up for others to go on from the last flush; its new state. `behind` the others of its priority.

        What came after it is dropped: where training has stopped between batches it was kept there (see `Within`), else
        the state is no epoch's any more.
        """
        self.writer.hurried.set()
        self.settle()
        self.pending = Pending()
        with self.services.database.begin() as connection:
            status = jobs.put_back(connection, self.job, behind)
        if status is None:
            raise Fenced
        return status

    def close(self) -> None:
        """Let go of the thread; a flush that is under way comes to its end."""
        self.writer.hurried.set()
        self.pool.shutdown()

    def _finish(self, connection: Connection, status: Status, finishing: Finishing | None) -> bool:
        values = finishing(connection) if finishing is not None else {}
        return jobs.finish(connection, self.job, status, **values)

    def _keep_newest(self) -> bool:
        """Keep the newest epoch: told in its row, whether that is pending or written. False when it is kept already."""
        epoch, data = self.latest or (0, None)
        if data is None or self.latest_kept:
            return False
        if not self.pending.keep_last(self._alone(epoch, data), self.latest_state):
            self.pending.keep(self._alone(epoch, data), self.latest_state)
            self.pending.late = epoch
        return True

    def _flush(self, copied: bool = False, last: Last | None = None) -> Flush:
        """Hand over what is pending; what is on its way need not be at hand any more."""
        state = None if self.state is None or last is not None else self.state(copied=copied)
        flush = Flush(self.pending, self._progress(), list(self.warnings), state, last)
        self.pending, self.best = Pending(), None
        if self.latest is not None and self.latest_kept:
            self.latest = (self.latest[0], None)
        return flush

    def _note(self, write: Callable[..., Written], *flush: Flush) -> None:
        """What a flush has told; where it failed, nothing that came after it may be stored."""
        try:
            written = write(*flush)
        except BaseException:
            self.pending, self.latest, self.best = Pending(), None, None
            raise
        self.asked, self.flush_cost = written.asked, written.seconds
        self.flushed_at = time.monotonic()

    def _progress(self) -> dict[str, Any]:
        values: dict[str, Any] = {"preprocessing": self.preprocessing, "warnings": list(self.warnings)}
        if self.progressed:
            values |= {
                "stored_attempt": self.job.attempt,
                "fingerprint": fingerprint(self.services.settings.kernels),
            }
        if self.latest is not None:
            epoch = self.latest[0]
            values |= {
                "epoch": epoch,
                "best_epoch": self.best_epoch,
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
