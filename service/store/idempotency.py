"""Answers kept by the client's `Idempotency-Key`, so that a request sent twice is done once.

What a request makes and the note that it is made are one transaction: whatever dies, or does not answer, a key has made
one thing or none. A request is known by the moment it began; one that has lost its key to another makes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from service.store.database import clock
from service.store.tables import idempotency

KEPT_SECONDS = 24 * 3600.0
ABANDONED_SECONDS = 30.0  # a request that was begun that long ago and made nothing died with its process


@dataclass(frozen=True)
class KeptAnswer:
    """`status` is None while the first request is under way; `request` is the SHA-256 of its body.

    `body` is None when what was made is known, by its `Location`, and the answer was lost with its process.
    """

    request: str | None
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


def begin(connection: Connection, key: str, began: datetime) -> KeptAnswer | None:
    """What is known under the key; None when this request is the first and has now begun."""
    unfinished = idempotency.c.status.is_(None)
    too_old = (idempotency.c.created_at < clock(-KEPT_SECONDS)) | (
        unfinished & (idempotency.c.created_at < clock(-ABANDONED_SECONDS))
    )
    connection.execute(delete(idempotency).where(too_old))
    row = connection.execute(select(idempotency).where(idempotency.c.key == key)).one_or_none()
    if row is not None:
        return KeptAnswer(row.request, row.status, row.headers, row.body)
    connection.execute(insert(idempotency).values(key=key, created_at=began))
    return None


def made(connection: Connection, key: str, began: datetime, answer: KeptAnswer) -> bool:
    """Note, in the transaction that makes it, what the request has made; False when the key is another's by now."""
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers}
    mine = and_(_is_of(key, began), idempotency.c.status.is_(None))
    return connection.execute(update(idempotency).where(mine).values(**values)).rowcount == 1


def keep(connection: Connection, key: str, began: datetime, answer: KeptAnswer) -> None:
    values = {"request": answer.request, "status": answer.status, "headers": answer.headers, "body": answer.body}
    connection.execute(update(idempotency).where(_is_of(key, began)).values(**values))


def forget(connection: Connection, key: str, began: datetime) -> None:
    """The request has come to nothing, and may be sent again; one that has made something stays known."""
    connection.execute(delete(idempotency).where(_is_of(key, began), idempotency.c.status.is_(None)))


def _is_of(key: str, began: datetime) -> ColumnElement[bool]:
    return and_(idempotency.c.key == key, idempotency.c.created_at == began)
