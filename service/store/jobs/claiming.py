"""Which queued jobs a worker may take, and the claim of one of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from service.store.database import clock
from service.store.jobs import shares
from service.store.jobs.jobs import add_status_events
from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import JobRecord, OnOtherMachine, Status
from service.store.tables import jobs, workers
from service.store.webhooks import outbox

ALIVE_SECONDS = 30.0  # a worker counts as alive for so long after its last report


def alive_clause() -> ColumnElement[bool]:
    """Return a condition on a row of `workers`: that the worker has reported recently."""
    return workers.c.seen_at > clock(-ALIVE_SECONDS)


def has_its_machine() -> ColumnElement[bool]:
    """Return a condition on a row of `jobs`: that a worker with the fingerprint of its newest epoch is alive."""
    return select(workers.c.id).where(workers.c.fingerprint == jobs.c.fingerprint, alive_clause()).exists()


def can_go_on(connection: Connection, job: int) -> bool:
    """Return whether the job has stored no epoch, or a worker with the fingerprint of its newest epoch is alive."""
    fits = or_(jobs.c.fingerprint.is_(None), has_its_machine())
    return connection.execute(select(jobs.c.number).where(jobs.c.number == job, fits)).first() is not None


def claimable_by(fingerprint: str | None) -> ColumnElement[bool]:
    """Return a condition on a row of `jobs`: that it is queued, and a worker with this fingerprint may claim it.

    A job that has stored epochs is reserved for workers that compute the same bits as long as one is alive.
    """
    stranger = and_(jobs.c.on_other_machine != OnOtherMachine.WAIT, ~has_its_machine())
    may = or_(jobs.c.fingerprint.is_(None), jobs.c.fingerprint == fingerprint, stranger)
    return and_(jobs.c.status == Status.QUEUED, may)


def claim_of(
    connection: Connection, tenant: int, free: ColumnElement[bool], worker: str, lease_seconds: float
) -> JobRecord | None:
    """Claim the tenant's first job of those that are `free`; None when there is none, or commands hold all of them.

    The job's `attempt` is incremented, so that an earlier run of it can write nothing more.
    """
    row = claim_row_of(connection, tenant, free, worker, lease_seconds)
    if row is None:
        return None
    job = job_of(row)
    outbox.add_job(connection, job)
    add_status_events(connection, job)
    return job


def claim_row_of(
    connection: Connection, tenant: int, free: ColumnElement[bool], worker: str, lease_seconds: float
) -> Row[Any] | None:
    """Claim as `claim_of` does, without the event; return the job's row."""
    changes = {
        "status": Status.RUNNING,
        "attempt": jobs.c.attempt + 1,
        "lease_until": clock(lease_seconds),
        "claimed_at": clock(),
        "worker": worker,
        "started_at": func.coalesce(jobs.c.started_at, datetime.now(UTC)),
    }
    for first in shares.first_jobs(tenant, free):
        number = first.with_for_update(skip_locked=True).scalar_subquery()
        claimed = update(jobs).where(jobs.c.number == number).values(changes).returning(*COLUMNS)
        row = connection.execute(claimed).one_or_none()
        if row is not None:
            return row
    return None
