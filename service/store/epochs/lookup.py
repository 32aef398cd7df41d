"""Look-ups of epochs: the one that a client names, and the newest epochs of jobs. Reads no parameters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, literal_column, select

from service.errors import NotFound
from service.store.epoch_records import EpochRecord, EpochReference
from service.store.epochs import epochs, runs
from service.store.tables import epochs as table
from service.store.tables import jobs

JOB = select(jobs.c.number, jobs.c.attempt, jobs.c.best_epoch).where(jobs.c.id == bindparam("id"))
MOST_DIGITS = 9  # of an epoch's number, which is a 32-bit integer in the database


def find_epoch(connection: Connection, job_id: str, epoch: str) -> EpochReference:
    """Return the epoch that a client names: a number, `best` or `last`.

    Raises
    ------
    NotFound
        When there is no such job or epoch, or its parameters are not stored.
    """
    job = connection.execute(JOB, {"id": job_id}).one_or_none()
    if job is None:
        raise NotFound(f"there is no job `{job_id}`")
    is_number = epoch.isascii() and epoch.isdigit() and len(epoch) <= MOST_DIGITS
    if is_number and epochs.has_parameters(connection, job.number, int(epoch)):
        return EpochReference(job.number, int(epoch), job.attempt)
    last = epochs.last_epoch(connection, job.number)
    if last is None:
        raise NotFound(f"job `{job_id}` has stored no epoch yet", nearest=None)
    named = {"last": last, "best": last if job.best_epoch is None else job.best_epoch}
    if not is_number and epoch not in named:
        raise NotFound(f"an epoch is a number, `best` or `last`, got `{epoch[:40]}`")
    number = int(epoch) if is_number else named[epoch]
    if is_number or not epochs.has_parameters(connection, job.number, number):
        raise epochs.parameters_not_stored(connection, job.number, number)
    return EpochReference(job.number, number, job.attempt)


ONE = literal_column("1", Integer)  # as text, since parameters would make the statement too long for psycopg's cache


def _number_in(column: ColumnElement[Any], at: ColumnElement[int], size: int = runs.NUMBER_BYTES) -> ColumnElement[Any]:
    """Return an expression for the bytes of the `at`-th of the packed values of a column."""
    whole = literal_column(str(size), Integer)
    return func.substr(column, at * whole + ONE, whole)


def _newest() -> Select[Any]:
    """Return a SELECT of the newest epoch of jobs, of each column that epoch's bytes alone: a row may have thousands.

    Of metrics, which are packed one after the other, it has the first `METRICS_READ`.
    """
    earlier = table.alias()
    first = select(func.max(earlier.c.first_epoch)).where(
        earlier.c.job == jobs.c.number, earlier.c.first_epoch <= jobs.c.epoch
    )
    at, count = jobs.c.epoch - table.c.first_epoch, table.c.last_epoch - table.c.first_epoch + ONE
    metrics = [
        _number_in(table.c[f"{part}_metrics"], at + count * literal_column(str(number), Integer)).label(
            f"{part}_metric_{number}"
        )
        for part in ("training", "validation")
        for number in range(METRICS_READ)
    ]
    return (
        select(
            table.c.job,
            jobs.c.epoch,
            *(_number_in(table.c[name], at).label(name) for name in NUMBERS),
            _number_in(table.c.parameters_stored, at, 1).label("parameters_stored"),
            _number_in(table.c.sha256, at, runs.DIGEST_BYTES).label("sha256"),
            table.c.training_metric_names,
            table.c.validation_metric_names,
            *metrics,
        )
        .join(jobs, jobs.c.number == table.c.job)
        .where(
            jobs.c.number.in_(bindparam("numbers", expanding=True)),
            table.c.first_epoch == first.scalar_subquery(),
            jobs.c.epoch <= table.c.last_epoch,
        )
    )


NUMBERS = ("training_loss", "validation_loss", "learning_rate", "seconds")
METRICS_READ = 2  # of the training and of the validation rows; an epoch with more is read from whole columns
NEWEST = _newest()


def newest_epochs(connection: Connection, numbers: Sequence[int]) -> dict[int, EpochRecord]:
    """Return the records of the newest epochs of the jobs of those numbers, by job, read by one query."""
    if not numbers:
        return {}
    found: dict[int, EpochRecord] = {}
    for row in connection.execute(NEWEST, {"numbers": list(numbers)}).all():
        if max(len(row.training_metric_names), len(row.validation_metric_names)) <= METRICS_READ:
            found[row.job] = runs.record_of_parts(row)
        elif (whole := epochs.get_epoch(connection, row.job, row.epoch)) is not None:
            found[row.job] = whole
    return found
