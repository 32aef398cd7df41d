"""What is common to jobs and predictions of datasets whose worker crashed: which ones, and when crashes end them.

A crash counts when its attempt stored nothing, unless it was a SIGKILL within 10 s of the claim. Three that count end
the work, and so do twenty of any kind in a row, unless a client has requested something else of it. An attempt that
stored progress clears both counts.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, select

from service.definitions.job_parts import Failure, FailureCode
from service.store.database import clock
from service.store.records import Status

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


@dataclass(frozen=True)
class Counts:
    """The crashes that count against a job or a prediction, and its lost attempts in a row; columns of its row."""

    deaths: int
    lost_attempts: int

    def failure(self, exit_code: int | None, epoch: int | None) -> Failure | None:
        """Return why the work fails now; None while it is queued again."""
        if self.deaths < MOST_COUNTED and self.lost_attempts < MOST_IN_A_ROW:
            return None
        many = self.deaths if self.deaths >= MOST_COUNTED else self.lost_attempts
        detail = f"{many} attempts died before they stored anything, the last {_ending(exit_code)}"
        return Failure(code=FailureCode.CRASHED_REPEATEDLY, detail=detail, epoch=epoch)


def held(
    connection: Connection, table: Table, columns: Sequence[Column[Any]], where: ColumnElement[bool]
) -> list[Row[Any]]:
    """Return and lock rows of work that runs, with what `counted` needs; those that others have locked are skipped."""
    more = (table.c.deaths, table.c.lost_attempts, table.c.claimed_at, clock().label("now"))
    query = select(*columns, *more).where(table.c.status == Status.RUNNING, where)
    return list(connection.execute(query.limit(TOGETHER).with_for_update(skip_locked=True)))


def is_any_expired(connection: Connection, table: Table) -> bool:
    """Return whether there is work whose lease has expired."""
    over = select(table.c.number).where(table.c.status == Status.RUNNING, table.c.lease_until < clock()).limit(1)
    return connection.execute(over).first() is not None


def counted(row: Row[Any], exit_code: int | None) -> Counts:
    """Return the counts of a row of `held`, this crash included."""
    if row.stored_attempt == row.attempt:
        return Counts(0, 0)
    manner = Manner.of(exit_code)
    is_young = row.claimed_at is not None and (row.now - row.claimed_at).total_seconds() < YOUNG_SECONDS
    counts = manner is Manner.CRASHED or (manner is Manner.KILLED and not is_young)
    return Counts(row.deaths + counts, row.lost_attempts + 1)


def _ending(exit_code: int | None) -> str:
    if exit_code is None:
        return "without a trace"
    if exit_code >= 0:
        return f"with exit code {exit_code}"
    try:
        return f"by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"by signal {-exit_code}"
