"""Answers kept by the client's `Idempotency-Key`, so that a request sent twice is done once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from service.store.database import clock
from service.store.tables import idempotency

KEPT_SECONDS = 24 * 3600.0
ABANDONED_SECONDS = 600.0  # a request that was begun that long ago died with its process


@dataclass(frozen=True)
class KeptAnswer:
    """`status` is None while the first request is under way; `request` is the SHA-256 of its body."""

    request: str | None
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None


def begin(connection: Connection, key: str) -> KeptAnswer | None:
    """What is known under the key; None when this request is the first and has now begun."""
    unfinished = idempotency.c.status.is_(None)
    too_old = (idempotency.c.created_at < clock(-KEPT_SECONDS)) | (
        unfinished & (idempotency.c.created_at < clock(-ABANDONED_SECONDS))
    )
    connection.execute(delete(idempotency).where(too_old))
    row = connection.execute(select(idempotency).where(idempotency.c.key == key)).one_or_none()
    if row is not None:
        return KeptAnswer(row.request, row.status, row.headers, row.body)
    connection.execute(insert(idempotency).values(key=key, created_at=datetime.now(UTC)))
    return None


def keep(connection: Connection, key: str, request: str, status: int, headers: dict[str, Any], body: bytes) -> None:
    values = {"request": request, "status": status, "headers": headers, "body": body}
    connection.execute(update(idempotency).where(idempotency.c.key == key).values(**values))


def forget(connection: Connection, key: str) -> None:
    connection.execute(delete(idempotency).where(idempotency.c.key == key))
