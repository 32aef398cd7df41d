"""The commands of clients: pause, resume, step, cancel. Each locks the job's row, then changes it or refuses.

A job whose lease has expired counts as not running: a command takes effect at once.
"""

from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import Connection, select, update

from service.errors import Conflict, NotFound
from service.store.database import clock
from service.store.jobs import jobs
from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import JobRecord, Request, Status
from service.store.tables import jobs as table


@dataclass(frozen=True)
class CommandResult:
    """A job after a command, and whether the command has changed anything."""

    job: JobRecord
    changed: bool


def cancel(connection: Connection, job_id: str) -> CommandResult:
    """End a job that does not run, or request that a running one stop; a second request changes nothing."""
    job, runs = _locked(connection, job_id)
    if job.status is Status.CANCELLED or (job.requested == Request.CANCEL and runs):
        return CommandResult(job, False)
    _check_not_ended(job)
    if runs:
        return _request(connection, job, requested=Request.CANCEL)
    return CommandResult(jobs.change(connection, job, Status.CANCELLED), True)


def pause(connection: Connection, job_id: str) -> CommandResult:
    """Pause a queued job, or request that a running one store its state and stop.

    A second request changes nothing.
    """
    job, runs = _locked(connection, job_id)
    if job.status is Status.PAUSED or (job.requested == Request.PAUSE and runs):
        return CommandResult(job, False)
    _check_not_ended(job)
    if job.requested == Request.CANCEL:  # also when its worker is lost: an accepted cancel stays
        raise Conflict(f"job `{job_id}` is being cancelled")
    if runs:
        return _request(connection, job, requested=Request.PAUSE)
    return CommandResult(jobs.change(connection, job, Status.PAUSED, pause_at=None), True)


def resume(connection: Connection, job_id: str) -> CommandResult:
    """Queue a paused job; withdraw a pause that was requested, or set by `hold` or a step, and not reached yet."""
    job, _ = _locked(connection, job_id)
    if job.status is Status.PAUSED:
        return CommandResult(jobs.change(connection, job, Status.QUEUED, pause_at=None, queued_at=clock()), True)
    if job.requested == Request.PAUSE or (job.pause_at is not None and job.requested is None and not job.status.ended):
        return _request(connection, job, requested=None, pause_at=None)
    _refuse(job, "resumed")


def step(connection: Connection, job_id: str, epochs: int) -> CommandResult:
    """Queue a paused job to train that many epochs and pause again."""
    job, _ = _locked(connection, job_id)
    if job.status is not Status.PAUSED:
        _refuse(job, "stepped")
    pause_at = (job.epoch or 0) + epochs
    return CommandResult(jobs.change(connection, job, Status.QUEUED, pause_at=pause_at, queued_at=clock()), True)


def check_can_step(connection: Connection, job_id: str) -> None:
    """Raise what `step` would raise for any number of epochs."""
    job = jobs.get_job(connection, job_id)
    if job.status is not Status.PAUSED:
        _refuse(job, "stepped")


def _locked(connection: Connection, job_id: str) -> tuple[JobRecord, bool]:
    """Return the job, its row locked, and whether a worker runs it."""
    query = select(*COLUMNS, (table.c.lease_until > clock()).label("is_leased")).where(table.c.id == job_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    job = job_of(row)
    return job, job.status is Status.RUNNING and bool(row.is_leased)


def _request(connection: Connection, job: JobRecord, **values: Any) -> CommandResult:
    connection.execute(update(table).where(table.c.number == job.number).values(**values))
    changed = jobs.get_job(connection, job.id)
    jobs.add_status_events(connection, changed)
    return CommandResult(changed, True)


def _check_not_ended(job: JobRecord) -> None:
    if job.status.ended:
        raise Conflict(f"job `{job.id}` has ended: it is {job.status}")


def _refuse(job: JobRecord, done: str) -> NoReturn:
    _check_not_ended(job)
    if job.requested == Request.CANCEL:
        raise Conflict(f"job `{job.id}` is being cancelled")
    raise Conflict(f"job `{job.id}` is {job.status}; only a paused one can be {done}")
