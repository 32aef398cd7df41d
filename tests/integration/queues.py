"""Queues of several tenants, made of rows alone, and what workers claim of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from service.services import Services
from service.store.claims import claim_next
from service.store.database import Connection, clock
from service.store.jobs import claiming, shares
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table
from service.store.tables import tenants

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROW: dict[str, Any] = {
    "network": {},
    "extra": {},
    **{"training": {}, "targets": {}, "warnings": [], "dataset_name": "d", "model_name": "m"},
    **dict.fromkeys(("attempt", "stored_attempt", "deaths", "lost_attempts", "priority"), 0),
    **{"status": "queued", "on_other_machine": "resume", "training_seconds": 0.0, "created_at": NOW},
}


def add_tenant(service: Services, name: str, weight: float = 1.0, **limits: Any) -> int:
    with service.database.begin() as connection:
        values = {"name": name, "weight": weight, "limits": limits, "created_at": NOW}
        number: int = connection.execute(insert(tenants).values(values).returning(tenants.c.number)).scalar_one()
    return number


def queue(service: Services, tenant: int, count: int, start: int = 0, **more: Any) -> None:
    rows = [
        {**ROW, "tenant": tenant, "id": f"job_{tenant}_{number}", "queued_at": NOW, **more}
        for number in range(start, start + count)
    ]
    with service.database.begin() as connection:
        connection.execute(insert(table), rows)


def claim(service: Services, running_jobs: int = 0, worker: str = "w") -> tuple[int, str] | None:
    """Claim a job as `claim_next` does, without reading its documents, which these rows do not have."""
    free = claiming.claimable_by(None)
    with service.database.begin() as connection:
        for tenant in shares.turns(connection, free, running_jobs):
            found = claiming.claim_row_of(connection, tenant, free, worker, 45.0)
            if found is not None:
                shares.charge(connection, tenant)
                return found.tenant, found.id
    return None


def claim_job(
    connection: Connection, worker: str, lease_seconds: float, fingerprint: str | None = None
) -> JobRecord | None:
    """Claim what a worker does next, of a service that has jobs alone."""
    found = claim_next(connection, worker, lease_seconds, fingerprint)
    assert found is None or isinstance(found, JobRecord)
    return found


def end(service: Services, job: str) -> None:
    with service.database.begin() as connection:
        connection.execute(update(table).where(table.c.id == job).values(status=Status.SUCCEEDED, lease_until=clock()))


def statuses(service: Services) -> dict[str, int]:
    found: dict[str, int] = {}
    with service.database.read() as connection:
        for status in connection.execute(select(table.c.status)).scalars():
            found[status] = found.get(status, 0) + 1
    return found


def clear(service: Services) -> None:
    with service.database.begin() as connection:
        connection.execute(delete(table))
