"""Jobs whose worker crashed: they are queued again, and fail when they crash workers repeatedly.

A crash counts against the job when its attempt stored nothing, unless it was a SIGKILL within 10 s of the claim. Three
that count end the job, and so do twenty of any kind in a row, unless a client has requested something else of it. An
attempt that stored progress clears both counts.
"""

import signal
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from service.definitions.job_parts import Failure, FailureCode
from service.store.database import clock
from service.store.jobs import jobs
from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table

MOST_COUNTED = 3
MOST_IN_A_ROW = 20
YOUNG_SECONDS = 10.0
TOGETHER = 100


class Manner(Enum):
    """How a worker's process was lost."""

    CRASHED = "crashed"  # it exited by itself, or by a signal such as SIGSEGV
    KILLED = "killed"  # by SIGKILL or SIGTERM: from a person, or from the kernel when memory ran out
    UNKNOWN = "unknown"  # its lease expired, or its parent ended too

    @classmethod
    def of(cls, exit_code: int | None) -> "Manner":
        """Classify an exit code: negative for the number of a signal, None where the parent did not record one."""
        if exit_code is None:
            return cls.UNKNOWN
        return cls.KILLED if exit_code in (-signal.SIGKILL, -signal.SIGTERM) else cls.CRASHED


def free_jobs_of(connection: Connection, worker: str, exit_code: int | None) -> list[JobRecord]:
    """Release the jobs of a process that has ended; return them in their new state."""
    return [_free(connection, row, exit_code) for row in _held(connection, table.c.worker == worker)]


def free_expired(connection: Connection) -> list[JobRecord]:
    """Release the jobs whose lease has expired; return them in their new state."""
    return [_free(connection, row, None) for row in _held(connection, table.c.lease_until < clock())]


def are_expired(connection: Connection) -> bool:
    """Return whether there is a job whose lease has expired."""
    over = select(table.c.number).where(table.c.status == Status.RUNNING, table.c.lease_until < clock()).limit(1)
    return connection.execute(over).first() is not None


def _held(connection: Connection, where: ColumnElement[bool]) -> list[Row[Any]]:
    counted = (table.c.deaths, table.c.lost_attempts, table.c.claimed_at, clock().label("now"))
    query = select(*COLUMNS, *counted).where(table.c.status == Status.RUNNING, where)
    return list(connection.execute(query.limit(TOGETHER).with_for_update(skip_locked=True)))


def _free(connection: Connection, row: Row[Any], exit_code: int | None) -> JobRecord:
    job = job_of(row)
    deaths, lost = counted(row, Manner.of(exit_code))
    counts = {"deaths": deaths, "lost_attempts": lost}
    if (deaths < MOST_COUNTED and lost < MOST_IN_A_ROW) or job.requested is not None:
        return jobs.release_locked(connection, job, **counts)
    many = deaths if deaths >= MOST_COUNTED else lost
    detail = f"{many} attempts died before they stored anything, the last {ending(exit_code)}"
    error = Failure(code=FailureCode.CRASHED_REPEATEDLY, detail=detail, epoch=job.epoch)
    return jobs.change(connection, job, Status.FAILED, error=error, **counts)


def counted(row: Row[Any], manner: Manner) -> tuple[int, int]:
    """Return the crashes that count against the job and its lost attempts in a row, this one included."""
    if row.stored_attempt == row.attempt:
        return 0, 0
    is_young = row.claimed_at is not None and (row.now - row.claimed_at).total_seconds() < YOUNG_SECONDS
    counts = manner is Manner.CRASHED or (manner is Manner.KILLED and not is_young)
    return row.deaths + counts, row.lost_attempts + 1


def ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "without a trace"
    if exit_code >= 0:
        return f"with exit code {exit_code}"
    try:
        return f"by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"by signal {-exit_code}"
