"""Making, replacing and ending keys: a new key's text is returned once and stored nowhere."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from service.access.tokens import Token, new_token
from service.definitions.keys import KeyRequest, expiry_of
from service.errors import Conflict
from service.store import audit, keys
from service.store.database import Connection
from service.store.keys import KeyKind, KeyRecord, NewKey


@dataclass(frozen=True)
class MadeKey:
    """A new key: its record, and its text, which is shown once."""

    record: KeyRecord
    token: Token


@dataclass(frozen=True)
class KeySpec:
    """What a new key is to be; restrictions that are None do not restrict."""

    scopes: tuple[str, ...]
    name: str | None = None
    models: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    expires_at: datetime | None = None


def spec_of(request: KeyRequest) -> KeySpec:
    """Return what a request asks for; what it lists twice counts once."""
    return KeySpec(
        tuple(dict.fromkeys(request.scopes)),
        request.name,
        None if request.models is None else tuple(dict.fromkeys(request.models)),
        None if request.origins is None else tuple(dict.fromkeys(request.origins)),
        expiry_of(request.expires),
    )


def create(connection: Connection, spec: KeySpec, tenant: int | None = None) -> MadeKey:
    """Make a key of a tenant, the one in scope if none is given."""
    token = new_token()
    new = NewKey(
        token.id,
        KeyKind.KEY,
        token.sha256,
        spec.scopes,
        spec.name,
        spec.models,
        spec.origins,
        expires_at=spec.expires_at,
    )
    return _added(connection, new, token, f"/v1/keys/{token.id}", tenant)


def share(connection: Connection, job: str, name: str | None, expires_at: datetime | None) -> MadeKey:
    """Make a token that reads one job of the tenant in scope, and nothing else."""
    keys.check_job(connection, job)
    token = new_token()
    new = NewKey(token.id, KeyKind.SHARE, token.sha256, ("read",), name, job=job, expires_at=expires_at)
    return _added(connection, new, token, f"/v1/jobs/{job}/shares/{token.id}")


def rotate(connection: Connection, id: str, overlap: timedelta) -> tuple[MadeKey, KeyRecord]:
    """Make a key like another one, which ends after the overlap; return both.

    Raises
    ------
    Conflict
        When the other one has ended already: it would be brought back to life. When it was replaced before, so that
        at most two keys live at once.
    """
    before, now = find(connection, id), datetime.now(UTC)
    keys.expire_at(connection, id, now + overlap)  # first: who replaces the same key at the same time waits here
    check_can_rotate(connection, id)
    token = new_token()
    made = _added(connection, _like(before, token, now), token, f"/v1/keys/{token.id}")
    return made, keys.get_key(connection, id)


def check_can_rotate(connection: Connection, id: str) -> KeyRecord:
    """Return the key, which has not ended and has no successor; raise `Conflict` otherwise."""
    old, now = find(connection, id), datetime.now(UTC)
    if old.ended(now):
        raise Conflict(f"key `{id}` is revoked or has expired; make a new one")
    if (successor := keys.find_successor(connection, id)) is not None:
        raise Conflict(f"key `{id}` was replaced by `{successor}`; replace that one, or make a new one")
    return old


def _like(old: KeyRecord, token: Token, now: datetime) -> NewKey:
    """Return a key that may do what another one may, and lives as long from now on."""
    lives = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    return NewKey(
        token.id,
        KeyKind.KEY,
        token.sha256,
        old.scopes,
        old.name,
        old.models,
        old.origins,
        replaces=old.id,
        expires_at=lives,
    )


def revoke(connection: Connection, id: str, job: str | None = None) -> KeyRecord:
    """End a key, and the sessions signed in with it; with `job` a token that shares this job."""
    record = find(connection, id, job)
    keys.revoke(connection, id)
    return replace(record, revoked_at=record.revoked_at or datetime.now(UTC))


def find(connection: Connection, id: str, job: str | None = None) -> KeyRecord:
    """Return a key of the tenant in scope, or with `job` a token that shares this job."""
    record = keys.get_key(connection, id)
    wanted = KeyKind.KEY if job is None else KeyKind.SHARE
    if record.kind is not wanted or record.job != job:
        raise keys.not_found(id, "key" if job is None else "token")
    return record


def _added(connection: Connection, new: NewKey, token: Token, resource: str, tenant: int | None = None) -> MadeKey:
    record = keys.add_key(connection, new, tenant)
    audit.name_resource(connection, resource)
    return MadeKey(record, token)
