"""What a run has gathered and nobody has written down yet. Owns lists; knows no database."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from struct import iter_unpack

import numpy as np
from numpy.typing import NDArray

from service.backprop.training.results import EpochRun
from service.store.blobs.placement import rows_together
from service.store.epochs import hash_chain
from service.store.epochs import runs as epoch_runs
from service.store.epochs.runs import RunRecord
from service.store.records import DiagnosticsRecord, EpochRecord, ParameterBlock


@dataclass
class Pending:
    """Epochs alone and in runs, what was measured of layers, and blocks of parameters, of `size_bytes` in all.

    `states` are the optimizer's by epoch, in jobs that keep them beside the parameters.
    `forget` are stored epochs whose parameters are kept no longer; `late` is one whose row is written already, while
    its parameters come now.
    """

    records: list[EpochRecord] = field(default_factory=list)
    runs: list[RunRecord] = field(default_factory=list)
    diagnostics: list[DiagnosticsRecord] = field(default_factory=list)
    blocks: list[ParameterBlock] = field(default_factory=list)
    states: dict[int, bytes] = field(default_factory=dict)
    forget: list[int] = field(default_factory=list)
    late: int | None = None
    size_bytes: int = 0

    def add(
        self, run: EpochRun, data: bytes, stored: NDArray[np.bool_], every: int, state: bytes | None = None
    ) -> None:
        """Add a run's epochs; `stored` (epochs,) says of which the parameters, among `data`, are stored.

        `state` is the optimizer's after the last of them, in a job that stores it.
        """
        size = len(data) // len(run)
        parts = [data] if len(run) == 1 else [part for (part,) in iter_unpack(f"{size}s", data)]
        hashes = b"".join([hashlib.sha256(part).digest() for part in parts])
        if len(run) == 1:
            self.records.append(_record(run, bool(stored[0]), hashes.hex()))
        else:
            self.runs.append(_run_record(run, stored, hashes))
        if run.layers is not None:
            layers = [_finite(asdict(layer)) for layer in run.layers]
            self.diagnostics.append(DiagnosticsRecord(run.last_epoch, layers))
        self._keep_run(run.first_epoch, data, stored, every, state if stored[-1] else None)

    def keep(self, block: ParameterBlock, state: bytes | None = None) -> None:
        self.blocks.append(block)
        self.size_bytes += len(block.bytes)
        if state is not None:
            self.states[block.last_epoch] = state
            self.size_bytes += len(state)

    def _keep_run(self, first: int, data: bytes, stored: NDArray[np.bool_], every: int, state: bytes | None) -> None:
        """Parameters of a run's epochs, one after the other: as many in one block as fit a row, where all are kept."""
        size = len(data) // len(stored)
        if stored.all() and every == 1:
            together = rows_together(size)
            for start in range(0, len(stored), together):
                some = data[start * size : (start + together) * size]
                self.keep(ParameterBlock(first + start, first + start + len(some) // size - 1, 1, size, some), state)
            return
        for index in np.flatnonzero(stored).tolist():
            epoch = first + index
            self.keep(ParameterBlock(epoch, epoch, every, size, data[index * size : (index + 1) * size]), state)

    def parameters_of(self, epoch: int) -> bytes | None:
        """The parameters of an epoch that are among the blocks."""
        for block in self.blocks:
            if block.first_epoch <= epoch <= block.last_epoch and not (epoch - block.first_epoch) % block.stride:
                at = (epoch - block.first_epoch) // block.stride * block.size
                return block.bytes[at : at + block.size]
        return None

    def hashes(self) -> Iterator[hash_chain.Block]:
        """Of all epochs, in order."""
        return hash_chain.blocks_of(self.records, self.runs)

    def forget_parameters(self, epoch: int) -> None:
        """Keep the parameters of a bettered best epoch no longer."""
        gone = [block for block in self.blocks if block.first_epoch == epoch]
        if not gone:
            self.forget.append(epoch)
            return
        self.blocks = [block for block in self.blocks if block.first_epoch != epoch]
        self.size_bytes -= sum(len(block.bytes) for block in gone) + len(self.states.pop(epoch, b""))
        self._mark(epoch, False)

    def keep_last(self, block: ParameterBlock, state: bytes | None) -> bool:
        """Keep the parameters of the newest epoch, if its row is pending; whether it is."""
        newest = self.newest
        if newest is None or newest.epoch != block.last_epoch:
            return False
        if not newest.parameters_stored:
            self._mark(newest.epoch, True)
            self.keep(block, state)
        return True

    def _mark(self, epoch: int, stored: bool) -> None:
        self.records = [
            replace(record, parameters_stored=stored) if record.epoch == epoch else record for record in self.records
        ]
        for run in self.runs:
            if run.first_epoch <= epoch <= run.last_epoch:
                run.parameters_stored[epoch - run.first_epoch] = stored

    @property
    def newest(self) -> EpochRecord | None:
        """The newest epoch that is pending."""
        alone = self.records[-1] if self.records else None
        if self.runs and (alone is None or self.runs[-1].last_epoch > alone.epoch):
            return epoch_runs.record_of(self.runs[-1], len(self.runs[-1].training_loss) - 1)
        return alone


def _record(run: EpochRun, stored: bool, sha256: str) -> EpochRecord:
    return EpochRecord(
        epoch=run.first_epoch,
        training_loss=float(run.training_loss[0]),
        validation_loss=None if run.validation_loss is None else float(run.validation_loss[0]),
        training_metrics=_finite({name: float(values[0]) for name, values in run.training_metrics.items()}),
        validation_metrics=_finite({name: float(values[0]) for name, values in run.validation_metrics.items()}),
        learning_rate=run.learning_rate,
        seconds=run.seconds,
        parameters_stored=stored,
        sha256=sha256,
    )


def _run_record(run: EpochRun, stored: NDArray[np.bool_], hashes: bytes) -> RunRecord:
    sha256 = np.frombuffer(hashes, dtype=np.uint8).reshape(len(run), -1)
    metrics = run.training_metrics
    return RunRecord(run.first_epoch, run.training_loss, metrics, run.learning_rate, run.seconds, stored, sha256)


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in metrics.items()}
