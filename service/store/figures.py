"""What `/metrics` says of jobs and workers, read in one transaction."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from service.store import totals, workers
from service.store.database import clock
from service.store.records import Status
from service.store.tables import jobs, predictions
from service.store.webhooks import claims, deliveries
from service.store.webhooks.claims import Backlog


@dataclass(frozen=True)
class Figures:
    """The state of the database at one moment.

    `totals` are the sums that workers have counted, by name and label (`service.counts`).
    """

    jobs: dict[str, int]  # by status, those without a job too
    predictions: dict[str, int]  # of whole datasets, by status, likewise
    oldest_queued_seconds: float  # 0 when none is queued
    workers_alive: int
    deliveries: dict[str, int]  # to webhooks, by status
    backlog: Backlog
    totals: dict[tuple[str, str], float]


def read(connection: Connection) -> Figures:
    """Read everything, for all tenants."""
    found = []
    for table in (jobs, predictions):
        rows = connection.execute(select(table.c.status, func.count()).group_by(table.c.status))
        found.append({status.value: 0 for status in Status} | {status: count for status, count in rows})
    alive = workers.count_alive(connection)
    return Figures(
        jobs=found[0],
        predictions=found[1],
        oldest_queued_seconds=_oldest_queued_seconds(connection),
        workers_alive=alive,
        deliveries=deliveries.states(connection),
        backlog=claims.backlog(connection),
        totals=totals.read(connection),
    )


def _oldest_queued_seconds(connection: Connection) -> float:
    oldest = select(func.min(jobs.c.queued_at)).where(jobs.c.status == Status.QUEUED).scalar_subquery()
    now, queued_at = connection.execute(select(clock(), oldest)).one()
    return 0.0 if queued_at is None else max(0.0, (now - queued_at).total_seconds())
