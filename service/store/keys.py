"""Keys, tokens that share a job, and sessions of the dashboard: one table, as all three say who makes a request.

Each change of it is announced, so that processes read it again. Rows of revoked and expired keys stay: they say that
there have been keys, and the record of changes names them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from service.errors import NotFound
from service.store import changes
from service.store.records import Listing, Page
from service.store.tables import counters, jobs, keys, tenants

EVER_MADE = "keys"  # the counter of keys that were ever made
ENDED_DAYS = 7  # sessions and tokens that share are removed so long after they have ended


class KeyKind(StrEnum):
    KEY = "key"
    SHARE = "share"  # reads one job
    SESSION = "session"  # of a browser, signed in with a key


@dataclass(frozen=True)
class NewKey:
    """A key to be stored; restrictions that are None do not restrict."""

    id: str
    kind: KeyKind
    sha256: str
    scopes: tuple[str, ...]
    name: str | None = None
    models: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    job: str | None = None
    parent: str | None = None  # the key that a session was signed in with
    replaces: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class KeyRecord(NewKey):
    """A stored key of a tenant; its text is not known."""

    number: int = 0
    tenant: int = 0
    tenant_name: str = ""
    created_at: datetime = datetime.min
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def ended(self, now: datetime) -> bool:
        """Return whether it is revoked or has expired."""
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)


@dataclass(frozen=True)
class LiveKeys:
    """All keys that are not revoked, at a value of the counter of changes, and whether there was ever one."""

    version: int
    ever_made: bool
    keys: tuple[KeyRecord, ...]


WITH_TENANT = select(keys, tenants.c.name.label("tenant_name")).join(tenants, tenants.c.number == keys.c.tenant)


def add_key(connection: Connection, new: NewKey, tenant: int | None = None) -> KeyRecord:
    """Store a key for a tenant, the one in scope if none is given."""
    values = {name: getattr(new, name) for name in NewKey.__dataclass_fields__}
    if tenant is not None:
        values["tenant"] = tenant
    connection.execute(insert(keys).values(created_at=datetime.now(UTC), **values))
    if new.kind is KeyKind.KEY:
        made = update(counters).where(counters.c.name == EVER_MADE).values(value=counters.c.value + 1)
        connection.execute(made)
    changes.announce(connection, changes.ACCESS)
    return get_key(connection, new.id)


def get_key(connection: Connection, id: str) -> KeyRecord:
    row = connection.execute(WITH_TENANT.where(keys.c.id == id)).one_or_none()
    if row is None:
        raise not_found(id)
    return _record(row)


def not_found(id: str, what: str = "key") -> NotFound:
    return NotFound(f"there is no {what} `{id[:40]}`")


def list_keys(
    connection: Connection, page: Page, kinds: Collection[KeyKind] = (KeyKind.KEY,), job: str | None = None
) -> Listing[KeyRecord]:
    """Return keys of these kinds, newest first, revoked and expired ones too."""
    query = WITH_TENANT.where(keys.c.kind.in_(kinds)).order_by(keys.c.number.desc()).limit(page.limit + 1)
    if job is not None:
        query = query.where(keys.c.job == job)
    position = page.position if page.after is None else get_key(connection, page.after).number
    if position is not None:
        query = query.where(keys.c.number < position)
    rows = connection.execute(query).all()
    return Listing(tuple(_record(row) for row in rows[: page.limit]), len(rows) > page.limit)


def revoke(connection: Connection, id: str) -> None:
    """Revoke a key and the sessions that were signed in with it; one that is revoked stays so."""
    mine = or_(keys.c.id == id, keys.c.parent == id)
    connection.execute(update(keys).where(mine, keys.c.revoked_at.is_(None)).values(revoked_at=datetime.now(UTC)))
    changes.announce(connection, changes.ACCESS)


def expire_at(connection: Connection, id: str, moment: datetime) -> None:
    """Let a key expire at a moment, unless it does so before."""
    earlier = or_(keys.c.expires_at.is_(None), keys.c.expires_at > moment)
    connection.execute(update(keys).where(keys.c.id == id, earlier).values(expires_at=moment))
    changes.announce(connection, changes.ACCESS)


def find_successor(connection: Connection, id: str) -> str | None:
    """Return the id of the key that replaced another, whatever has become of it; None when none has."""
    return connection.execute(select(keys.c.id).where(keys.c.replaces == id).limit(1)).scalar()


def live_keys(connection: Connection) -> LiveKeys:
    """Return all keys that are not revoked, of all tenants; expired ones may be among them."""
    version = changes.value(connection, changes.ACCESS)
    made = changes.value(connection, EVER_MADE)
    rows = connection.execute(WITH_TENANT.where(keys.c.revoked_at.is_(None)))
    return LiveKeys(version, made > 0, tuple(_record(row) for row in rows))


def ever_made(connection: Connection) -> bool:
    """Return whether there was ever a key, whatever has become of it."""
    return changes.value(connection, EVER_MADE) > 0


def check_job(connection: Connection, id: str) -> None:
    """Raise `NotFound` unless there is such a job."""
    if connection.execute(select(jobs.c.number).where(jobs.c.id == id)).scalar() is None:
        raise NotFound(f"there is no job `{id}`")


def record_uses(connection: Connection, uses: Mapping[str, datetime]) -> None:
    """Record when keys were last used; this is no change that anybody waits for."""
    later = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < bindparam("at"))
    statement = update(keys).where(keys.c.id == bindparam("used"), later).values(last_used_at=bindparam("at"))
    connection.execute(statement, [{"used": id, "at": moment} for id, moment in uses.items()])


def prune(connection: Connection) -> int:
    """Remove sessions and tokens that share a job some days after they have ended; return how many."""
    before = datetime.now(UTC) - timedelta(days=ENDED_DAYS)
    over = or_(keys.c.revoked_at < before, keys.c.expires_at < before)
    return connection.execute(delete(keys).where(keys.c.kind != KeyKind.KEY, over)).rowcount


def sessions_of(connection: Connection, parent: str) -> Sequence[str]:
    """Return the ids of the sessions of a key that are not revoked, oldest first."""
    query = select(keys.c.id).where(keys.c.parent == parent, keys.c.revoked_at.is_(None)).order_by(keys.c.number)
    return connection.execute(query).scalars().all()


def _record(row: Row[Any]) -> KeyRecord:
    values = dict(row._mapping)
    return KeyRecord(**{**values, "kind": KeyKind(values["kind"])})
