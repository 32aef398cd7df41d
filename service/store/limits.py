"""The limits that tenants have of their own, and how much of them they use."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from service.store import changes
from service.store.records import ENDED, Status
from service.store.tables import (
    dataset_versions,
    datasets,
    job_sizes,
    jobs,
    model_versions,
    models,
    predictions,
    tenants,
)
from service.store.tenancy import everyone

LATELY = 20  # ended jobs that are looked at
UNKNOWN_SECONDS, MOST_SECONDS = 30, 3600


@dataclass(frozen=True)
class Usage:
    """What a tenant has at this moment; bytes of a blob count once for each row that points to it.

    Predictions of whole datasets are among the queued and the running jobs.
    """

    queued_jobs: int
    running_jobs: int
    dataset_bytes: int
    parameter_bytes: int
    prediction_bytes: int


def own_limits(connection: Connection, tenant: int) -> dict[str, Any]:
    """Return the limits that a tenant has of its own."""
    return dict(connection.execute(select(tenants.c.limits).where(tenants.c.number == tenant)).scalar() or {})


def all_limits(connection: Connection) -> dict[int, dict[str, Any]]:
    """Return the limits of all tenants, by number."""
    return {number: own for number, own in connection.execute(select(tenants.c.number, tenants.c.limits))}


def weight_of(connection: Connection, tenant: int) -> float:
    weight: float = connection.execute(select(tenants.c.weight).where(tenants.c.number == tenant)).scalar_one()
    return weight


def change(connection: Connection, tenant: int, changed: dict[str, Any], weight: float | None) -> None:
    """Change some limits of a tenant, None to take one away, and its weight if one is given."""
    locked = select(tenants.c.limits).where(tenants.c.number == tenant).with_for_update(key_share=True)
    merged = {**connection.execute(locked).scalar_one(), **changed}
    values: dict[str, Any] = {"limits": {name: value for name, value in merged.items() if value is not None}}
    if weight is not None:
        values["weight"] = weight
    connection.execute(update(tenants).where(tenants.c.number == tenant).values(values))
    changes.announce(connection, changes.ACCESS)


def usage(connection: Connection, tenant: int) -> Usage:
    """Count what a tenant has."""
    return Usage(
        count_jobs(connection, tenant, Status.QUEUED),
        count_jobs(connection, tenant, Status.RUNNING),
        dataset_bytes(connection, tenant),
        parameter_bytes(connection, tenant),
        prediction_bytes(connection, tenant),
    )


def count_jobs(connection: Connection, tenant: int, status: Status) -> int:
    """Return how many of a tenant's jobs, and predictions of whole datasets, have a status."""
    queries = [
        select(func.count()).where(table.c.status == status, table.c.tenant == tenant) for table in (jobs, predictions)
    ]
    with everyone(connection):
        return sum(connection.execute(query).scalar_one() for query in queries)


def seconds_to_room(connection: Connection, tenant: int | None) -> int:
    """Return in how many seconds a job may be expected to leave the queue, of one tenant or of all.

    As many as jobs that ended lately took from one end to the next; without two of them nothing is known.
    """
    ended = [status.value for status in ENDED]
    query = select(jobs.c.finished_at).where(jobs.c.status.in_(ended), jobs.c.finished_at.is_not(None))
    if tenant is not None:
        query = query.where(jobs.c.tenant == tenant)
    with everyone(connection):
        lately: list[datetime] = list(connection.execute(query.order_by(jobs.c.number.desc()).limit(LATELY)).scalars())
    if len(lately) < 2:
        return UNKNOWN_SECONDS
    apart = (max(lately) - min(lately)).total_seconds() / (len(lately) - 1)
    return min(max(1, math.ceil(apart)), MOST_SECONDS)


def dataset_bytes(connection: Connection, tenant: int) -> int:
    """Return the bytes of the rows of all versions of a tenant's datasets."""
    joined = dataset_versions.join(datasets, datasets.c.number == dataset_versions.c.dataset)
    with everyone(connection):
        query = select(func.sum(dataset_versions.c.size)).select_from(joined).where(datasets.c.tenant == tenant)
        return int(connection.execute(query).scalar() or 0)


def prediction_bytes(connection: Connection, tenant: int) -> int:
    """Return the bytes of the results of a tenant's predictions, those to come included."""
    with everyone(connection):
        query = select(func.sum(predictions.c.size)).where(predictions.c.tenant == tenant)
        return int(connection.execute(query).scalar() or 0)


def parameter_bytes(connection: Connection, tenant: int) -> int:
    """Return the bytes of the parameters of a tenant's jobs, with optimizer states, and of its models' versions."""
    of_jobs = select(func.sum(job_sizes.c.epoch_bytes + job_sizes.c.start_bytes)).where(job_sizes.c.tenant == tenant)
    joined = model_versions.join(models, models.c.number == model_versions.c.model)
    of_models = select(func.sum(model_versions.c.size)).select_from(joined).where(models.c.tenant == tenant)
    with everyone(connection):
        return sum(int(connection.execute(query).scalar() or 0) for query in (of_jobs, of_models))
