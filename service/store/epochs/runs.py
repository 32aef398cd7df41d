"""Short epochs that were trained together: one row a run of them, their figures as columns of bytes."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, select, update

from service.store.records import EpochRecord
from service.store.tables import epoch_runs

MOST_EPOCHS = 10_000  # in one row, so that reading one epoch stays cheap
METRIC = "metric_"


@dataclass(frozen=True)
class RunRecord:
    """Consecutive short epochs from `first_epoch` on that were trained together, column by column.

    Of each epoch the loss, each metric, whether its parameters are stored, and their SHA-256 (epochs, 32).
    """

    first_epoch: int
    training_loss: NDArray[np.float64]
    training_metrics: dict[str, NDArray[np.float64]]
    learning_rate: float
    seconds: float
    parameters_stored: NDArray[np.bool_]
    sha256: NDArray[np.uint8]

    @property
    def last_epoch(self) -> int:
        return self.first_epoch + len(self.training_loss) - 1


def add_runs(connection: Connection, job: int, runs: Sequence[RunRecord]) -> None:
    rows = [_values(job, part) for run in joined(runs) for part in _parts(run)]
    if rows:
        connection.execute(insert(epoch_runs), rows)


def joined(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Runs that follow each other as one each, where one learning rate was theirs."""
    groups: list[list[RunRecord]] = []
    for run in runs:
        last = groups[-1][-1] if groups else None
        if last is not None and last.last_epoch + 1 == run.first_epoch and last.learning_rate == run.learning_rate:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [_join(group) for group in groups]


def _join(group: list[RunRecord]) -> RunRecord:
    counts = [len(run.training_loss) for run in group]
    return RunRecord(
        group[0].first_epoch,
        np.concatenate([run.training_loss for run in group]),
        {name: np.concatenate([run.training_metrics[name] for run in group]) for name in group[0].training_metrics},
        group[0].learning_rate,
        sum(run.seconds * count for run, count in zip(group, counts, strict=True)) / sum(counts),
        np.concatenate([run.parameters_stored for run in group]),
        np.concatenate([run.sha256 for run in group]),
    )


def _parts(run: RunRecord) -> list[RunRecord]:
    """The run in pieces of at most `MOST_EPOCHS`."""
    return [cut(run, start, start + MOST_EPOCHS) for start in range(0, len(run.training_loss), MOST_EPOCHS)]


def cut(run: RunRecord, start: int, stop: int) -> RunRecord:
    """Its epochs from the `start`-th up to the `stop`-th."""
    return RunRecord(
        run.first_epoch + start,
        run.training_loss[start:stop],
        {name: values[start:stop] for name, values in run.training_metrics.items()},
        run.learning_rate,
        run.seconds,
        run.parameters_stored[start:stop],
        run.sha256[start:stop],
    )


def runs_between(connection: Connection, job: int, first: int, last: int | None = None) -> list[RunRecord]:
    """The runs that hold an epoch from `first` on, up to `last`."""
    query = select(epoch_runs).where(epoch_runs.c.job == job, epoch_runs.c.last_epoch >= first)
    if last is not None:
        query = query.where(epoch_runs.c.first_epoch <= last)
    return [_run(row) for row in connection.execute(query.order_by(epoch_runs.c.first_epoch))]


def next_run(connection: Connection, job: int, after: int) -> RunRecord | None:
    """The first run with an epoch past `after`."""
    where = (epoch_runs.c.job == job, epoch_runs.c.last_epoch > after)
    row = connection.execute(select(epoch_runs).where(*where).order_by(epoch_runs.c.first_epoch).limit(1)).one_or_none()
    return None if row is None else _run(row)


def mark_in_run(connection: Connection, job: int, epoch: int, stored: bool) -> None:
    """Tell in the run that holds an epoch whether its parameters are there."""
    for run in runs_between(connection, job, epoch, epoch):
        _mark(connection, job, run, np.array([epoch]), stored)


def unmark_in_runs(connection: Connection, job: int, dropped: NDArray[np.int64]) -> None:
    """Tell in the runs that hold some of these epochs (k,), ascending, that their parameters are gone."""
    for run in runs_between(connection, job, int(dropped[0]), int(dropped[-1])):
        some = dropped[(dropped >= run.first_epoch) & (dropped <= run.last_epoch)]
        if len(some):
            _mark(connection, job, run, some, False)


def _mark(connection: Connection, job: int, run: RunRecord, numbers: NDArray[np.int64], stored: bool) -> None:
    flags = run.parameters_stored.copy()
    flags[numbers - run.first_epoch] = stored
    where = (epoch_runs.c.job == job, epoch_runs.c.first_epoch == run.first_epoch)
    values = _values(job, replace(run, parameters_stored=flags))
    connection.execute(update(epoch_runs).where(*where).values(columns=values["columns"]))


def record_of(run: RunRecord, index: int) -> EpochRecord:
    """The `index`-th epoch of a run."""
    metrics = {name: _finite(values[index]) for name, values in run.training_metrics.items()}
    return EpochRecord(
        epoch=run.first_epoch + index,
        training_loss=float(run.training_loss[index]),
        validation_loss=None,
        training_metrics=metrics,
        validation_metrics={},
        learning_rate=run.learning_rate,
        seconds=run.seconds,
        parameters_stored=bool(run.parameters_stored[index]),
        sha256=run.sha256[index].tobytes().hex(),
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _values(job: int, run: RunRecord) -> dict[str, Any]:
    stream = io.BytesIO()
    np.savez(
        stream,
        allow_pickle=False,
        training_loss=run.training_loss.astype("<f8"),
        parameters_stored=run.parameters_stored,
        sha256=run.sha256,
        **{METRIC + name: values.astype("<f8") for name, values in run.training_metrics.items()},
    )
    return {
        "job": job,
        "first_epoch": run.first_epoch,
        "last_epoch": run.last_epoch,
        "learning_rate": run.learning_rate,
        "seconds": run.seconds,
        "columns": stream.getvalue(),
    }


def _run(row: Row[Any]) -> RunRecord:
    with np.load(io.BytesIO(row.columns), allow_pickle=False) as columns:
        metrics = {name.removeprefix(METRIC): columns[name] for name in columns.files if name.startswith(METRIC)}
        return RunRecord(
            row.first_epoch,
            columns["training_loss"],
            metrics,
            row.learning_rate,
            row.seconds,
            columns["parameters_stored"],
            columns["sha256"],
        )
