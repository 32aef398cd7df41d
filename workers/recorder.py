"""Gathers epoch results and writes them down a few times a second, each time in one short, fenced transaction."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from struct import iter_unpack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.diagnostics import Warned
from service.backprop.results import EpochResult, EpochRun
from service.backprop.state import StateTaker
from service.errors import OutOfSpace, Unavailable
from service.fingerprint import fingerprint
from service.parts import Parts
from service.store import chains, diagnostics, epoch_runs, epochs, jobs, optimizer_states, references
from service.store.epoch_runs import RunRecord
from service.store.records import DiagnosticsRecord, EpochRecord, JobRecord, ParameterBlock, Status
from service.stored_bytes import Placed, free, hold, place, place_written, rows_together
from workers.keeping import Keeping, joined
from workers.standings import Standings
from workers.telling import Telling

FLUSH_SECONDS = 0.25
FLUSH_SHARE = 0.02  # flushes are stretched until they cost at most this share of the time, or come every 5 s
LONGEST_WAIT_SECONDS = 5.0
PENDING_BYTES = 8 * 1024 * 1024


class Fenced(Exception):
    """The job is no longer this run's; whatever it holds must be dropped."""


@dataclass(frozen=True)
class Writing:
    """What one transaction writes: blocks of parameters with their bytes, and the state to go on from."""

    blocks: list[tuple[ParameterBlock, Placed]]
    standings: list[tuple[int, Placed]]
    state: tuple[int, Placed] | None

    def large(self) -> list[Placed]:
        """What lies in the blobs already."""
        placed = [placed for _, placed in (*self.blocks, *self.standings)]
        placed += [] if self.state is None else [self.state[1]]
        return [each for each in placed if each.address is not None]


class Recorder:
    """What one run of a job writes. `add` an epoch, `flush` when due, and exactly one of the endings."""

    def __init__(self, parts: Parts, job: JobRecord, parameter_bytes: int, preprocessing: dict[str, Any]) -> None:
        self.parts, self.job, self.preprocessing = parts, job, preprocessing
        self.telling = Telling(job)
        self.lease_seconds = parts.settings.lease_seconds
        training = job.training
        self.keeping = Keeping(
            training["epochs"],
            training["store_parameters"]["every"],
            parameter_bytes,
            parts.settings.stored_epochs_bytes,
        )
        self.records: list[EpochRecord] = []
        self.runs: list[RunRecord] = []
        self.diagnostics: list[DiagnosticsRecord] = []
        self.warnings = list(job.warnings)
        self.blocks: list[ParameterBlock] = []
        self.pending_bytes = 0
        self.forget: list[int] = []
        best = job.best_epoch
        self.best_alone = best if best is not None and best not in self.keeping else None  # kept for that reason only
        self.latest: tuple[int, bytes | None] | None = None  # its bytes are let go of once they are stored
        self.latest_kept = False
        self.best: tuple[int, bytes] | None = None
        self.late: int | None = None  # an epoch whose row is written, and whose parameters come after it
        self.standings = Standings(training["store_parameters"].get("optimizer_state", False))
        self.chain = job.chain
        self.state: StateTaker | None = None
        self.best_epoch = job.best_epoch
        self.stopped: str | None = None
        self.seconds = job.training_seconds
        self.flushed_at = -math.inf
        self.flush_cost = 0.0

    def add(self, result: EpochResult) -> None:
        """Note an epoch; its parameters are copied here, those of the epoch before are gone first."""
        if self.latest is not None:
            self.latest = (self.latest[0], None)
        data = result.network.stored_bytes()
        self.standings.take(result.epoch, result.state)
        is_best = result.best_epoch == result.epoch
        kept = result.epoch in self.keeping
        if is_best:
            self._keep_best(result.epoch, kept)
        self.records.append(_record(result, kept or is_best, hashlib.sha256(data).hexdigest()))
        if kept or is_best:
            self._keep(result.epoch, data)
        self.latest, self.latest_kept = (result.epoch, data), kept or is_best
        if is_best:
            self.best = (result.epoch, data)
        self.best_epoch = result.best_epoch
        self.state = result.state
        self.stopped = result.stopped
        self.seconds += result.seconds
        if result.layers is not None:
            layers = [_finite(asdict(layer)) for layer in result.layers]
            self.diagnostics.append(DiagnosticsRecord(result.epoch, layers))
        for warned in result.warnings:
            self._warn(warned)

    def add_run(self, run: EpochRun) -> None:
        """Note short epochs that were trained together; their parameters are copied here."""
        data, size = run.parameters.tobytes(), run.parameters[0].nbytes
        sha256 = hashlib.sha256
        hashes = b"".join([sha256(part).digest() for (part,) in iter_unpack(f"{size}s", data)])
        count = len(data) // size
        stored = self.keeping.chosen_of(run.epoch, count)
        if run.best_epoch >= run.epoch:
            at = run.best_epoch - run.epoch
            self._keep_best(run.best_epoch, bool(stored[at]))
            self.best = (run.best_epoch, data[at * size : (at + 1) * size])
            stored[at] = True
        self._keep_run(run.epoch, data, size, stored)
        metrics = run.training_metrics
        columns = np.frombuffer(hashes, dtype=np.uint8).reshape(count, -1)
        self.runs.append(
            RunRecord(run.epoch, run.training_loss, metrics, run.learning_rate, run.seconds, stored, columns)
        )
        self.latest, self.latest_kept = (run.last_epoch, data[-size:]), bool(stored[-1])
        self.best_epoch, self.state = run.best_epoch, run.state
        self.seconds += run.seconds * count
        for warned in run.warnings:
            self._warn(warned)

    def _keep_run(self, first: int, data: bytes, size: int, stored: NDArray[np.bool_]) -> None:
        """Parameters of a run's epochs, `size` bytes each: as many in one block as fit a row, where all are kept."""
        if stored.all() and self.keeping.every == 1:
            together = rows_together(size)
            for start in range(0, len(stored), together):
                some = data[start * size : (start + together) * size]
                last = first + start + len(some) // size - 1
                self.blocks.append(ParameterBlock(first + start, last, 1, size, some))
                self.pending_bytes += len(some)
            return
        for index in np.flatnonzero(stored).tolist():
            self._keep(first + index, data[index * size : (index + 1) * size])

    def _keep_best(self, epoch: int, kept: bool) -> None:
        """There is a new best epoch: the one before need not be kept for that any more."""
        if self.best_alone is not None:
            self._forget(self.best_alone)
        self.best_alone = None if kept else epoch

    @property
    def last_epoch(self) -> int | None:
        """The newest epoch of the job, of this run or of one before."""
        return self.job.epoch if self.latest is None else self.latest[0]

    def bytes_of(self, epoch: int) -> bytes | None:
        """The parameters of an epoch if they are at hand: the newest and the best of this run are until stored."""
        at_hand = dict(pair for pair in (self.best, self.latest) if pair is not None)
        return at_hand.get(epoch)

    def _warn(self, warned: Warned) -> None:
        """Each kind of warning is told once a layer."""
        if all((told["code"], told["layer"]) != (warned.code, warned.layer) for told in self.warnings):
            self.warnings.append(asdict(warned))

    def _keep(self, epoch: int, data: bytes) -> None:
        self.blocks.append(ParameterBlock(epoch, epoch, self.keeping.every, len(data), data))
        self.pending_bytes += len(data) + self.standings.keep(epoch)

    def _forget(self, epoch: int) -> None:
        """Keep the parameters of a bettered best epoch no longer."""
        pending = [block for block in self.blocks if block.first_epoch == epoch]
        if not pending:
            self.forget.append(epoch)
            return
        self.blocks = [block for block in self.blocks if block.first_epoch != epoch]
        self.standings.forget(epoch)
        self.pending_bytes -= sum(block.size for block in pending)
        self.records = [
            replace(record, parameters_stored=False) if record.epoch == epoch else record for record in self.records
        ]
        for run in self.runs:
            if run.first_epoch <= epoch <= run.last_epoch:
                run.parameters_stored[epoch - run.first_epoch] = False

    @property
    def is_resumable(self) -> bool:
        """Whether training can go on from the newest epoch: else nothing may be flushed yet."""
        return self.state is not None

    def is_due(self) -> bool:
        """Whether to flush now: never after an epoch that training cannot go on from."""
        if not self.is_resumable:
            return False
        wait = min(max(FLUSH_SECONDS, self.flush_cost / FLUSH_SHARE), LONGEST_WAIT_SECONDS)
        return self.pending_bytes > PENDING_BYTES or time.monotonic() - self.flushed_at >= wait

    def flush(self) -> str | None:
        """Write what is pending; what the client has asked for meanwhile. Raises `Fenced` when the job is another's."""
        return self._write(None)

    def end(self, status: Status, finishing: Callable[[Any], dict[str, Any]] | None = None) -> None:
        """Write what is pending and the final state, in one transaction; `finishing` may add columns to it."""
        self._keep_last()
        self._write(lambda connection: self._finish(connection, status, finishing))

    def put_back(self, behind: bool = False) -> Status:
        """Give the job up for others to go on from the last flush; its new state. `behind` the others of its priority.

        What came after it is dropped: the run has been stopped within an epoch, so its state is no epoch's any more.
        """
        self._drop_pending()
        with self.parts.database.begin() as connection:
            status = jobs.put_back(connection, self.job, behind)
        if status is None:
            raise Fenced
        return status

    def _drop_pending(self) -> None:
        self.records, self.runs, self.diagnostics, self.blocks, self.forget = [], [], [], [], []
        self.pending_bytes = 0
        self.standings.stored()

    def _finish(self, connection: Any, status: Status, finishing: Callable[[Any], dict[str, Any]] | None) -> bool:
        values = finishing(connection) if finishing is not None else {}
        return jobs.finish(connection, self.job, status, **values)

    def _keep_last(self) -> None:
        """The last epoch is kept, however the run ended: told in its row, whether that is pending or written."""
        if self.latest is None:
            return
        epoch, data = self.latest
        if data is None:
            return
        if self.runs and self.runs[-1].last_epoch == epoch:
            if not self.runs[-1].parameters_stored[-1]:
                self.runs[-1].parameters_stored[-1] = True
                self._keep(epoch, data)
            return
        if self.records:
            if not self.records[-1].parameters_stored:
                self.records[-1] = replace(self.records[-1], parameters_stored=True)
                self._keep(epoch, data)
            return
        with self.parts.database.read() as connection:
            stored = epochs.get_epoch(connection, self.job.number, epoch)
        if stored is not None and not stored.parameters_stored:
            self._keep(epoch, data)
            self.late = epoch

    def _write(self, last: Callable[[Any], bool] | None) -> str | None:
        began = time.monotonic()
        writing = self._writing(with_state=last is None)
        chain = chains.over(self.chain, self.pending_hashes())
        superseded: list[str] = []
        while True:
            try:
                asked, superseded = self._transaction(writing, chain, last)
                break
            except (Unavailable, OutOfSpace):
                # the database is away, or its disk full: try again while the lease lasts, then drop the work
                if time.monotonic() - began > self.lease_seconds:
                    raise Fenced from None
                time.sleep(0.5)
                if self._was_committed(last is not None):
                    asked = None
                    break
        self.chain = chain
        free(self.parts, superseded)
        self.telling.noted(self.warnings)
        self._drop_pending()
        self._let_go()
        self.flush_cost = time.monotonic() - began
        self.flushed_at = time.monotonic()
        return asked

    def _let_go(self) -> None:
        """What is stored need not be at hand any more."""
        self.best = None
        if self.latest is not None and self.latest_kept:
            self.latest = (self.latest[0], None)

    def _was_committed(self, ending: bool) -> bool:
        """After a lost answer to COMMIT: whether it took place."""
        try:
            with self.parts.database.read() as connection:
                job = jobs.get_job(connection, self.job.id)
                stored = epochs.last_epoch(connection, self.job.number)
        except Unavailable:
            return False
        if job.attempt != self.job.attempt:
            raise Fenced
        if ending:
            return job.status is not Status.RUNNING
        pending = [record.epoch for record in self.records[-1:]] + [run.last_epoch for run in self.runs[-1:]]
        return not pending or (stored is not None and stored >= max(pending))

    def _writing(self, with_state: bool) -> Writing:
        """What is pending, its large byte strings in the blobs already: they take too long for a transaction."""
        blobs = self.parts.blobs
        blocks = [(block, place(blobs, block.bytes)) for block in joined(self.blocks, self.keeping.__contains__)]
        standings = self.standings.placed(blobs)
        if not with_state or self.state is None:
            return Writing(blocks, standings, None)
        state = self.state(copied=False)  # no copy: it is written before training goes on
        return Writing(blocks, standings, (state.epoch, place_written(blobs, state.nbytes, state.write)))

    def _transaction(
        self, writing: Writing, chain: str | None, last: Callable[[Any], bool] | None
    ) -> tuple[str | None, list[str]]:
        """What the client has asked for, and the addresses that are pointed to no longer."""
        number = self.job.number
        with self.parts.database.begin() as connection:
            if not jobs.fenced(connection, self.job, self.lease_seconds, chain=chain, **self._progress()):
                raise Fenced
            if large := writing.large():
                references.pointing(connection)
                hold(self.parts.blobs, large)
            epochs.add_epochs(connection, number, self.records)
            epoch_runs.add_runs(connection, number, self.runs)
            diagnostics.add_diagnostics(connection, number, self.diagnostics)
            epochs.add_parameters(connection, number, [(block, each.address) for block, each in writing.blocks])
            optimizer_states.add(connection, number, [(epoch, each.stored()) for epoch, each in writing.standings])
            if self.late is not None:
                epochs.mark_stored(connection, number, self.late)
            self.telling.note(connection, self._newest(), self.warnings, last is not None)
            superseded = [epochs.forget_parameters(connection, number, epoch) for epoch in self.forget]
            superseded += [optimizer_states.forget(connection, number, epoch) for epoch in self.forget]
            if last is not None:
                superseded.append(epochs.drop_resume_state(connection, number))
                if not last(connection):
                    raise Fenced
            elif writing.state is not None:
                epoch, state = writing.state
                superseded.append(epochs.save_resume_state(connection, number, epoch, state.stored()))
            return jobs.requested(connection, self.job), [each for each in superseded if each is not None]

    def pending_hashes(self) -> Iterator[chains.Block]:
        """Of the epochs that are not written yet, in order."""
        return chains.blocks_of(self.records, self.runs)

    def pending_bytes_of(self, epoch: int) -> bytes | None:
        """The parameters of an epoch that are to be stored and are not yet, or that are at hand."""
        for block in self.blocks:
            if block.first_epoch <= epoch <= block.last_epoch and not (epoch - block.first_epoch) % block.stride:
                at = (epoch - block.first_epoch) // block.stride * block.size
                return block.bytes[at : at + block.size]
        return self.bytes_of(epoch)

    def _newest(self) -> EpochRecord | None:
        """The newest epoch that is pending."""
        alone = self.records[-1] if self.records else None
        if self.runs and (alone is None or self.runs[-1].last_epoch > alone.epoch):
            return epoch_runs.record_of(self.runs[-1], len(self.runs[-1].training_loss) - 1)
        return alone

    def _progress(self) -> dict[str, Any]:
        values: dict[str, Any] = {"preprocessing": self.preprocessing, "warnings": self.warnings}
        if self.latest is not None:
            epoch = self.latest[0]
            rate = epoch / self.seconds if self.seconds > 0 and epoch else None
            values |= {
                "epoch": epoch,
                "best_epoch": self.best_epoch,
                "epochs_per_second": rate,
                "training_seconds": self.seconds,
                "stored_attempt": self.job.attempt,
                "fingerprint": fingerprint(self.parts.settings.kernels),
            }
        return values


def _record(result: EpochResult, stored: bool, sha256: str) -> EpochRecord:
    return EpochRecord(
        epoch=result.epoch,
        training_loss=result.training_loss,
        validation_loss=result.validation_loss,
        training_metrics=_finite(result.training_metrics),
        validation_metrics=_finite(result.validation_metrics),
        learning_rate=result.learning_rate,
        seconds=result.seconds,
        parameters_stored=stored,
        sha256=sha256,
    )


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in metrics.items()}
