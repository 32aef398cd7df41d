"""Look-ups of epochs: the one that a client names, and the newest epochs of jobs. Reads no parameters."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, func, select

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


def newest_epochs(connection: Connection, newest: Mapping[int, int]) -> dict[int, EpochRecord]:
    """Return the records of jobs' newest epochs by job, read by one query.

    Parameters
    ----------
    newest
        The number of the newest epoch by job, as this transaction has read it from the jobs' rows.
    """
    if not newest:
        return {}
    earlier = table.alias()
    first = select(func.max(earlier.c.first_epoch)).where(
        earlier.c.job == jobs.c.number, earlier.c.first_epoch <= jobs.c.epoch
    )
    query = (
        select(table.c.job, *epochs.COLUMNS)
        .join(jobs, jobs.c.number == table.c.job)
        .where(jobs.c.number.in_(list(newest)), table.c.first_epoch == first.scalar_subquery())
    )
    rows = connection.execute(query)
    return {
        row.job: runs.record_of(runs.unpacked(row), newest[row.job] - row.first_epoch)
        for row in rows
        if newest[row.job] <= row.last_epoch
    }
