"""The record of who changed what: written in the transaction of the change, so it says what happened and nothing else.

It holds names and ids; no key, row or parameter.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from service.store.database import before_commit
from service.store.records import Listing, Page
from service.store.tables import audit, tenants

LONGEST_RESOURCE = 256


@dataclass(frozen=True)
class Actor:
    """Who is about to change what: a key, None where none was asked for; an operation; a path; a request."""

    key: str | None
    action: str
    resource: str
    request: str | None = None


@dataclass(frozen=True)
class AuditRecord:
    """One change."""

    number: int
    at: datetime
    tenant_name: str
    key: str | None
    action: str
    resource: str
    request: str | None


class Recorder:
    """Records a transaction of an actor just before its commit."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.resource = actor.resource

    def __call__(self, connection: Connection) -> None:
        record(connection, replace(self.actor, resource=self.resource))


def record(connection: Connection, actor: Actor, tenant: int | None = None) -> None:
    """Record a change in a tenant, the one in scope if none is given."""
    values: dict[str, Any] = {
        "at": datetime.now(UTC),
        "key": actor.key,
        "action": actor.action,
        "request": actor.request,
    }
    if tenant is not None:
        values["tenant"] = tenant
    values["resource"] = actor.resource.encode("utf-8", "backslashreplace").decode()[:LONGEST_RESOURCE]
    connection.execute(insert(audit), values)


def recorder_of(actor: Actor) -> Callable[[], Recorder]:
    """Return what `Database.recording` takes: a recorder for each transaction."""
    return lambda: Recorder(actor)


def name_resource(connection: Connection, resource: str) -> None:
    """Say what this transaction makes, where the request's path does not; nothing if it is not recorded."""
    for act in before_commit(connection):
        if isinstance(act, Recorder):
            act.resource = resource


def list_changes(connection: Connection, page: Page, key: str | None = None) -> Listing[AuditRecord]:
    """Return changes, newest first, of one key if one is given."""
    query = select(audit, tenants.c.name.label("tenant_name")).join(tenants, tenants.c.number == audit.c.tenant)
    query = query.order_by(audit.c.number.desc()).limit(page.limit + 1)
    if page.position is not None:
        query = query.where(audit.c.number < page.position)
    if key is not None:
        query = query.where(audit.c.key == key)
    rows = connection.execute(query).all()
    return Listing(tuple(map(_record, rows[: page.limit])), len(rows) > page.limit)


def prune(connection: Connection, seconds: float) -> int:
    """Remove what is older; return how many."""
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    return connection.execute(delete(audit).where(audit.c.at < before)).rowcount


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(**{name: getattr(row, name) for name in AuditRecord.__dataclass_fields__})
