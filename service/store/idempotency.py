"""Answers stored under the client's `Idempotency-Key`, so that a request sent twice is done once.

What a request makes and the record that it was made are one transaction: whatever crashes or does not answer, a key has
made one thing or none. A request is known by the moment it began; one that has lost its key to another makes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from service.store.database import clock
from service.store.tables import idempotency

STORED_SECONDS = 24 * 3600.0
ABANDONED_SECONDS = 30.0  # one that started that long ago and made nothing ended with its process


@dataclass(frozen=True)
class StoredAnswer:
    """`status` is None while the first request is under way; `request` is the SHA-256 of its body.

    `body` is None when what was made is known, by its `Location`, and the answer was lost with its process.
    """

    request: str | None
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


def begin(connection: Connection, key: str, began: datetime) -> StoredAnswer | None:
    """Return what is stored under the key; None when this request is the first, which is recorded now."""
    unfinished = idempotency.c.status.is_(None)
    too_old = (idempotency.c.created_at < clock(-STORED_SECONDS)) | (
        unfinished & (idempotency.c.created_at < clock(-ABANDONED_SECONDS))
    )
    connection.execute(delete(idempotency).where(too_old))
    columns = (idempotency.c.request, idempotency.c.status, idempotency.c.headers, idempotency.c.body)
    row = connection.execute(select(*columns).where(idempotency.c.key == key)).one_or_none()
    if row is not None:
        return StoredAnswer(*row)
    connection.execute(insert(idempotency).values(key=key, created_at=began))
    return None


def record_made(connection: Connection, key: str, began: datetime, answer: StoredAnswer) -> bool:
    """Record, in the transaction that makes it, what the request has made; False when another request has the key."""
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers}
    mine = and_(_is_of(key, began), idempotency.c.status.is_(None))
    return connection.execute(update(idempotency).where(mine).values(**values)).rowcount == 1


def store_answer(connection: Connection, key: str, began: datetime, answer: StoredAnswer) -> None:
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers, "body": answer.body}
    connection.execute(update(idempotency).where(_is_of(key, began)).values(**values))


def forget(connection: Connection, key: str, began: datetime) -> None:
    """Remove a key whose request made nothing, so that it may be sent again; one that made something stays."""
    connection.execute(delete(idempotency).where(_is_of(key, began), idempotency.c.status.is_(None)))


def _is_of(key: str, began: datetime) -> ColumnElement[bool]:
    return and_(idempotency.c.key == key, idempotency.c.created_at == began)
