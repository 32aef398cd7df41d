"""Which delivery is attempted next, and what an attempt writes.

A process claims a delivery by a lease, as workers claim jobs. What it writes afterwards is fenced by the number of
claims: when its lease has expired and another process has claimed the delivery, the outcome of the first one is
dropped. Its receiver may have got the event twice, under one id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, update

from service.definitions.webhooks import TEST_EVENT
from service.store.database import clock
from service.store.tables import webhook_deliveries as deliveries
from service.store.tables import webhooks
from service.store.webhooks.records import MOST_ATTEMPTS, Attempted, Claimed, DeliveryStatus

OF_DELIVERY = ("number", "id", "type", "body", "claims", "failures", "attempts")
OF_WEBHOOK = (
    webhooks.c.number.label("webhook"),
    webhooks.c.id.label("webhook_id"),
    webhooks.c.tenant,
    webhooks.c.url,
    webhooks.c.secret,
    case((webhooks.c.old_secret_until > clock(), webhooks.c.old_secret)).label("old_secret"),
    webhooks.c.failing_since.is_not(None).label("is_failing"),
)
JOINED = deliveries.join(webhooks, webhooks.c.number == deliveries.c.webhook)


class Overtaken(Exception):
    """Another process has claimed the delivery since, so the transaction must be rolled back."""


@dataclass(frozen=True)
class Wanted:
    """Which deliveries a process takes.

    None of webhooks that are `busy` and of tenants that are. Of webhooks whose last attempt failed, only
    `with_failing`, and none of the tenants in `tenants_failing`.
    """

    busy: Collection[int] = ()
    tenants_busy: Collection[int] = ()
    with_failing: bool = True
    tenants_failing: Collection[int] = ()


def is_any_due(connection: Connection, wanted: Wanted) -> bool:
    """Return whether there is a delivery to claim."""
    query = select(deliveries.c.number).select_from(JOINED).where(_is_due(wanted)).limit(1)
    return connection.execute(query).first() is not None


def claim(connection: Connection, wanted: Wanted, lease_seconds: float) -> Claimed | None:
    """Claim the delivery that has been due longest; None when there is none to claim."""
    first = select(deliveries.c.number).select_from(JOINED).where(_is_due(wanted))
    first = first.order_by(deliveries.c.due_at, deliveries.c.number).limit(1)
    number = first.with_for_update(of=deliveries, skip_locked=True).scalar_subquery()
    leased = update(deliveries).where(deliveries.c.number == number)
    leased = leased.values(lease_until=clock(lease_seconds), claims=deliveries.c.claims + 1)
    claimed = connection.execute(leased.returning(deliveries.c.number)).scalar()
    if claimed is None:
        return None
    query = select(*(deliveries.c[name] for name in OF_DELIVERY), *OF_WEBHOOK).select_from(JOINED)
    return _claimed(connection.execute(query.where(deliveries.c.number == claimed)).one())


def record(connection: Connection, claimed: Claimed, attempted: Attempted) -> bool:
    """Record an attempt with all that follows from it; return whether the webhook was disabled by it.

    The webhook's row is written first, in the order in which its deletion locks rows.

    Raises
    ------
    Overtaken
        When another process has claimed the delivery since, or the webhook was deleted.
    """
    disabled = _record_health(connection, claimed, attempted) if attempted.counts else False
    is_over = attempted.due_seconds is None
    values: dict[str, Any] = {
        "status": attempted.status,
        "attempts": [*claimed.attempts, attempted.attempt][-MOST_ATTEMPTS:],
        "failures": claimed.failures + (attempted.status is not DeliveryStatus.SUCCEEDED),
        "lease_until": None,
        "due_at": None if attempted.due_seconds is None else clock(attempted.due_seconds),
        "ended_at": datetime.now(UTC) if is_over else None,
    }
    if connection.execute(update(deliveries).where(_is_mine(claimed)).values(values)).rowcount != 1:
        raise Overtaken
    return disabled


def release(connection: Connection, claimed: Claimed) -> None:
    """Let others attempt a delivery at once, of which this process will not know the outcome."""
    connection.execute(update(deliveries).where(_is_mine(claimed)).values(lease_until=None))


def _record_health(connection: Connection, claimed: Claimed, attempted: Attempted) -> bool:
    mine, now = webhooks.c.number == claimed.webhook, datetime.now(UTC)
    if attempted.status is DeliveryStatus.SUCCEEDED:
        well = {"succeeded_at": now, "failures": 0, "failing_since": None, "held_until": None}
        connection.execute(update(webhooks).where(mine).values(well))
        return False
    values: dict[str, Any] = {
        "failures": webhooks.c.failures + 1,
        "failing_since": func.coalesce(webhooks.c.failing_since, now),
    }
    if attempted.hold_seconds is not None:
        values["held_until"] = clock(attempted.hold_seconds)
    connection.execute(update(webhooks).where(mine).values(values))
    if attempted.disable is None:
        return False
    off = update(webhooks).where(mine, webhooks.c.disabled_at.is_(None))
    return connection.execute(off.values(disabled_at=now, disabled_because=attempted.disable)).rowcount == 1


def failing(connection: Connection, claimed: Claimed) -> tuple[int, datetime | None]:
    """Return how many attempts at a webhook have failed since one succeeded, and since when they do."""
    query = select(webhooks.c.failures, webhooks.c.failing_since).where(webhooks.c.number == claimed.webhook)
    row = connection.execute(query).one_or_none()
    return (0, None) if row is None else (row.failures, row.failing_since)


@dataclass(frozen=True)
class Backlog:
    """What waits to be delivered: how many deliveries are due, and for how long the oldest is."""

    due: int
    oldest_seconds: float
    disabled: int  # webhooks


def backlog(connection: Connection) -> Backlog:
    """Count what waits, without what waits for a client that has to enable a webhook again."""
    due = and_(_is_due(Wanted()))
    oldest, count, now = connection.execute(
        select(func.min(deliveries.c.due_at), func.count(), clock()).select_from(JOINED).where(due)
    ).one()
    off = select(func.count()).select_from(webhooks).where(webhooks.c.disabled_at.is_not(None))
    seconds = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    return Backlog(count, seconds, connection.execute(off).scalar_one())


def _is_due(wanted: Wanted) -> ColumnElement[bool]:
    """Return the condition on a delivery and its webhook that it is attempted now; tests are not held back."""
    is_free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= clock())
    may = and_(
        webhooks.c.disabled_at.is_(None),
        or_(webhooks.c.held_until.is_(None), webhooks.c.held_until <= clock()),
        *([] if wanted.with_failing else [webhooks.c.failing_since.is_(None)]),
    )
    conditions = [deliveries.c.status == DeliveryStatus.PENDING, deliveries.c.due_at <= clock(), is_free]
    if wanted.busy:
        conditions.append(webhooks.c.number.not_in(sorted(wanted.busy)))
    if wanted.tenants_busy:
        conditions.append(webhooks.c.tenant.not_in(sorted(wanted.tenants_busy)))
    if wanted.tenants_failing:
        is_well = webhooks.c.failing_since.is_(None)
        conditions.append(or_(is_well, webhooks.c.tenant.not_in(sorted(wanted.tenants_failing))))
    return and_(*conditions, or_(may, deliveries.c.type == TEST_EVENT))


def _is_mine(claimed: Claimed) -> ColumnElement[bool]:
    is_pending = deliveries.c.status == DeliveryStatus.PENDING
    return and_(deliveries.c.number == claimed.number, deliveries.c.claims == claimed.claims, is_pending)


def _claimed(row: Row[*tuple[Any, ...]]) -> Claimed:
    values = {
        name: getattr(row, name) for name in (*OF_DELIVERY, "webhook", "webhook_id", "tenant", "url", "is_failing")
    }
    old = () if row.old_secret is None else (row.old_secret,)
    return Claimed(**values, secrets=(row.secret, *old))
