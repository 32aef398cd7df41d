"""How clients read webhooks and deliveries. Builds the models of `service.webhooks.answers`."""

import json
from typing import cast

from service.services import Services
from service.store.webhooks import deliveries, endpoints
from service.store.webhooks.records import DeliveryRecord, NewWebhook, WebhookRecord
from service.webhooks.answers import (
    AttemptAnswer,
    DeliveryAnswer,
    DeliverySummaryAnswer,
    NotifyAnswer,
    WebhookAnswer,
)


def read(services: Services, webhook_id: str, delivery_id: str | None = None) -> WebhookAnswer | DeliveryAnswer:
    """Return a webhook, or one of its deliveries, as clients read it."""
    with services.database.read() as connection:
        webhook = endpoints.get(connection, webhook_id)
        if delivery_id is None:
            return describe(webhook)
        delivery = deliveries.get(connection, webhook, delivery_id)
        return describe_with_body(webhook, delivery, deliveries.body_of(connection, webhook, delivery_id))


def describe(webhook: WebhookRecord, secret: str | None = None) -> WebhookAnswer:
    """Describe a webhook, with its secret where this answer shows it."""
    path = f"/v1/webhooks/{webhook.id}"
    described: WebhookAnswer = {
        "id": webhook.id,
        "object": "webhook",
        "url": webhook.url,
        "events": list(webhook.events),
        "job": webhook.job,
        "prediction": webhook.prediction,
        "enabled": webhook.disabled_at is None,
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "held_until": webhook.held_until,
        "last_success_at": webhook.succeeded_at,
        "old_secret_until": webhook.old_secret_until,
        "created_at": webhook.created_at,
        "links": {"self": path, "deliveries": f"{path}/deliveries", "test": f"{path}:test"},
    }
    return described if secret is None else {**described, "secret": secret}


def describe_delivery(webhook: WebhookRecord, delivery: DeliveryRecord) -> DeliverySummaryAnswer:
    """Describe a delivery as lists have it."""
    return {
        "id": delivery.id,
        "object": "delivery",
        "webhook": webhook.id,
        "type": delivery.type,
        "status": delivery.status,
        "created_at": delivery.created_at,
        "due_at": delivery.due_at,
        "ended_at": delivery.ended_at,
        "failures": delivery.failures,
        "attempts": cast(list[AttemptAnswer], delivery.attempts),
    }


def describe_with_body(webhook: WebhookRecord, delivery: DeliveryRecord, body: str) -> DeliveryAnswer:
    """Describe a delivery with what is sent."""
    return {**describe_delivery(webhook, delivery), "body": json.loads(body)}


def describe_notified(new: NewWebhook) -> NotifyAnswer:
    """Describe the webhook of a job to whoever has just submitted it, with its secret."""
    return {"webhook": new.id, "events": list(new.events), "secret": new.secret}
