"""Events on their way to webhooks: deliveries are inserted in the transaction of the change itself.

So nothing is sent of what was rolled back, and nothing that was committed is forgotten. Which webhooks want an event is
asked just before the commit, once for all events of a transaction.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, or_, select

from service.store.database import before_commit, clock
from service.store.prediction_records import PredictionRecord
from service.store.records import JobRecord
from service.store.tables import webhook_deliveries, webhooks
from service.store.tenancy import everyone, tenant_of
from service.store.webhooks.payloads import body_of, job_data, prediction_data
from service.store.webhooks.records import DeliveryStatus


@dataclass(frozen=True)
class _Event:
    """An event, whose payload is made only if a webhook wants it."""

    type: str
    tenant: int
    payload: Callable[[], dict[str, Any]]
    at: datetime
    job: str | None = None
    prediction: str | None = None


class _Outbox:
    """The events of one transaction."""

    def __init__(self) -> None:
        self.events: list[_Event] = []

    def __call__(self, connection: Connection) -> None:
        rows: list[dict[str, Any]] = []
        with everyone(connection):
            for event in self.events:
                if found := _that_want(connection, event):
                    message = new_message(event.type, event.at, event.payload())
                    rows += [{"webhook": number, **message} for number in found]
            if rows:
                connection.execute(insert(webhook_deliveries).values(due_at=clock()), rows)


def add_job(connection: Connection, job: JobRecord) -> None:
    """Send a job's new state, when the transaction commits, to the webhooks that want it."""
    event_type = f"job.{job.status.value}"
    _add(connection, _Event(event_type, job.tenant, lambda: job_data(job), datetime.now(UTC), job=job.id))


def add_prediction(connection: Connection, prediction: PredictionRecord) -> None:
    """Send the new state of a prediction of a dataset likewise."""
    event_type, tenant = f"prediction.{prediction.status.value}", prediction.tenant
    payload = lambda: prediction_data(prediction)  # noqa: E731
    _add(connection, _Event(event_type, tenant, payload, datetime.now(UTC), prediction=prediction.id))


def add(connection: Connection, event_type: str, data: dict[str, Any]) -> None:
    """Send an event of the tenant in scope likewise, to webhooks of the whole tenant."""
    tenant = tenant_of(connection)
    assert tenant is not None
    _add(connection, _Event(event_type, tenant, lambda: data, datetime.now(UTC)))


def new_message(event_type: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a delivery that all webhooks share."""
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": event_type,
        "body": body_of(event_type, at, data),
        "status": DeliveryStatus.PENDING,
        "created_at": at,
        "attempts": [],
    }


def _add(connection: Connection, event: _Event) -> None:
    acts = before_commit(connection)
    pending = next((act for act in acts if isinstance(act, _Outbox)), None)
    if pending is None:
        acts.insert(0, pending := _Outbox())  # before acts that lock rows which all writers share
    pending.events.append(event)


def _that_want(connection: Connection, event: _Event) -> list[int]:
    """Return the numbers of the webhooks that get an event; none of them is deleted before the commit."""
    of_one = [webhooks.c[name] == id for name, id in _resources(event)]
    of_tenant = webhooks.c.job.is_(None) & webhooks.c.prediction.is_(None)
    conditions: tuple[ColumnElement[bool], ...] = (webhooks.c.tenant == event.tenant, webhooks.c.disabled_at.is_(None))
    query = select(webhooks.c.number, webhooks.c.events).where(*conditions, or_(of_tenant, *of_one))
    query = query.order_by(webhooks.c.number).with_for_update(read=True, key_share=True)
    return [number for number, events in connection.execute(query) if event.type in events]


def _resources(event: _Event) -> Iterator[tuple[str, str]]:
    if event.job is not None:
        yield "job", event.job
    if event.prediction is not None:
        yield "prediction", event.prediction
