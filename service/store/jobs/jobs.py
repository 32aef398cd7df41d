"""Jobs: their insertion, lease and end. A change of state and its event are one transaction.

A run owns its job while the job's `attempt` is the one that the run claimed. Every transaction of a run begins with
`fenced`, which checks this. Claims are in `service.store.jobs.claiming`, the commands of clients in
`service.store.jobs.commands`, the handling of crashes in `service.store.jobs.crashes`.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from service.definitions.base import json_of
from service.errors import Conflict, NotFound
from service.store import events
from service.store.blobs.references import OF_JOBS
from service.store.database import clock
from service.store.jobs.rows import COLUMNS, columns_of, inserted, job_of, to_json
from service.store.records import ENDED, JobRecord, Kind, NewJob, Request, Status
from service.store.tables import jobs
from service.store.webhooks import outbox

# built once, as they are read all the time
BY_ID, NUMBER, STATUS, NETWORK = (
    select(*columns).where(jobs.c.id == bindparam("job_id"))
    for columns in (COLUMNS, (jobs.c.number,), (jobs.c.status,), (jobs.c.number, jobs.c.network))
)
ADD = insert(jobs).values(queued_at=clock()).returning(jobs.c.number, jobs.c.tenant)


class Overtaken(Exception):
    """A client has changed what the end of a job depends on, so its transaction must be rolled back."""


class Requested(Overtaken):
    """A client has requested that the job be cancelled or paused, so it must not end in another way."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


def add_job(connection: Connection, job_id: str, new: NewJob) -> JobRecord:
    """Insert a queued job under a new id and return it."""
    now = datetime.now(UTC)
    values = {
        **columns_of(new),
        "id": job_id,
        "status": Status.QUEUED,
        "model_name": new.model_name or job_id,
        "attempt": 0,
        "stored_attempt": 0,
        "deaths": 0,
        "lost_attempts": 0,
        "training_seconds": 0.0,
        "warnings": [],
        "created_at": now,
    }
    number, tenant = connection.execute(ADD, to_json(values)).one()
    job = inserted(new, number=number, tenant=tenant, job_id=job_id, now=now)
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
    """Return a job; raise `NotFound` for one that does not exist."""
    row = connection.execute(BY_ID, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    return job_of(row)


def newest_replay(connection: Connection, job_id: str) -> JobRecord | None:
    """Return the newest replay of a job that has succeeded, which has a verdict; None without one."""
    query = select(*COLUMNS).where(jobs.c.replay_of == job_id, jobs.c.status == Status.SUCCEEDED)
    row = connection.execute(query.order_by(jobs.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else job_of(row)


def number_of(connection: Connection, job_id: str) -> int:
    """Return a job's number in the database; raise `NotFound` for a job that does not exist."""
    number: int | None = connection.execute(NUMBER, {"job_id": job_id}).scalar()
    if number is None:
        raise NotFound(f"there is no job `{job_id}`")
    return number


def network_of(connection: Connection, job_id: str) -> tuple[int, dict[str, Any]]:
    """Return a job's number and its network; raise `NotFound` for a job that does not exist."""
    row = connection.execute(NETWORK, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    return row.number, row.network


def status_of(connection: Connection, job_id: str) -> Status:
    """Return a job's status alone, which a request that waits reads all the time."""
    status: str | None = connection.execute(STATUS, {"job_id": job_id}).scalar()
    if status is None:
        raise NotFound(f"there is no job `{job_id}`")
    return Status(status)


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
