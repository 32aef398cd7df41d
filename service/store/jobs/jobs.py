"""Jobs: their insertion, lease and end. A change of state and its event are one transaction.

A run owns its job while the job's `attempt` is the one that the run claimed. Every transaction of a run begins with
`fenced`, which checks this. Claims are in `service.store.jobs.claiming`, the commands of clients in
`service.store.jobs.commands`, the handling of crashes in `service.store.jobs.crashes`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from service.definitions.base import json_of
from service.errors import Conflict, NotFound
from service.store import events
from service.store.blobs.references import OF_JOBS
from service.store.database import clock
from service.store.jobs import shares
from service.store.jobs.rows import COLUMNS, columns_of, job_of, to_json
from service.store.records import ENDED, JobRecord, Kind, Listing, NewJob, Page, Request, Status
from service.store.tables import jobs
from service.store.webhooks import outbox

BY_ID = select(*COLUMNS).where(jobs.c.id == bindparam("job_id"))  # built once, as it is read all the time


class Overtaken(Exception):
    """A client has changed what the end of a job depends on, so its transaction must be rolled back."""


class Requested(Overtaken):
    """A client has requested that the job be cancelled or paused, so it must not end in another way."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


def add_job(connection: Connection, job_id: str, new: NewJob) -> JobRecord:
    """Insert a queued job under a new id and return it."""
    values = {**columns_of(new), "model_name": new.model_name or job_id}
    row = connection.execute(
        insert(jobs)
        .values(
            id=job_id,
            status=Status.QUEUED,
            attempt=0,
            stored_attempt=0,
            deaths=0,
            lost_attempts=0,
            training_seconds=0.0,
            warnings=[],
            created_at=datetime.now(UTC),
            queued_at=clock(),
            **to_json(values),
        )
        .returning(*COLUMNS)
    ).one()
    job = job_of(row)
    outbox.add_job(connection, job)
    add_status_events(connection, job)
    return job


def add_status_events(connection: Connection, job: JobRecord) -> None:
    """Record the event of a job's new state, and that of its end if it has ended."""
    events.add(connection, job.number, Kind.STATUS, events.status_data(job.status, job.requested, job.attempt))
    if job.status.ended:
        model = {"name": job.model_name, "version": job.model_version}
        data = {
            "status": str(job.status),
            "epoch": job.epoch,
            "error": json_of(job.error),
            "model": model,
        }
        events.add(connection, job.number, Kind.END, data)


def get_job(connection: Connection, job_id: str) -> JobRecord:
    row = connection.execute(BY_ID, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    return job_of(row)


def newest_replay(connection: Connection, job_id: str) -> JobRecord | None:
    """Return the newest replay of a job that has succeeded, which has a verdict; None without one."""
    query = select(*COLUMNS).where(jobs.c.replay_of == job_id, jobs.c.status == Status.SUCCEEDED)
    row = connection.execute(query.order_by(jobs.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else job_of(row)


def check_exists(connection: Connection, job_id: str) -> None:
    """Raise `NotFound` for a job that does not exist."""
    _number_of(connection, job_id)


def list_jobs(
    connection: Connection, page: Page, status: str | None, model: str | None, metadata: dict[str, str]
) -> Listing[JobRecord]:
    """Return a page of jobs, newest first, filtered by status, model and metadata."""
    query = select(*COLUMNS).order_by(jobs.c.number.desc()).limit(page.limit + 1)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if model is not None:
        query = query.where(jobs.c.model_name == model)
    for key, value in metadata.items():
        query = query.where(jobs.c.extra[key].as_string() == value)
    position = page.position if page.after is None else _number_of(connection, page.after)
    if position is not None:
        query = query.where(jobs.c.number < position)
    rows = list(connection.execute(query))
    return Listing(tuple(job_of(row) for row in rows[: page.limit]), len(rows) > page.limit)


def _number_of(connection: Connection, job_id: str) -> int:
    number: int | None = connection.execute(select(jobs.c.number).where(jobs.c.id == job_id)).scalar()
    if number is None:
        raise NotFound(f"there is no job `{job_id}`")
    return number


def _jobs_ahead() -> Select[int]:
    """Return the query of how many queued jobs of a tenant are before its job `this`."""
    this, priority = bindparam("this", type_=jobs.c.number.type), bindparam("priority", type_=jobs.c.priority.type)
    mine = select(jobs.c.queued_at).where(jobs.c.number == this).scalar_subquery()
    earlier = or_(jobs.c.queued_at < mine, and_(jobs.c.queued_at == mine, jobs.c.number < this))
    before = or_(jobs.c.priority > priority, and_(jobs.c.priority == priority, earlier))
    tenant = jobs.c.tenant == bindparam("of_tenant", type_=jobs.c.tenant.type)
    return select(func.count()).where(jobs.c.status == literal(Status.QUEUED.value, jobs.c.status.type), tenant, before)


AHEAD = _jobs_ahead()


def position_of(connection: Connection, job: JobRecord) -> int:
    """Return a queued job's position among its tenant's, counted from 1."""
    which = {"this": job.number, "priority": job.priority, "of_tenant": job.tenant}
    return connection.execute(AHEAD, which).scalar_one() + 1


def positions_of(connection: Connection, found: Sequence[JobRecord]) -> dict[int, int]:
    """Return the positions among their tenant's of those jobs that are queued, by the job's number."""
    queued = [job for job in found if job.status is Status.QUEUED]
    if len(queued) < 2:
        return {job.number: position_of(connection, job) for job in queued}
    place = func.row_number().over(partition_by=jobs.c.tenant, order_by=shares.ORDER).label("place")
    theirs = jobs.c.tenant.in_({job.tenant for job in queued})
    queue = select(jobs.c.number, place).where(jobs.c.status == Status.QUEUED, theirs).subquery()
    mine = select(queue).where(queue.c.number.in_([job.number for job in queued]))
    return {number: at for number, at in connection.execute(mine)}


def fenced(connection: Connection, job: JobRecord, lease_seconds: float, **values: Any) -> bool:
    """Renew the lease and write `values` if this run still owns the job; return whether it does.

    When it does not, the caller must roll the transaction back.
    """
    changed = connection.execute(
        update(jobs).where(_is_mine(job)).values(lease_until=clock(lease_seconds), **to_json(values))
    )
    return changed.rowcount == 1


def requested(connection: Connection, job: JobRecord) -> Request | None:
    """Return what a client has requested of the job since it was claimed."""
    found: str | None = connection.execute(select(jobs.c.requested).where(jobs.c.number == job.number)).scalar()
    return None if found is None else Request(found)


def release(connection: Connection, job: JobRecord, behind: bool = False) -> Status | None:
    """Release a job that this run owns; return its new state, or None when another run owns it.

    With `behind` it is queued behind all others of its priority; otherwise it retains its place in the queue.
    """
    row = connection.execute(select(*COLUMNS).where(_is_mine(job)).with_for_update()).one_or_none()
    if row is None:
        return None
    return release_locked(connection, job_of(row), **({"queued_at": clock()} if behind else {})).status


def release_locked(connection: Connection, job: JobRecord, **values: Any) -> JobRecord:
    """Release a job whose row is locked: cancel or pause it if a client has requested that, else queue it."""
    status = Status.QUEUED
    if job.requested == Request.CANCEL:
        status = Status.CANCELLED
    elif job.requested == Request.PAUSE or _is_at_its_pause(job):
        status = Status.PAUSED
    return change(connection, job, status=status, **values)


def _is_at_its_pause(job: JobRecord) -> bool:
    """Return whether a job has reached the epoch at which it is to pause, and has more to train."""
    if job.pause_at is None or job.epoch is None or job.epoch < job.pause_at:
        return False
    return job.stopped is None and job.epoch < job.final_epoch


def change(connection: Connection, job: JobRecord, status: Status, **values: Any) -> JobRecord:
    """Set a job whose row is locked to a state in which no worker runs it, and record the event."""
    values |= {"requested": None, "lease_until": None, "worker": None}
    if status.ended:
        values["finished_at"] = datetime.now(UTC)
    connection.execute(update(jobs).where(jobs.c.number == job.number).values(status=status, **to_json(values)))
    changed = get_job(connection, job.id)
    outbox.add_job(connection, changed)
    add_status_events(connection, changed)
    return changed


def finish(connection: Connection, job: JobRecord, status: Status, **values: Any) -> bool:
    """End a job that this run owns; return False, without a change, when another run owns it.

    The row is locked before its request is read: a command that commits first is found here, and one that commits later
    finds the job ended.

    Raises
    ------
    Requested
        When a client has requested something else of the job; the caller must roll the transaction back.
    """
    row = connection.execute(select(jobs.c.requested).where(_is_mine(job)).with_for_update()).one_or_none()
    if row is None:
        return False
    if row.requested is not None and status is not Status.CANCELLED:
        raise Requested(Request(row.requested))
    change(connection, job, status, **values)
    return True


def lock(connection: Connection, job: JobRecord) -> None:
    """Lock the job's row until this transaction ends."""
    connection.execute(select(jobs.c.number).where(jobs.c.number == job.number).with_for_update())


def delete_job(connection: Connection, job_id: str) -> list[str]:
    """Delete an ended job with its epochs and parameters; return the addresses of their blobs.

    Model versions made from it stay.
    """
    # locked first, so that no replay of the job is added meanwhile
    connection.execute(select(jobs.c.number).where(jobs.c.id == job_id).with_for_update())
    job = get_job(connection, job_id)
    if job.status not in ENDED:
        raise Conflict(f"job `{job_id}` is {job.status}; cancel it first")
    unended = (jobs.c.replay_of == job_id, jobs.c.status.not_in([status.value for status in ENDED]))
    replay = connection.execute(select(jobs.c.id).where(*unended).limit(1)).scalar()
    if replay is not None:
        raise Conflict(f"job `{job_id}` is being replayed by {replay}, which has not ended")
    addresses: set[str] = set()
    for table in OF_JOBS:
        query = select(table.c.address).where(table.c.job == job.number, table.c.address.is_not(None))
        addresses |= set(connection.execute(query).scalars())
    connection.execute(delete(jobs).where(jobs.c.number == job.number))
    return sorted(addresses)


def _is_mine(job: JobRecord) -> ColumnElement[bool]:
    return and_(jobs.c.number == job.number, jobs.c.attempt == job.attempt, jobs.c.status == Status.RUNNING)
