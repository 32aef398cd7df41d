"""Epochs of many jobs at once: the newest, the best, the one of a number, and points of their curves.

Each is read by one statement, which cuts the bytes of single epochs out of packed rows: a row may have 10,000 epochs.
Reads no parameters.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)

from service.store.epoch_records import EpochRecord
from service.store.epochs import runs
from service.store.tables import epochs, jobs

Curve = list[tuple[int, float | None]]

NUMBERS = ("training_loss", "validation_loss", "learning_rate", "seconds")
METRICS_READ = 2  # of the training and of the validation rows; jobs with more are read by a second statement
ONE = literal_column("1", Integer)  # as text, since parameters would make the statement too long for psycopg's cache
THESE_JOBS = jobs.c.number.in_(bindparam("numbers", expanding=True))
WHICH: dict[str, ColumnElement[int]] = {
    "newest": jobs.c.epoch,
    "best": jobs.c.best_epoch,
    "numbered": bindparam("epoch", type_=Integer),
}


def newest_epochs(connection: Connection, numbers: Sequence[int]) -> dict[int, EpochRecord]:
    """Return the records of the newest epochs of the jobs of those numbers, by job."""
    return _read(connection, "newest", numbers)


def best_epochs(connection: Connection, numbers: Sequence[int]) -> dict[int, EpochRecord]:
    """Return the records of the best epochs of the jobs of those numbers, by job."""
    return _read(connection, "best", numbers)


def epochs_numbered(connection: Connection, epoch: int, numbers: Sequence[int]) -> dict[int, EpochRecord]:
    """Return the records of the epochs of one number, by job, of those jobs that have it."""
    return _read(connection, "numbered", numbers, epoch=epoch)


def curves(connection: Connection, points: int, numbers: Sequence[int]) -> dict[int, Curve]:
    """Return the losses of at most `points` (at least 2) epochs of each job, by job, by one statement.

    They are the first epoch, the last, and others at equal distances, rounded down. The loss is that of validation, or
    of training without validation; None where it is not finite.
    """
    if not numbers:
        return {}
    found: dict[int, Curve] = {}
    for number, epoch, loss in connection.execute(CURVES, {"last": points - 1, "numbers": list(numbers)}):
        found.setdefault(number, []).append((epoch, runs.number_of(loss)))
    return found


def _read(connection: Connection, which: str, numbers: Sequence[int], **values: int) -> dict[int, EpochRecord]:
    """Return one epoch of each of these jobs; of jobs with many metrics by a second statement."""
    if not numbers:
        return {}
    rows = connection.execute(_one_of_each(which, METRICS_READ), {"numbers": list(numbers), **values}).all()
    many = {row.job: most for row in rows if (most := _most_metrics(row)) > METRICS_READ}
    found = {row.job: runs.record_of_parts(row) for row in rows if row.job not in many}
    if many:
        statement = _one_of_each(which, max(many.values()))
        rows = connection.execute(statement, {"numbers": list(many), **values}).all()
        found |= {row.job: runs.record_of_parts(row) for row in rows}
    return found


def _most_metrics(row: Any) -> int:
    return max(len(row.training_metric_names), len(row.validation_metric_names))


@cache  # building it takes longer than executing it
def _one_of_each(which: str, metrics: int) -> Select[Any]:
    """Return a SELECT of one epoch of each job, of each column that epoch's bytes alone.

    Of metrics, which are packed one after the other, it has the first `metrics`.
    """
    epoch = WHICH[which]
    earlier = epochs.alias()
    first = select(func.max(earlier.c.first_epoch)).where(
        earlier.c.job == jobs.c.number, earlier.c.first_epoch <= epoch
    )
    at, count = epoch - epochs.c.first_epoch, epochs.c.last_epoch - epochs.c.first_epoch + ONE
    measured = [
        _number_in(epochs.c[f"{part}_metrics"], at + count * literal_column(str(number), Integer)).label(
            f"{part}_metric_{number}"
        )
        for part in ("training", "validation")
        for number in range(metrics)
    ]
    return (
        select(
            epochs.c.job,
            epoch.label("epoch"),
            *(_number_in(epochs.c[name], at).label(name) for name in NUMBERS),
            _number_in(epochs.c.parameters_stored, at, 1).label("parameters_stored"),
            _number_in(epochs.c.sha256, at, runs.DIGEST_BYTES).label("sha256"),
            epochs.c.training_metric_names,
            epochs.c.validation_metric_names,
            *measured,
        )
        .join(jobs, jobs.c.number == epochs.c.job)
        .where(THESE_JOBS, epochs.c.first_epoch == first.scalar_subquery(), epoch <= epochs.c.last_epoch)
    )


def _number_in(column: ColumnElement[Any], at: ColumnElement[int], size: int = runs.NUMBER_BYTES) -> ColumnElement[Any]:
    """Return an expression for the bytes of the `at`-th of the packed values of a column."""
    whole = literal_column(str(size), Integer)
    return func.substr(column, at * whole + ONE, whole)


def _curves() -> Select[Any]:
    """Return a SELECT of points of curves: a place from 0 to `last` is the epoch at that part of the job's epochs.

    Each point is one look-up in the primary key of `epochs`.
    """
    last = bindparam("last", type_=BigInteger)
    first_place = select(cast(0, BigInteger).label("place")).cte("places", recursive=True)
    places = first_place.union_all(select(first_place.c.place + ONE).where(first_place.c.place < last))
    place = places.c.place
    spread = place * cast(jobs.c.epoch, BigInteger) // last  # a product of two numbers of 32 bits
    epoch = cast(case((jobs.c.epoch > last, spread), else_=place), Integer)
    at = epoch - epochs.c.first_epoch
    loss = (
        select(func.coalesce(_number_in(epochs.c.validation_loss, at), _number_in(epochs.c.training_loss, at)))
        .where(epochs.c.job == jobs.c.number, epochs.c.first_epoch <= epoch)
        .order_by(epochs.c.first_epoch.desc())
        .limit(1)
        .correlate(jobs, places)
        .scalar_subquery()
    )
    return (
        select(jobs.c.number, epoch.label("epoch"), loss.label("loss"))
        .join_from(jobs, places, place <= jobs.c.epoch)
        .where(THESE_JOBS)
        .order_by(jobs.c.number, place)
    )


CURVES = _curves()
