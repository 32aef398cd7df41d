"""A sample of a job's epochs for plots that includes the lowest and highest values of every curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from service.errors import Invalid
from service.store.epoch_records import EpochRecord
from service.store.epochs import runs
from service.store.epochs.epochs import COLUMNS, rows_from
from service.store.epochs.runs import RunRecord, Series

Positions = NDArray[np.int64]

LOSSES = ("training_loss", "validation_loss")


def sampled_epochs(
    connection: Connection,
    job: int,
    points: int,
    after: int = -1,
    until: int | None = None,
    series: Sequence[str] = (),
) -> list[EpochRecord]:
    """Return at most `points` (at least 2) of the epochs in (`after`, `until`], oldest first.

    The first and the last are always included. The others are, for equal parts of the range, the epochs with the
    lowest and the highest value of each of the `series`, such as `training_accuracy` or `learning_rate`; without any,
    of both losses. Of equal values the earliest epoch is chosen, so repeated calls return the same epochs.

    Raises
    ------
    Invalid
        When the job has no such series.
    """
    parts = []
    for row in rows_from(connection, job, after + 1, COLUMNS, until):
        run = runs.unpacked(row)
        parts.append(runs.cut(run, max(0, after + 1 - run.first_epoch), _stop(run, until)))
    chosen = extremes(series_of(parts, series), points) if parts else np.zeros(0, dtype=np.int64)
    records: list[EpochRecord] = []
    begin = 0
    for part in parts:
        mine = chosen[np.searchsorted(chosen, begin) : np.searchsorted(chosen, begin + len(part))]
        records += [runs.record_of(part, position - begin) for position in mine.tolist()]
        begin += len(part)
    return records


def _stop(run: RunRecord, until: int | None) -> int:
    return len(run) if until is None else min(len(run), until + 1 - run.first_epoch)


def series_of(parts: Sequence[RunRecord], wanted: Sequence[str] = ()) -> list[Series]:
    """Return the wanted series as vectors over all epochs of `parts`, with NaN where a part does not have it.

    Without any these are the losses that there are.
    """
    named = [_by_name(part) for part in parts]
    known = list(dict.fromkeys(name for part in named for name in part))
    for name in wanted:
        if name not in known:
            raise Invalid.at("?series", f"`{name[:60]}` is not a series of this job; known are {', '.join(known)}")
    return [
        np.concatenate([has.get(name, np.full(len(part), np.nan)) for has, part in zip(named, parts, strict=True)])
        for name in dict.fromkeys(wanted or (name for name in LOSSES if name in known))
    ]


def _by_name(run: RunRecord) -> dict[str, Series]:
    validation = {} if run.validation_loss is None else {"validation_loss": run.validation_loss}
    return {
        "training_loss": run.training_loss,
        **validation,
        **{f"training_{name}": values for name, values in run.training_metrics.items()},
        **{f"validation_{name}": values for name, values in run.validation_metrics.items()},
        "learning_rate": run.learning_rate,
    }


def extremes(series: Sequence[Series], points: int) -> Positions:
    """Return at most `points` positions, ascending, that preserve the shape of every series.

    The series are cut into equal buckets, as many as `points` allow. Each bucket's lowest and highest value of each
    series are retained, in addition to the first and the last position. Where `points` do not suffice for one bucket,
    the first and the last position take precedence, then the lowest and the highest value of each series in order.

    Parameters
    ----------
    series
        Vectors of equal length, at least 1. Values that are not finite count as neither lowest nor highest.
    points
        At least 2.
    """
    count = len(series[0])
    if count <= points:
        return np.arange(count)
    ends = [0, count - 1]
    cells = _cells(_changing(series), max(1, (points - 2) // 2))
    per_bucket = 1
    while True:
        found = [_merged(values, positions, per_bucket) for values, positions in cells]
        chosen = np.unique(np.concatenate([ends, *found]))
        if len(chosen) <= points:
            return chosen
        if per_bucket >= len(cells[0][0]):
            first = dict.fromkeys([*ends, *np.concatenate(found).tolist()])
            return np.sort(np.array(list(first)[:points]))
        per_bucket += 1


def _changing(series: Sequence[Series]) -> list[Series]:
    """Return the first series and those of the others that are not constant."""
    return [series[0], *(values for values in series[1:] if not (values == values[0]).all())]


def _cells(series: Sequence[Series], most: int) -> list[tuple[Series, Positions]]:
    """Cut each series into at most `most` cells of equal length; return the lowest value and its position in each cell.

    Each series is followed by its negative, whose lowest values are the highest ones of the series. A cell without a
    finite value has infinity and position -1.
    """
    count = len(series[0])
    length = -(-count // most)
    starts = np.arange(0, count, length)
    cells = []
    for one in series:
        padded = np.full(len(starts) * length, np.inf)
        for values in (one, -one):
            padded[:count] = np.where(np.isfinite(values), values, np.inf)
            table = padded.reshape(len(starts), length)
            places = table.argmin(axis=1)  # the earliest of equal ones
            lowest = table[np.arange(len(starts)), places]
            cells.append((lowest, np.where(np.isfinite(lowest), starts + places, -1)))
    return cells


def _merged(values: Series, positions: Positions, together: int) -> Positions:
    """Return the position of the lowest value in each bucket of `together` cells that has one."""
    buckets = -(-len(values) // together)
    padded = np.full(buckets * together, np.inf)
    padded[: len(values)] = values
    places = padded.reshape(buckets, together).argmin(axis=1) + together * np.arange(buckets)
    found: Positions = positions[places]
    return found[found >= 0]
