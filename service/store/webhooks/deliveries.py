"""Deliveries as clients read them and send them again, and the removal of old ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from service.errors import Conflict, NotFound
from service.store.database import clock
from service.store.records import Listing, Page
from service.store.tables import webhook_deliveries, webhooks
from service.store.webhooks.outbox import new_message
from service.store.webhooks.records import DeliveryRecord, DeliveryStatus, WebhookRecord

COLUMNS = tuple(webhook_deliveries.c[name] for name in DeliveryRecord.__dataclass_fields__)
PRUNED_TOGETHER = 1000


def list_deliveries(
    connection: Connection, webhook: WebhookRecord, page: Page, status: str | None
) -> Listing[DeliveryRecord]:
    """Return a page of a webhook's deliveries, newest first."""
    query = select(*COLUMNS).where(webhook_deliveries.c.webhook == webhook.number)
    if status is not None:
        query = query.where(webhook_deliveries.c.status == status)
    position = page.position if page.after is None else get(connection, webhook, page.after).number
    if position is not None:
        query = query.where(webhook_deliveries.c.number < position)
    rows = connection.execute(query.order_by(webhook_deliveries.c.number.desc()).limit(page.limit + 1)).all()
    return Listing(tuple(map(_delivery, rows[: page.limit])), len(rows) > page.limit)


def get(connection: Connection, webhook: WebhookRecord, delivery_id: str) -> DeliveryRecord:
    """Return a delivery of a webhook; raise `NotFound` when it has none of this id."""
    row = connection.execute(select(*COLUMNS).where(*_is(webhook, delivery_id))).one_or_none()
    if row is None:
        raise NotFound(f"webhook `{webhook.id}` has no delivery `{delivery_id}`")
    return _delivery(row)


def body_of(connection: Connection, webhook: WebhookRecord, delivery_id: str) -> str:
    """Return the body of a delivery that exists, as it is sent."""
    query = select(webhook_deliveries.c.body).where(*_is(webhook, delivery_id))
    return str(connection.execute(query).scalar_one())


def add_test(connection: Connection, webhook: WebhookRecord, event_type: str, data: dict[str, Any]) -> str:
    """Insert an event for one webhook, which is sent at once, also to a disabled one; return its id."""
    message = new_message(event_type, datetime.now(UTC), data)
    connection.execute(insert(webhook_deliveries).values(webhook=webhook.number, due_at=clock(), **message))
    return str(message["id"])


def send_again(connection: Connection, webhook: WebhookRecord, delivery_id: str) -> None:
    """Let a delivery be sent now, whatever became of it; one that is under way stays as it is.

    Raises
    ------
    Conflict
        When the webhook is disabled.
    """
    mine = (*_is(webhook, delivery_id),)
    connection.execute(select(webhook_deliveries.c.number).where(*mine).with_for_update())
    get(connection, webhook, delivery_id)
    if webhook.disabled_at is not None:
        raise Conflict(f"webhook `{webhook.id}` is disabled: {webhook.disabled_because}; enable it first")
    connection.execute(update(webhooks).where(webhooks.c.number == webhook.number).values(held_until=None))
    ended = webhook_deliveries.c.status != DeliveryStatus.PENDING
    anew = {"status": DeliveryStatus.PENDING, "failures": 0, "due_at": clock(), "ended_at": None, "lease_until": None}
    connection.execute(update(webhook_deliveries).where(*mine, ended).values(anew))
    idle = or_(webhook_deliveries.c.lease_until.is_(None), webhook_deliveries.c.lease_until <= clock())
    connection.execute(update(webhook_deliveries).where(*mine, idle).values(due_at=clock()))


def prune(connection: Connection, seconds: float) -> int:
    """Remove some of the deliveries that are older: ended ones, and those of disabled webhooks; return how many."""
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    joined = webhook_deliveries.join(webhooks, webhooks.c.number == webhook_deliveries.c.webhook)
    is_over = or_(webhook_deliveries.c.status != DeliveryStatus.PENDING, webhooks.c.disabled_at.is_not(None))
    old = select(webhook_deliveries.c.number).select_from(joined)
    old = old.where(webhook_deliveries.c.created_at < before, is_over).limit(PRUNED_TOGETHER)
    return connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.number.in_(old))).rowcount


def states(connection: Connection) -> dict[str, int]:
    """Return how many deliveries are stored, by status."""
    rows = connection.execute(select(webhook_deliveries.c.status, func.count()).group_by(webhook_deliveries.c.status))
    return {status.value: 0 for status in DeliveryStatus} | {status: count for status, count in rows}


def _is(webhook: WebhookRecord, delivery_id: str) -> tuple[Any, Any]:
    return webhook_deliveries.c.webhook == webhook.number, webhook_deliveries.c.id == delivery_id


def _delivery(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(**{**row._mapping, "status": DeliveryStatus(row.status)})
