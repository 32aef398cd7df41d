"""The look-up of the epoch that a client names. Reads no parameters."""

from sqlalchemy import Connection, bindparam, select

from service.errors import NotFound
from service.store.epoch_records import EpochReference
from service.store.epochs import epochs
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
