"""How many bytes the parameters of jobs take, in a row for each job: counting them reads none of the parameters."""

from sqlalchemy import Connection, insert, update

from service.store.tables import job_sizes


def set_epochs(connection: Connection, job: int, size: int) -> None:
    """Record the bytes of a job's stored epochs."""
    _set(connection, job, epoch_bytes=size)


def set_start(connection: Connection, job: int, size: int) -> None:
    """Record the bytes of what a fork begins with."""
    _set(connection, job, start_bytes=size)


def add_epochs(connection: Connection, job: int, size: int) -> None:
    """Add to the bytes of a job's stored epochs."""
    grown = update(job_sizes).where(job_sizes.c.job == job).values(epoch_bytes=job_sizes.c.epoch_bytes + size)
    if not connection.execute(grown).rowcount:
        connection.execute(insert(job_sizes).values(job=job, epoch_bytes=size))


def _set(connection: Connection, job: int, **values: int) -> None:
    if not connection.execute(update(job_sizes).where(job_sizes.c.job == job).values(**values)).rowcount:
        connection.execute(insert(job_sizes).values(job=job, **values))
