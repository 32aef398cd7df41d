"""The buffer of what a run has computed and not written yet. Uses no database."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from struct import iter_unpack

import numpy as np
from numpy.typing import NDArray

from service.backprop.training.results import EpochRun
from service.store.blobs.placement import rows_together
from service.store.epoch_records import DiagnosticsRecord, EpochRecord, ParameterBlock
from service.store.epochs import hash_chain, runs
from service.store.epochs.runs import RunRecord


@dataclass
class EpochBuffer:
    """The results of a run that its next flush writes.

    Attributes
    ----------
    runs
        Runs of epochs with their losses and metrics.
    diagnostics
        Diagnostics of the layers.
    blocks
        Blocks of parameters.
    states
        The optimizer's states by epoch, in jobs that store them.
    forget
        Stored epochs whose parameters are to be deleted.
    late
        An epoch whose row is written already and whose parameters are among `blocks`, or None.
    size_bytes
        The bytes of `blocks` and `states`.
    run_bytes
        The bytes of `runs`: a small network computes many megabytes of them within seconds.
    """

    runs: list[RunRecord] = field(default_factory=list)
    diagnostics: list[DiagnosticsRecord] = field(default_factory=list)
    blocks: list[ParameterBlock] = field(default_factory=list)
    states: dict[int, bytes] = field(default_factory=dict)
    forget: list[int] = field(default_factory=list)
    late: int | None = None
    size_bytes: int = 0
    run_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """About how many bytes the next flush writes."""
        return self.size_bytes + self.run_bytes

    def add(
        self, run: EpochRun, data: bytes, stored: NDArray[np.bool_], every: int, state: bytes | None = None
    ) -> None:
        """Add a run's epochs.

        Parameters
        ----------
        data
            The parameters after each epoch of the run, concatenated.
        stored
            Whether the parameters of each epoch (epochs,) are to be stored.
        every
            Every how many epochs the job stores parameters: the stride of a block.
        state
            The optimizer's state after the last epoch, in a job that stores it.
        """
        record = _run_record(run, data, stored)
        self.runs.append(record)
        self.run_bytes += record.nbytes
        if run.layers is not None:
            layers = [_finite(asdict(layer)) for layer in run.layers]
            self.diagnostics.append(DiagnosticsRecord(run.last_epoch, layers))
        self._store_run(run.first_epoch, data, stored, every, state if stored[-1] else None)

    def store(self, block: ParameterBlock, state: bytes | None = None) -> None:
        """Let the next flush store the parameters of a block of epochs, and the optimizer's state after the last."""
        self.blocks.append(block)
        self.size_bytes += len(block.bytes)
        if state is not None:
            self.states[block.last_epoch] = state
            self.size_bytes += len(state)

    def _store_run(self, first: int, data: bytes, stored: NDArray[np.bool_], every: int, state: bytes | None) -> None:
        """Add blocks with the stored parameters of a run: as large as fit a row if every epoch is stored."""
        size = len(data) // len(stored)
        if stored.all() and every == 1:
            together = rows_together(size)
            for start in range(0, len(stored), together):
                some = data[start * size : (start + together) * size]
                self.store(ParameterBlock(first + start, first + start + len(some) // size - 1, 1, size, some), state)
            return
        for index in np.flatnonzero(stored).tolist():
            epoch = first + index
            self.store(ParameterBlock(epoch, epoch, every, size, data[index * size : (index + 1) * size]), state)

    def parameters_of(self, epoch: int) -> bytes | None:
        """Return the parameters of an epoch if they are buffered, otherwise None."""
        for block in self.blocks:
            if block.first_epoch <= epoch <= block.last_epoch and not (epoch - block.first_epoch) % block.stride:
                at = (epoch - block.first_epoch) // block.stride * block.size
                return block.bytes[at : at + block.size]
        return None

    def hashes(self) -> Iterator[hash_chain.Block]:
        """Yield the hashes of all buffered epochs in order."""
        return ((run.first_epoch, run.sha256.tobytes()) for run in self.runs)

    def forget_parameters(self, epoch: int) -> None:
        """Drop the parameters of an epoch that is not the best any longer, whether they are buffered or written."""
        dropped = [block for block in self.blocks if block.first_epoch == epoch]
        if not dropped:
            self.forget.append(epoch)
            return
        self.blocks = [block for block in self.blocks if block.first_epoch != epoch]
        self.size_bytes -= sum(len(block.bytes) for block in dropped) + len(self.states.pop(epoch, b""))
        self._mark(epoch, False)

    def store_last(self, block: ParameterBlock, state: bytes | None) -> None:
        """Store the parameters of the newest epoch, whose row is buffered or written already."""
        newest = self.newest
        if newest is None or newest.epoch != block.last_epoch:
            self.late = block.last_epoch
        elif newest.parameters_stored:
            return
        else:
            self._mark(newest.epoch, True)
        self.store(block, state)

    def _mark(self, epoch: int, stored: bool) -> None:
        for run in self.runs:
            if run.first_epoch <= epoch <= run.last_epoch:
                run.parameters_stored[epoch - run.first_epoch] = stored

    @property
    def newest(self) -> EpochRecord | None:
        """The newest epoch that is buffered."""
        return runs.record_of(self.runs[-1], -1) if self.runs else None


def _run_record(run: EpochRun, data: bytes, stored: NDArray[np.bool_]) -> RunRecord:
    """Return the record of a run; `data` are the parameters after each of its epochs, concatenated."""
    parts = [data] if len(run) == 1 else [part for (part,) in iter_unpack(f"{len(data) // len(run)}s", data)]
    hashes = b"".join([hashlib.sha256(part).digest() for part in parts])
    return RunRecord(
        first_epoch=run.first_epoch,
        training_loss=run.training_loss,
        validation_loss=run.validation_loss,
        training_metrics=run.training_metrics,
        validation_metrics=run.validation_metrics,
        learning_rate=np.full(len(run), run.learning_rate),
        seconds=np.full(len(run), run.seconds),
        parameters_stored=stored,
        sha256=np.frombuffer(hashes, dtype=np.uint8).reshape(len(run), -1),
    )


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in metrics.items()}
