"""Answers stored under the client's `Idempotency-Key`, so that a request sent twice is executed once.

A request creates its resource and records that it did so in one transaction: whatever crashes or does not answer, a key
has created one resource or none. A request is identified by the moment it began; one whose key was taken over by
another request creates nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from service.store.database import clock
from service.store.tables import idempotency
from service.store.tenancy import everyone

# Records, in the transaction that inserts a resource, that the request's `Idempotency-Key` has made the one of that id.
RecordKey: TypeAlias = Callable[[Connection, str], None]

STORED_SECONDS = 24 * 3600.0
ABANDONED_SECONDS = 30.0  # a request without a result after so long is taken to have ended with its process


@dataclass(frozen=True)
class StoredAnswer:
    """The answer stored under a key.

    `request` is the SHA-256 of the request's body. `status` is None while the first request is being processed. `body`
    is None when the resource was created, at the `Location` of `headers`, but the answer was lost with its process.
    """

    request: str | None
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


def begin(connection: Connection, key: str, began: datetime) -> StoredAnswer | None:
    """Return the answer stored under the key, or record this request as the key's first and return None."""
    unfinished = idempotency.c.status.is_(None)
    too_old = (idempotency.c.created_at < clock(-STORED_SECONDS)) | (
        unfinished & (idempotency.c.created_at < clock(-ABANDONED_SECONDS))
    )
    with everyone(connection):
        connection.execute(delete(idempotency).where(too_old))
    columns = (idempotency.c.request, idempotency.c.status, idempotency.c.headers, idempotency.c.body)
    row = connection.execute(select(*columns).where(idempotency.c.key == key)).one_or_none()
    if row is not None:
        return StoredAnswer(*row)
    connection.execute(insert(idempotency).values(key=key, created_at=began))
    return None


def record_made(connection: Connection, key: str, began: datetime, answer: StoredAnswer) -> bool:
    """Record the created resource, in the transaction that creates it; return False if the key is another request's."""
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers}
    mine = and_(_is_of(key, began), idempotency.c.status.is_(None))
    return connection.execute(update(idempotency).where(mine).values(**values)).rowcount == 1


def store_answer(connection: Connection, key: str, began: datetime, answer: StoredAnswer) -> None:
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers, "body": answer.body}
    connection.execute(update(idempotency).where(_is_of(key, began)).values(**values))


def forget(connection: Connection, key: str, began: datetime) -> None:
    """Remove a key whose request created nothing, so that the request may be sent again."""
    connection.execute(delete(idempotency).where(_is_of(key, began), idempotency.c.status.is_(None)))


def _is_of(key: str, began: datetime) -> ColumnElement[bool]:
    return and_(idempotency.c.key == key, idempotency.c.created_at == began)
