"""Webhooks as clients make, change and delete them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from service.errors import NotFound
from service.store.database import clock
from service.store.records import Listing, Page
from service.store.tables import webhook_deliveries, webhooks
from service.store.webhooks.records import DeliveryStatus, NewWebhook, WebhookRecord

COLUMNS = tuple(webhooks.c[name] for name in WebhookRecord.__dataclass_fields__)
BY_CLIENT = "a client has disabled it"
OF_TENANT = (webhooks.c.job.is_(None), webhooks.c.prediction.is_(None))


def add(connection: Connection, new: NewWebhook, job: str | None = None, prediction: str | None = None) -> None:
    """Insert a webhook, of the whole tenant or of one job or prediction."""
    now = datetime.now(UTC)
    off: dict[str, Any] = {} if new.enabled else {"disabled_at": now, "disabled_because": BY_CLIENT}
    values = {"id": new.id, "url": new.url, "events": new.events, "secret": new.secret, "created_at": now}
    connection.execute(insert(webhooks).values(job=job, prediction=prediction, **values, **off))


def get(connection: Connection, webhook_id: str) -> WebhookRecord:
    """Return a webhook; raise `NotFound` when there is none of this id in the tenant in scope."""
    row = connection.execute(select(*COLUMNS).where(webhooks.c.id == webhook_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no webhook `{webhook_id}`")
    return _webhook(row)


def list_webhooks(connection: Connection, page: Page) -> Listing[WebhookRecord]:
    """Return a page of the webhooks of the whole tenant, newest first."""
    query = select(*COLUMNS).where(*OF_TENANT).order_by(webhooks.c.number.desc()).limit(page.limit + 1)
    position = page.position if page.after is None else get(connection, page.after).number
    if position is not None:
        query = query.where(webhooks.c.number < position)
    rows = connection.execute(query).all()
    return Listing(tuple(map(_webhook, rows[: page.limit])), len(rows) > page.limit)


def count(connection: Connection) -> int:
    """Return how many webhooks of the whole tenant there are."""
    return connection.execute(select(func.count()).select_from(webhooks).where(*OF_TENANT)).scalar_one()


def change(connection: Connection, webhook_id: str, **values: Any) -> None:
    """Set columns of a webhook; raise `NotFound` when there is none of this id."""
    get(connection, webhook_id)
    connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


def enable(connection: Connection, webhook_id: str) -> None:
    """Forget why a webhook was disabled and that attempts have failed; what waits is due at once."""
    found = get(connection, webhook_id)
    fresh = {"disabled_at": None, "disabled_because": None, "failures": 0, "failing_since": None, "held_until": None}
    change(connection, webhook_id, **fresh)
    waiting = (webhook_deliveries.c.webhook == found.number, webhook_deliveries.c.status == DeliveryStatus.PENDING)
    connection.execute(update(webhook_deliveries).where(*waiting).values(due_at=clock()))


def disable(connection: Connection, webhook_id: str) -> None:
    """Disable a webhook because a client asks for it, unless it is disabled already."""
    if get(connection, webhook_id).disabled_at is None:
        change(connection, webhook_id, disabled_at=datetime.now(UTC), disabled_because=BY_CLIENT)


def rotate(connection: Connection, webhook_id: str, secret: str, overlap: timedelta) -> None:
    """Replace the secret; deliveries are signed with the present one, too, until the overlap is over."""
    until = datetime.now(UTC) + overlap
    change(connection, webhook_id, old_secret=webhooks.c.secret, old_secret_until=until, secret=secret)


def remove(connection: Connection, webhook_id: str) -> None:
    """Delete a webhook with its deliveries, also those that are still to be sent."""
    get(connection, webhook_id)
    connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id))


def _webhook(row: Row[Any]) -> WebhookRecord:
    return WebhookRecord(**row._mapping)
