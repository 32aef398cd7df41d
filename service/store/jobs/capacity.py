"""What decides whether a queued job runs besides the jobs before it, and whether one more may be queued.

Each is one statement, built once: every submission and every answer about a queued job asks.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, func, literal, select

from service.store.jobs.claiming import alive_clause
from service.store.jobs.shares import RUNNING, RUNNING_JOBS
from service.store.records import Status
from service.store.tables import jobs, predictions, tenants, workers
from service.store.tenancy import everyone


def _of_living_workers(value: Any) -> Any:
    return select(value).select_from(workers).where(alive_clause()).scalar_subquery()


ALIVE = _of_living_workers(func.count())
OF_THIS = tenants.c.number == bindparam("this")
CAPACITY = select(
    ALIVE.label("workers"),
    _of_living_workers(func.count(workers.c.waits_for)).label("waiting"),
    _of_living_workers(func.min(workers.c.waits_for)).label("reason"),
    RUNNING.label("running"),
    tenants.c.limits[RUNNING_JOBS].as_integer().label("most"),
).where(OF_THIS)


def _queued(status: ColumnElement[str]) -> ScalarSelect[int]:
    return select(func.count()).where(status == literal(Status.QUEUED.value, jobs.c.status.type)).scalar_subquery()


QUEUED = _queued(jobs.c.status) + _queued(predictions.c.status)
QUEUE = select(QUEUED.label("queued"), ALIVE.label("workers"), tenants.c.limits.label("limits")).where(OF_THIS)


@dataclass(frozen=True)
class Capacity:
    """How many workers are alive, each of which trains one job at a time, and how much of them a tenant may take.

    `lacks` says why no living worker begins a job for want of space; None when one does, or none is alive.
    `most` is the tenant's own limit of running jobs, 0 for any number, None where it has none of its own.
    """

    workers: int
    lacks: str | None
    running: int
    most: int | None


def capacity_of(connection: Connection, tenant: int) -> Capacity:
    """Return what a tenant's queued jobs can count on."""
    with everyone(connection):
        found = connection.execute(CAPACITY, {"this": tenant}).one()
    lacks = found.reason if found.workers and found.workers == found.waiting else None
    return Capacity(found.workers, lacks, found.running, found.most)


@dataclass(frozen=True)
class Queue:
    """How many jobs and predictions of all tenants wait, how many workers are alive, and a tenant's own limits."""

    queued: int
    workers: int
    limits: dict[str, Any]


def queue_for(connection: Connection, tenant: int) -> Queue:
    """Return what decides whether one more job of a tenant may be queued."""
    with everyone(connection):
        found = connection.execute(QUEUE, {"this": tenant}).one_or_none()
    return Queue(0, 0, {}) if found is None else Queue(found.queued, found.workers, dict(found.limits or {}))
