"""Queries for ended jobs that still have a resume state, and for those old enough to be deleted."""

from datetime import datetime

from sqlalchemy import Connection, select

from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import ENDED, JobRecord
from service.store.tables import jobs as table
from service.store.tables import resume_states

ENDED_VALUES = [status.value for status in ENDED]


def with_resume_state(connection: Connection) -> list[JobRecord]:
    """Return ended jobs that still have a resume state."""
    query = select(*COLUMNS).join(resume_states, resume_states.c.job == table.c.number)
    return [job_of(row) for row in connection.execute(query.where(table.c.status.in_(ENDED_VALUES)))]


def job_ids_before(connection: Connection, moment: datetime) -> list[str]:
    """Return the ids of jobs that ended before a moment, oldest first."""
    query = select(table.c.id).where(table.c.status.in_(ENDED_VALUES), table.c.finished_at < moment)
    return list(connection.execute(query.order_by(table.c.number)).scalars())
