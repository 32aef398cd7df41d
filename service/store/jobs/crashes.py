"""Jobs whose worker crashed: they are queued again, and fail when they crash workers repeatedly."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row

from service.store.crashes import counted, held, is_any_expired
from service.store.database import clock
from service.store.jobs import jobs
from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table


def free_jobs_of(connection: Connection, worker: str, exit_code: int | None) -> list[JobRecord]:
    """Release the jobs of a process that has ended; return them in their new state."""
    rows = held(connection, table, COLUMNS, table.c.worker == worker)
    return [_free(connection, row, exit_code) for row in rows]


def free_expired(connection: Connection) -> list[JobRecord]:
    """Release the jobs whose lease has expired; return them in their new state."""
    rows = held(connection, table, COLUMNS, table.c.lease_until < clock())
    return [_free(connection, row, None) for row in rows]


def are_expired(connection: Connection) -> bool:
    """Return whether there is a job whose lease has expired."""
    return is_any_expired(connection, table)


def _free(connection: Connection, row: Row[Any], exit_code: int | None) -> JobRecord:
    job, counts = job_of(row), counted(row, exit_code)
    error = counts.failure(exit_code, job.epoch)
    if error is None or job.requested is not None:
        return jobs.release_locked(connection, job, **asdict(counts))
    return jobs.change(connection, job, Status.FAILED, error=error, **asdict(counts))
