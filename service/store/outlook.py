"""What estimates read of the store: jobs that compete with a new one, and how long similar jobs took.

Every query reads a bounded number of rows and few of their columns. Of other tenants' jobs it reads how long they take
and what decides that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from service.definitions.columns import Table as Contents
from service.definitions.job_columns import JobColumns
from service.definitions.resolved import ResolvedTraining
from service.store.jobs import claiming, shares
from service.store.records import Status
from service.store.tables import dataset_versions, jobs, predictions, tenants, workers
from service.store.tenancy import everyone

MOST_WAITING = 500  # queued jobs, and as many predictions, that are looked at one by one
LONGEST_NETWORK = 256 * 1024  # bytes of a definition that is read
MOST_MEASURED = 50  # jobs whose rates are read: of those on the same dataset, and of all

HASHES = tuple(jobs.c[f"{part}_sha256"] for part in ("dataset", "validation", "test"))
MEASURES = (
    jobs.c.number,
    jobs.c.fingerprint,
    jobs.c.epoch,
    jobs.c.epochs_per_second,
    jobs.c.training_seconds,
    jobs.c.attempt,
    jobs.c.status,
    jobs.c.started_at,
    jobs.c.finished_at,
)


@dataclass(frozen=True)
class Measured:
    """How fast a job was trained, and the seconds that it took besides, None where it was interrupted or still runs."""

    number: int
    fingerprint: str | None
    epochs: int
    seconds_per_epoch: float
    other_seconds: float | None


@dataclass(frozen=True)
class Definition:
    """What decides the cost of a stored job; `hashes` are those of the datasets that train, validate and test."""

    number: int
    network: dict[str, Any]
    training: ResolvedTraining
    hashes: tuple[str, str | None, str | None]
    columns: JobColumns | None


@dataclass(frozen=True)
class Waiting:
    """A job or a prediction that waits or runs.

    `left_epochs` and `left_seconds` are what is known of the rest of it: epochs of a job, and seconds where it has a
    rate. `number` is that of a job, None for a prediction. `claimed_at` is None while it waits.
    """

    tenant: int
    priority: int
    number: int | None
    left_epochs: int
    left_seconds: float | None
    claimed_at: datetime | None


@dataclass(frozen=True)
class Share:
    """A tenant's place among those that share the workers, as `service.store.jobs.shares` has it."""

    passed: float
    claimed: float
    weight: float
    most: int | None


@dataclass(frozen=True)
class Fleet:
    """The workers that can begin jobs, or those known last where none is alive."""

    alive: int
    waits_for: str | None
    fingerprint: str | None
    threads: int | None


@dataclass(frozen=True)
class Competition:
    """All that waits and runs, in the order in which each tenant's is claimed, and the tenants' shares.

    `queued` counts all that waits, of which `waiting` is the beginning.
    """

    waiting: tuple[Waiting, ...]
    running: tuple[Waiting, ...]
    queued: int
    ahead: int
    shares: dict[int, Share]


def fleet(connection: Connection) -> Fleet:
    """Return the workers that are alive, with the fingerprint that most of them have."""
    alive = claiming.alive_clause()
    count = func.count().label("processes")
    kinds = select(workers.c.fingerprint, workers.c.threads, count, func.count(workers.c.waits_for).label("short"))
    kinds = kinds.add_columns(func.min(workers.c.waits_for).label("waits_for"))
    grouped = (workers.c.fingerprint, workers.c.threads)
    rows = connection.execute(kinds.where(alive).group_by(*grouped).order_by(count.desc())).all()
    if rows:
        total, short = sum(row.processes for row in rows), sum(row.short for row in rows)
        waits_for = next((row.waits_for for row in rows if row.waits_for), None) if short == total else None
        return Fleet(total - (0 if waits_for else short), waits_for, rows[0].fingerprint, rows[0].threads)
    last = connection.execute(select(*grouped).order_by(workers.c.seen_at.desc()).limit(1)).one_or_none()
    return Fleet(0, None, None if last is None else last.fingerprint, None if last is None else last.threads)


def measured(connection: Connection, dataset: str) -> list[Measured]:
    """Return how fast the newest jobs were trained: the tenant's on a dataset of this name, and all tenants'."""
    known = (jobs.c.epochs_per_second.is_not(None), jobs.c.epoch > 0)
    newest = select(*MEASURES).where(*known).order_by(jobs.c.number.desc()).limit(MOST_MEASURED)
    rows = list(connection.execute(newest.where(jobs.c.dataset_name == dataset)))
    with everyone(connection):
        rows += connection.execute(newest)
    return list({row.number: _measured(row) for row in rows}.values())


def _measured(row: Row[*tuple[Any, ...]]) -> Measured:
    others = None
    if row.attempt == 1 and row.status == Status.SUCCEEDED and row.started_at and row.finished_at:
        others = max(0.0, (row.finished_at - row.started_at).total_seconds() - row.training_seconds)
    return Measured(row.number, row.fingerprint, row.epoch, 1.0 / row.epochs_per_second, others)


def definitions(connection: Connection, numbers: Collection[int]) -> list[Definition]:
    """Return what decides the cost of jobs, of any tenant.

    Jobs whose networks carry their weights are left out, and those of releases that stored no hash of their dataset.
    """
    if not numbers:
        return []
    query = select(jobs.c.number, jobs.c.network, jobs.c.training, *HASHES, jobs.c.columns)
    size = func.length if connection.dialect.name == "sqlite" else func.pg_column_size
    known = (HASHES[0].is_not(None), size(jobs.c.network) <= LONGEST_NETWORK)
    with everyone(connection):
        rows = connection.execute(query.where(jobs.c.number.in_(numbers), *known)).all()
    return [
        Definition(
            row.number,
            row.network,
            ResolvedTraining.from_json(row.training),
            (row.dataset_sha256, row.validation_sha256, row.test_sha256),
            JobColumns.from_json_if_any(row.columns),
        )
        for row in rows
    ]


def contents(connection: Connection, hashes: Collection[str]) -> dict[str, Contents]:
    """Return the tables of datasets by their hash, of any tenant: equal hashes have equal columns."""
    if not hashes:
        return {}
    query = select(dataset_versions.c.sha256, dataset_versions.c.contents)
    with everyone(connection):
        rows = connection.execute(query.where(dataset_versions.c.sha256.in_(hashes))).all()
    return {row.sha256: Contents.from_dict(row.contents) for row in rows}


def competition(connection: Connection, tenant: int, priority: int) -> Competition:
    """Return what waits and runs, and how many queued jobs of a tenant a new one of this priority would be behind."""
    with everyone(connection):
        waiting = [*_of_jobs(connection, Status.QUEUED), *_of_predictions(connection, Status.QUEUED)]
        running = [*_of_jobs(connection, Status.RUNNING), *_of_predictions(connection, Status.RUNNING)]
        queued = sum(
            connection.execute(select(func.count()).where(table.c.status == Status.QUEUED)).scalar_one()
            for table in (jobs, predictions)
        )
        mine = and_(jobs.c.tenant == tenant, jobs.c.priority >= priority)
        ahead = connection.execute(select(func.count()).where(jobs.c.status == Status.QUEUED, mine)).scalar_one()
        involved = {tenant, *(each.tenant for each in (*waiting, *running))}
        return Competition(tuple(waiting), tuple(running), queued, ahead, _shares(connection, involved))


def _of_jobs(connection: Connection, status: Status) -> list[Waiting]:
    total = jobs.c.training["epochs"].as_integer()
    columns = (jobs.c.tenant, jobs.c.priority, jobs.c.number, jobs.c.epoch, jobs.c.epochs_per_second, jobs.c.claimed_at)
    query = select(*columns, total.label("total")).where(jobs.c.status == status)
    found = []
    for row in connection.execute(query.order_by(*shares.ORDER).limit(MOST_WAITING)):
        left = max(0, row.total - (row.epoch or 0))
        seconds = left / row.epochs_per_second if row.epochs_per_second else None
        claimed = row.claimed_at if status is Status.RUNNING else None
        found.append(Waiting(row.tenant, row.priority, row.number, left, seconds, claimed))
    return found


def _of_predictions(connection: Connection, status: Status) -> list[Waiting]:
    table = predictions.c
    query = select(table.tenant, table.rows, table.done, table.rows_per_second, table.claimed_at)
    found = []
    for row in connection.execute(query.where(table.status == status).order_by(table.queued_at).limit(MOST_WAITING)):
        seconds = (row.rows - row.done) / row.rows_per_second if row.rows_per_second else None
        found.append(Waiting(row.tenant, 0, None, 0, seconds, row.claimed_at if status is Status.RUNNING else None))
    return found


def _shares(connection: Connection, involved: Collection[int]) -> dict[int, Share]:
    most = tenants.c.limits[shares.RUNNING_JOBS].as_integer().label("most")
    query = select(
        tenants.c.number, shares.PASS.label("passed"), shares.CLAIMED.label("claimed"), tenants.c.weight, most
    )
    rows = connection.execute(query.where(tenants.c.number.in_(involved))).all()
    return {row.number: Share(row.passed, row.claimed, row.weight, row.most) for row in rows}
