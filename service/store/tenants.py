"""Tenants: who networks, datasets, jobs, models and keys belong to. Each tenant sees its own alone.

What belongs to tenants is found by the tables' foreign keys, so a new table needs no change here.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, func, insert, select

from service.errors import Conflict, NotFound
from service.store import changes
from service.store.named import page_of
from service.store.records import ENDED, Listing, Page, TenantRecord
from service.store.tables import jobs, keys, metadata, predictions, tenants
from service.store.tenancy import DEFAULT_TENANT, everyone

KEPT = (
    "jobs",
    "predictions",
    "datasets",
    "models",
    "networks",
    "keys",
    "webhooks",
)  # a tenant that has any of these is deleted by a purge alone
JOBS_TOGETHER = 100  # that one transaction deletes with their epochs and parameters


def number_of(connection: Connection, name: str) -> int:
    """Return the number of a tenant; `NotFound` when there is none of that name."""
    return get_tenant(connection, name).number


def find_tenant(connection: Connection, name: str) -> TenantRecord | None:
    row = connection.execute(select(tenants).where(tenants.c.name == name)).one_or_none()
    return None if row is None else _tenant(row)


def get_tenant(connection: Connection, name: str) -> TenantRecord:
    """Return a tenant; raise `NotFound` for one that does not exist."""
    found = find_tenant(connection, name)
    if found is None:
        raise NotFound(f"there is no tenant named `{name}`")
    return found


def list_tenants(connection: Connection, page: Page) -> Listing[TenantRecord]:
    rows, more = page_of(connection, tenants, page, "tenant")
    return Listing(tuple(map(_tenant, rows)), more)


def add_tenant(connection: Connection, name: str) -> TenantRecord:
    """Insert a tenant; raise `Conflict` when there is one of that name."""
    if find_tenant(connection, name) is not None:
        raise Conflict(f"a tenant named `{name}` is there already")
    connection.execute(insert(tenants).values(name=name, created_at=datetime.now(UTC)))
    return get_tenant(connection, name)


def find_or_add(connection: Connection, name: str) -> int:
    """Return the number of a tenant, which is made if there is none of that name."""
    return (find_tenant(connection, name) or add_tenant(connection, name)).number


def check_deletable(tenant: TenantRecord) -> None:
    """Raise `Conflict` for the tenant `default`."""
    if tenant.number == DEFAULT_TENANT:
        raise Conflict(f"the tenant `{tenant.name}` is that of the operator, and of a service without keys; it stays")


def delete_keys(connection: Connection, number: int) -> None:
    """Delete a tenant's keys, so that nobody submits anything for it any more."""
    with everyone(connection):
        connection.execute(delete(keys).where(keys.c.tenant == number))
    changes.announce(connection, changes.ACCESS)


def unended_jobs(connection: Connection, number: int) -> list[str]:
    """Return the ids of a tenant's jobs that have not ended."""
    ended = [status.value for status in ENDED]
    with everyone(connection):
        query = select(jobs.c.id).where(jobs.c.tenant == number, jobs.c.status.not_in(ended)).order_by(jobs.c.number)
        return list(connection.execute(query).scalars())


def unended_predictions(connection: Connection, number: int) -> list[str]:
    """Return the ids of a tenant's predictions of whole datasets that have not ended."""
    ended, mine = [status.value for status in ENDED], predictions.c.tenant == number
    with everyone(connection):
        query = select(predictions.c.id).where(mine, predictions.c.status.not_in(ended)).order_by(predictions.c.number)
        return list(connection.execute(query).scalars())


def delete_ended_jobs(connection: Connection, number: int) -> int:
    """Delete some of a tenant's ended jobs with all that refers to them; return how many."""
    ended = [status.value for status in ENDED]
    with everyone(connection):
        some = select(jobs.c.number).where(jobs.c.tenant == number, jobs.c.status.in_(ended)).limit(JOBS_TOGETHER)
        return connection.execute(delete(jobs).where(jobs.c.number.in_(some))).rowcount


def delete_tenant(connection: Connection, tenant: TenantRecord, purge: bool) -> None:
    """Delete a tenant and its rows.

    Raises
    ------
    Conflict
        When a job has not ended, and without `purge` when the tenant still has anything.
    """
    connection.execute(select(tenants.c.number).where(tenants.c.number == tenant.number).with_for_update())
    get_tenant(connection, tenant.name)
    if left := unended_jobs(connection, tenant.number):
        raise Conflict(f"tenant `{tenant.name}` has {len(left)} job(s) that have not ended, such as {left[0]}")
    if left := unended_predictions(connection, tenant.number):
        raise Conflict(f"tenant `{tenant.name}` has {len(left)} prediction(s) that have not ended, such as {left[0]}")
    with everyone(connection):
        if not purge:
            _check_empty(connection, tenant)
        for table, column in _owned():
            connection.execute(delete(table).where(column == tenant.number))
        connection.execute(delete(tenants).where(tenants.c.number == tenant.number))
    changes.announce(connection, changes.ACCESS)
    changes.announce(connection, changes.MODELS)


def _check_empty(connection: Connection, tenant: TenantRecord) -> None:
    counts = {
        table.name: connection.execute(select(func.count()).where(column == tenant.number)).scalar_one()
        for table, column in _owned()
        if table.name in KEPT
    }
    if left := [_counted(counts[name], name) for name in KEPT if counts.get(name)]:
        raise Conflict(
            f"tenant `{tenant.name}` still has {', '.join(left)}; `?purge=true`, or --purge on the command line, "
            "deletes these too"
        )


def _counted(number: int, nouns: str) -> str:
    return f"{number} {nouns if number != 1 else nouns.removesuffix('s')}"


def _owned() -> list[tuple[Table, Column[Any]]]:
    """Return the tables whose rows belong to tenants, and the column that says so; referring tables come first."""
    return [
        (table, key.parent)
        for table in reversed(metadata.sorted_tables)
        for key in table.foreign_keys
        if key.column is tenants.c.number and key.ondelete is None
    ]


def _tenant(row: Row[Any]) -> TenantRecord:
    return TenantRecord(row.number, row.name, row.created_at, row.weight, row.limits)
