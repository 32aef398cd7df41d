"""Jobs: their insertion, claim, lease and end. Every change of state is one conditional update.

A run owns its job while `attempt` is the one it claimed; `fenced` is the first statement of all it writes.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, delete, func, insert, or_, select, update

from service.errors import Conflict, NotFound
from service.store.database import clock
from service.store.records import ENDED, JobRecord, Listing, Page, Status
from service.store.tables import jobs

RENAMED = {"extra": "metadata"}
LEFT_OUT = {"lease_until"}


def add_job(connection: Connection, values: dict[str, Any]) -> JobRecord:
    """Insert a queued job; `values` are its columns."""
    connection.execute(
        insert(jobs).values(
            status=Status.QUEUED,
            attempt=0,
            training_seconds=0.0,
            warnings=[],
            created_at=datetime.now(UTC),
            **values,
        )
    )
    return get_job(connection, values["id"])


def get_job(connection: Connection, job_id: str) -> JobRecord:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    return _job(row)


def list_jobs(
    connection: Connection, page: Page, status: str | None, model: str | None, metadata: dict[str, str]
) -> Listing[JobRecord]:
    """Newest first, narrowed by status, model and metadata."""
    query = select(jobs).order_by(jobs.c.number.desc()).limit(page.limit + 1)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if model is not None:
        query = query.where(jobs.c.model_name == model)
    for key, value in metadata.items():
        query = query.where(jobs.c.extra[key].as_string() == value)
    if page.after is not None:
        query = query.where(jobs.c.number < get_job(connection, page.after).number)
    rows = list(connection.execute(query))
    return Listing(tuple(_job(row) for row in rows[: page.limit]), len(rows) > page.limit)


def count_queued(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(jobs.c.status == Status.QUEUED)).scalar_one()


def position_of(connection: Connection, job: JobRecord) -> int:
    """How many queued jobs are to be taken before this one, plus one."""
    before = or_(jobs.c.priority > job.priority, and_(jobs.c.priority == job.priority, jobs.c.number < job.number))
    ahead = select(func.count()).where(jobs.c.status == Status.QUEUED, before)
    return connection.execute(ahead).scalar_one() + 1


def claim(connection: Connection, worker: str, lease_seconds: float) -> JobRecord | None:
    """Take the best job that waits, or whose lease is over; None when there is none.

    Its attempt rises, so whoever had it before can write no more.
    """
    free = or_(
        jobs.c.status == Status.QUEUED,
        and_(jobs.c.status == Status.RUNNING, jobs.c.lease_until < clock()),
    )
    best = (
        select(jobs.c.number)
        .where(free)
        .order_by(jobs.c.priority.desc(), jobs.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    number = connection.execute(best).scalar()
    if number is None:
        return None
    taken = connection.execute(
        update(jobs)
        .where(jobs.c.number == number, free)
        .values(
            status=Status.RUNNING,
            attempt=jobs.c.attempt + 1,
            lease_until=clock(lease_seconds),
            worker=worker,
            started_at=func.coalesce(jobs.c.started_at, datetime.now(UTC)),
        )
    )
    if taken.rowcount != 1:
        return None
    return _job(connection.execute(select(jobs).where(jobs.c.number == number)).one())


def fenced(connection: Connection, job: JobRecord, lease_seconds: float, **values: Any) -> bool:
    """Renew the lease and write `values`, if the job is still this run's; otherwise nothing may be written."""
    changed = connection.execute(update(jobs).where(_is_mine(job)).values(lease_until=clock(lease_seconds), **values))
    return changed.rowcount == 1


def requested(connection: Connection, job: JobRecord) -> str | None:
    return connection.execute(select(jobs.c.requested).where(jobs.c.number == job.number)).scalar()


def put_back(connection: Connection, job: JobRecord) -> bool:
    """Give the job up for others to take, as it stands; one that was asked to be cancelled is."""
    is_cancelled = jobs.c.requested == "cancel"
    changed = connection.execute(
        update(jobs)
        .where(_is_mine(job))
        .values(
            status=case((is_cancelled, Status.CANCELLED.value), else_=Status.QUEUED.value),
            finished_at=case((is_cancelled, datetime.now(UTC)), else_=None),
            requested=None,
            lease_until=None,
            worker=None,
        )
    )
    return changed.rowcount == 1


def finish(connection: Connection, job: JobRecord, status: Status, **values: Any) -> bool:
    """End the job, once: only the run that holds it can."""
    changed = connection.execute(
        update(jobs)
        .where(_is_mine(job))
        .values(status=status, requested=None, lease_until=None, finished_at=datetime.now(UTC), **values)
    )
    return changed.rowcount == 1


def request_cancel(connection: Connection, job_id: str) -> JobRecord:
    """Cancel a queued job at once, ask a running one to stop; twice is once. `Conflict` when it ended otherwise."""
    now = datetime.now(UTC)
    queued = jobs.c.status == Status.QUEUED
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.status.in_([Status.QUEUED, Status.RUNNING]))
        .values(
            status=case((queued, Status.CANCELLED.value), else_=jobs.c.status),
            finished_at=case((queued, now), else_=jobs.c.finished_at),
            requested=case((queued, None), else_="cancel"),
        )
    )
    job = get_job(connection, job_id)
    if job.status in ENDED and job.status is not Status.CANCELLED:
        raise Conflict(f"job `{job_id}` has ended: it is {job.status}")
    return job


def delete_job(connection: Connection, job_id: str) -> None:
    """Remove an ended job with its epochs and parameters; a model version made from it stays."""
    job = get_job(connection, job_id)
    if job.status not in ENDED:
        raise Conflict(f"job `{job_id}` is {job.status}; cancel it first")
    connection.execute(delete(jobs).where(jobs.c.number == job.number))


def _is_mine(job: JobRecord) -> ColumnElement[bool]:
    return and_(jobs.c.number == job.number, jobs.c.attempt == job.attempt, jobs.c.status == Status.RUNNING)


def _job(row: Row[Any]) -> JobRecord:
    values = {RENAMED.get(name, name): value for name, value in row._mapping.items() if name not in LEFT_OUT}
    return JobRecord(**{**values, "status": Status(values["status"])})
