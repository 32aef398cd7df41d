"""Which workers are alive: each reports its name and how it computes every few seconds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, union, update

from service.store.database import clock
from service.store.jobs import claiming, crashes
from service.store.prediction_records import PredictionRecord
from service.store.predictions import crashes as prediction_crashes
from service.store.records import JobRecord, Status
from service.store.tables import jobs as jobs_table
from service.store.tables import predictions, workers
from service.store.tenancy import everyone

REMOVED_AFTER_SECONDS = 3600.0
PLACES = 1  # the jobs that a worker process trains at once


@dataclass(frozen=True)
class About:
    """What a worker process says of itself."""

    host: str
    started_at: datetime
    version: str
    threads: int


@dataclass(frozen=True)
class WorkerRecord:
    """A worker process that has reported within the last hour, and the job or prediction that it holds.

    One of a release before 0015 has no host, start, version and threads.
    """

    id: str
    host: str | None
    started_at: datetime | None
    version: str | None
    threads: int | None
    seen_at: datetime
    is_alive: bool
    fingerprint: str | None
    waits_for: str | None
    job_id: str | None
    prediction_id: str | None


def report_alive(connection: Connection, name: str, fingerprint: str | None = None, about: About | None = None) -> None:
    """Record that the process of this name is alive. It trains one job at a time."""
    values: dict[str, Any] = {"seen_at": clock(), "fingerprint": fingerprint}
    if about is not None:
        values |= vars(about)
    changed = connection.execute(update(workers).where(workers.c.id == name).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(workers).values(id=name, **values))
    connection.execute(delete(workers).where(workers.c.seen_at < clock(-REMOVED_AFTER_SECONDS)))


def remove_worker(connection: Connection, name: str) -> bool:
    """Remove the row of a process that stops or has ended; return whether there was one."""
    return connection.execute(delete(workers).where(workers.c.id == name)).rowcount == 1


def list_workers(connection: Connection, limit: int, after: str | None) -> tuple[list[WorkerRecord], bool]:
    """Return workers in the order of their names, from the first one behind `after` on, and whether there are more."""
    holds = and_(jobs_table.c.worker == workers.c.id, jobs_table.c.status == Status.RUNNING)
    job = select(func.max(jobs_table.c.id)).where(holds).scalar_subquery()
    computes = and_(predictions.c.worker == workers.c.id, predictions.c.status == Status.RUNNING)
    batch = select(func.max(predictions.c.id)).where(computes).scalar_subquery()
    held = (claiming.alive_clause().label("is_alive"), job.label("job_id"), batch.label("prediction_id"))
    query = select(workers, *held).order_by(workers.c.id)
    if after is not None:
        query = query.where(workers.c.id > after)
    rows = list(connection.execute(query.limit(limit + 1)))
    return [_record(row) for row in rows[:limit]], len(rows) > limit


def _record(row: Row[Any]) -> WorkerRecord:
    values = {**row._mapping, "is_alive": bool(row.is_alive)}
    return WorkerRecord(**values)


def count_alive(connection: Connection) -> int:
    """Return how many workers are alive, each of which trains one job at a time."""
    with everyone(connection):
        return connection.execute(select(func.count()).select_from(workers).where(claiming.alive_clause())).scalar_one()


def report_space(connection: Connection, name: str, waits_for: str | None) -> None:
    """Record why a worker begins no job for want of space, or that it does."""
    connection.execute(update(workers).where(workers.c.id == name).values(waits_for=waits_for))


def names_in(connection: Connection, namespace: str) -> list[str]:
    """Return the names of processes of a PID namespace that have reported or hold running work."""
    prefix = namespace + ":"
    reported = select(workers.c.id).where(workers.c.id.startswith(prefix, autoescape=True))
    holding = (
        select(table.c.worker).where(table.c.status == "running", table.c.worker.startswith(prefix, autoescape=True))
        for table in (jobs_table, predictions)
    )
    return list(connection.execute(union(reported, *holding)).scalars())


@dataclass(frozen=True)
class Ended:
    """What was done about a process that has ended: its jobs in their new state, and whether it was known till now.

    `predictions` are those that it computed, released as well.
    """

    jobs: list[JobRecord]
    predictions: list[PredictionRecord]
    was_known: bool


def remove_ended(connection: Connection, name: str, exit_code: int | None = None) -> Ended:
    """Remove the row of a process that has ended and release what it held."""
    was_known = remove_worker(connection, name)
    freed = crashes.free_jobs_of(connection, name, exit_code)
    return Ended(freed, prediction_crashes.free_predictions_of(connection, name, exit_code), was_known)
