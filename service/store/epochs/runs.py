"""Runs of consecutive epochs: their record, joining and cutting, and conversion to and from rows of `epochs`.

A single epoch is a run of length 1. Imports NumPy and the records; executes no SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from service.store.epoch_records import EpochRecord

MOST_EPOCHS = 10_000  # in one row, so that reading one epoch stays cheap
DIGEST_BYTES = 32
NUMBER_BYTES = 8

_NUMBER = Struct("<d")
_NOT_STORED = b"\0"

Series = NDArray[np.float64]


@dataclass(frozen=True)
class RunRecord:
    """Consecutive epochs from `first_epoch` on, with one vector (epochs,) for each loss, metric and other series.

    NaN is read back as null. `validation_loss` is None without validation. `seconds` holds the duration of each epoch,
    `sha256` (epochs, 32) the hash of its parameters.
    """

    first_epoch: int
    training_loss: Series
    validation_loss: Series | None
    training_metrics: dict[str, Series]
    validation_metrics: dict[str, Series]
    learning_rate: Series
    seconds: Series
    parameters_stored: NDArray[np.bool_]
    sha256: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.training_loss)

    @property
    def last_epoch(self) -> int:
        return self.first_epoch + len(self.training_loss) - 1

    @property
    def nbytes(self) -> int:
        """The bytes of the vectors."""
        series = [self.training_loss, self.learning_rate, self.seconds, self.parameters_stored, self.sha256]
        series += [*self.training_metrics.values(), *self.validation_metrics.values()]
        return sum(one.nbytes for one in series) + (0 if self.validation_loss is None else self.validation_loss.nbytes)


def joined(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Join consecutive runs that have the same series into runs of at most `MOST_EPOCHS` epochs."""
    groups: list[list[RunRecord]] = []
    for run in runs:
        if groups and _follows(groups[-1][-1], run):
            groups[-1].append(run)
        else:
            groups.append([run])
    whole = [group[0] if len(group) == 1 else _concatenated(group) for group in groups]
    return [cut(run, start, start + MOST_EPOCHS) for run in whole for start in range(0, len(run), MOST_EPOCHS)]


def _follows(before: RunRecord, run: RunRecord) -> bool:
    """Return whether `run` begins right after `before` and has the same series."""
    return (
        before.last_epoch + 1 == run.first_epoch
        and (before.validation_loss is None) == (run.validation_loss is None)
        and list(before.training_metrics) == list(run.training_metrics)
        and list(before.validation_metrics) == list(run.validation_metrics)
    )


def _concatenated(group: Sequence[RunRecord]) -> RunRecord:
    validation = [run.validation_loss for run in group if run.validation_loss is not None]
    return RunRecord(
        group[0].first_epoch,
        np.concatenate([run.training_loss for run in group]),
        np.concatenate(validation) if validation else None,
        _concatenated_metrics([run.training_metrics for run in group]),
        _concatenated_metrics([run.validation_metrics for run in group]),
        np.concatenate([run.learning_rate for run in group]),
        np.concatenate([run.seconds for run in group]),
        np.concatenate([run.parameters_stored for run in group]),
        np.concatenate([run.sha256 for run in group]),
    )


def _concatenated_metrics(group: Sequence[dict[str, Series]]) -> dict[str, Series]:
    return {name: np.concatenate([metrics[name] for metrics in group]) for name in group[0]}


def cut(run: RunRecord, start: int, stop: int) -> RunRecord:
    """Return the run's epochs from the `start`-th up to, but not including, the `stop`-th."""
    if start == 0 and stop >= len(run):
        return run
    return RunRecord(
        run.first_epoch + start,
        run.training_loss[start:stop],
        None if run.validation_loss is None else run.validation_loss[start:stop],
        {name: values[start:stop] for name, values in run.training_metrics.items()},
        {name: values[start:stop] for name, values in run.validation_metrics.items()},
        run.learning_rate[start:stop],
        run.seconds[start:stop],
        run.parameters_stored[start:stop],
        run.sha256[start:stop],
    )


def record_of(run: RunRecord, index: int) -> EpochRecord:
    """Return the `index`-th epoch of a run; -1 is the last."""
    index %= len(run)
    return records_of(run, index, index + 1)[0]


def records_of(run: RunRecord, start: int = 0, stop: int | None = None) -> list[EpochRecord]:
    """Return the run's epochs from the `start`-th up to, but not including, the `stop`-th."""
    stop = len(run) if stop is None else min(stop, len(run))
    count = stop - start
    nothing: list[float | None] = [None] * count
    validation_loss = nothing if run.validation_loss is None else _finite(run.validation_loss[start:stop])
    hashes = run.sha256[start:stop].tobytes().hex()
    return [
        EpochRecord(*values)
        for values in zip(
            range(run.first_epoch + start, run.first_epoch + stop),
            run.training_loss[start:stop].tolist(),
            validation_loss,
            _by_epoch(run.training_metrics, start, stop),
            _by_epoch(run.validation_metrics, start, stop),
            run.learning_rate[start:stop].tolist(),
            run.seconds[start:stop].tolist(),
            run.parameters_stored[start:stop].tolist(),
            [hashes[at : at + 2 * DIGEST_BYTES] for at in range(0, len(hashes), 2 * DIGEST_BYTES)],
            strict=True,
        )
    ]


def _by_epoch(metrics: dict[str, Series], start: int, stop: int) -> list[dict[str, float | None]]:
    if not metrics:
        return [{} for _ in range(start, stop)]
    columns = [_finite(values[start:stop]) for values in metrics.values()]
    return [dict(zip(metrics, values, strict=True)) for values in zip(*columns, strict=True)]


def _finite(values: Series) -> list[float | None]:
    """Return a vector as a list, None where a value is not finite."""
    return [_finite_or_none(value) for value in values.tolist()]


def _finite_or_none(value: float) -> float | None:
    return value if isfinite(value) else None


def packed(job: int, run: RunRecord) -> dict[str, Any]:
    """Return the row of `epochs` for a run: little-endian bytes, with metrics concatenated in the order of names."""
    return {
        "job": job,
        "first_epoch": run.first_epoch,
        "last_epoch": run.last_epoch,
        "parameters_stored": packed_flags(run.parameters_stored),
        "sha256": run.sha256.tobytes(),
        "training_loss": _bytes(run.training_loss),
        "validation_loss": None if run.validation_loss is None else _bytes(run.validation_loss),
        "training_metric_names": list(run.training_metrics),
        "training_metrics": b"".join(map(_bytes, run.training_metrics.values())),
        "validation_metric_names": list(run.validation_metrics),
        "validation_metrics": b"".join(map(_bytes, run.validation_metrics.values())),
        "learning_rate": _bytes(run.learning_rate),
        "seconds": _bytes(run.seconds),
    }


def packed_flags(flags: NDArray[np.bool_]) -> bytes:
    """Return the stored form of flags: one byte each, 0 or 1."""
    return flags.astype(np.bool_, copy=False).tobytes()


def unpacked_flags(data: bytes) -> NDArray[np.bool_]:
    """Return stored flags as a writable vector."""
    return np.frombuffer(data, dtype=np.bool_).copy()


def unpacked(row: Row[Any]) -> RunRecord:
    """Return the run in a row of `epochs`; its vectors are read-only views of the row's bytes."""
    return RunRecord(
        row.first_epoch,
        unpacked_series(row.training_loss),
        None if row.validation_loss is None else unpacked_series(row.validation_loss),
        unpacked_metrics(row.training_metric_names, row.training_metrics),
        unpacked_metrics(row.validation_metric_names, row.validation_metrics),
        unpacked_series(row.learning_rate),
        unpacked_series(row.seconds),
        np.frombuffer(row.parameters_stored, dtype=np.bool_),
        np.frombuffer(row.sha256, dtype=np.uint8).reshape(-1, DIGEST_BYTES),
    )


def records_in(row: Row[Any], first: int, last: int) -> list[EpochRecord]:
    """Return the epochs from `first` to `last` out of a row of `epochs`."""
    if row.first_epoch < row.last_epoch:
        return records_of(unpacked(row), first - row.first_epoch, last + 1 - row.first_epoch)
    validation = row.validation_loss
    return [
        EpochRecord(
            row.first_epoch,
            _NUMBER.unpack(row.training_loss)[0],
            None if validation is None else _finite_or_none(_NUMBER.unpack(validation)[0]),
            _single_metrics(row.training_metric_names, row.training_metrics),
            _single_metrics(row.validation_metric_names, row.validation_metrics),
            _NUMBER.unpack(row.learning_rate)[0],
            _NUMBER.unpack(row.seconds)[0],
            row.parameters_stored != _NOT_STORED,
            row.sha256.hex(),
        )
    ]


def number_of(data: bytes) -> float | None:
    """Return the number that is packed in a column's bytes of one epoch; None where it is not finite."""
    return _finite_or_none(_NUMBER.unpack(data)[0])


def record_of_parts(row: Row[Any]) -> EpochRecord:
    """Return one epoch of a row that has the bytes of that epoch alone, and each metric in a column of its own."""
    validation = row.validation_loss
    return EpochRecord(
        row.epoch,
        _NUMBER.unpack(row.training_loss)[0],
        None if validation is None else _finite_or_none(_NUMBER.unpack(validation)[0]),
        _metrics_of_parts(row, "training"),
        _metrics_of_parts(row, "validation"),
        _NUMBER.unpack(row.learning_rate)[0],
        _NUMBER.unpack(row.seconds)[0],
        row.parameters_stored != _NOT_STORED,
        bytes(row.sha256).hex(),
    )


def _metrics_of_parts(row: Row[Any], part: str) -> dict[str, float | None]:
    names = getattr(row, f"{part}_metric_names")
    columns = (getattr(row, f"{part}_metric_{number}") for number in range(len(names)))
    return {name: _finite_or_none(_NUMBER.unpack(data)[0]) for name, data in zip(names, columns, strict=True)}


def _single_metrics(names: Sequence[str], data: bytes) -> dict[str, float | None]:
    """Return the metrics of a run of length 1, without NumPy, which is slower for single numbers."""
    return {name: _finite_or_none(value) for name, (value,) in zip(names, _NUMBER.iter_unpack(data), strict=True)}


def hash_of(row: Row[Any], epoch: int) -> str:
    """Return the SHA-256 in hex of one epoch out of a row of `epochs`."""
    at = (epoch - row.first_epoch) * DIGEST_BYTES
    return bytes(row.sha256[at : at + DIGEST_BYTES]).hex()


def unpacked_series(data: bytes) -> Series:
    """Return the vector stored in a column."""
    return np.frombuffer(data, dtype="<f8")


def unpacked_metrics(names: Sequence[str], data: bytes) -> dict[str, Series]:
    """Return the vectors of a packed matrix of metrics by their names."""
    if not names:
        return {}
    return dict(zip(names, unpacked_series(data).reshape(len(names), -1), strict=True))


def _bytes(values: Series) -> bytes:
    return values.astype("<f8", copy=False).tobytes()
