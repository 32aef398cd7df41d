"""`/v1/webhooks`: addresses that events are sent to, and what was and is to be delivered to them.

Webhooks are made, changed and deleted with `admin`: they go on when the key that made them is revoked. Reading them,
testing them and sending a delivery again takes `train`, as `notify` in a job does.
"""

from functools import partial

from flask import Response

from service.access.principal import Scope
from service.api.answer_headers import LOCATION, RETRY_AFTER, Header
from service.api.answers import answer, page, record_page
from service.api.authentication import still_valid
from service.api.bodies import read_model, read_model_if_any
from service.api.context import services, waits
from service.api.formats import choice
from service.api.idempotency import record_made
from service.api.routes import PAGE, Example, Query, Routes
from service.api.schemas import ListAnswer
from service.api.secret_answers import MAX_BYTES, NO_STORE
from service.definitions.webhooks import RotateSecretRequest, WebhookChanges, WebhookRequest
from service.services import Services
from service.store.database import Connection
from service.store.records import Status
from service.store.webhooks import deliveries, endpoints
from service.store.webhooks.records import DeliveryStatus
from service.webhooks import endpoints as work
from service.webhooks import requested
from service.webhooks.answers import DeliveryAnswer, DeliverySummaryAnswer, WebhookAnswer
from service.webhooks.views import describe, describe_delivery, read

routes = Routes(
    "webhooks", "What is sent to addresses of clients when jobs and models change: signed, retried, listed, sent again."
)
WAIT_MORE_SECONDS = 5.0  # than a request may take, for a test to be taken by a worker
POLL_SECONDS = "1"
EXAMPLE_URL = "https://93.184.215.14/hooks/backprop"
NOT_STORED = Header("Cache-Control", "`no-store`, as the answer holds a secret", (200, 201))
AS_STATUS = {
    DeliveryStatus.PENDING: Status.QUEUED,
    DeliveryStatus.SUCCEEDED: Status.SUCCEEDED,
    DeliveryStatus.FAILED: Status.FAILED,
}


@routes.route(
    "POST",
    "/v1/webhooks",
    body=WebhookRequest,
    examples=[Example({"url": EXAMPLE_URL, "events": ["job.succeeded", "job.failed"]})],
    answers={201: WebhookAnswer},
    sends=(LOCATION, NOT_STORED),
    problems=(409,),
    creates=True,
    scope=Scope.ADMIN,
)
def create_webhook() -> Response:
    """Make a webhook: an address that events are sent to; its secret is in this answer alone."""
    body = read_model(WebhookRequest, MAX_BYTES)
    made, secret = work.create(services(), body, partial(_record_made, status=201))
    return answer(describe(made, secret), 201, {"Location": f"/v1/webhooks/{made.id}", **NO_STORE})


def _record_made(connection: Connection, webhook_id: str, status: int) -> None:
    record_made(connection, f"/v1/webhooks/{webhook_id}", status)


@routes.route(
    "GET",
    "/v1/webhooks",
    query=PAGE,
    answers={200: ListAnswer[WebhookAnswer]},
    problems=(404,),
    scope=Scope.TRAIN,
)
def list_webhooks() -> Response:
    """List the webhooks, newest first, without those of a single job or prediction."""
    with services().database.read() as connection:
        found = endpoints.list_webhooks(connection, page("webhook"))
    return record_page(found, [describe(record) for record in found.data], "webhook", lambda record: record.id)


@routes.route("GET", "/v1/webhooks/{id}", answers={200: WebhookAnswer}, problems=(404,), scope=Scope.TRAIN)
def get_webhook(id: str) -> Response:
    """Return a webhook, without its secret."""
    return answer(read(services(), id))


@routes.route(
    "PATCH",
    "/v1/webhooks/{id}",
    body=WebhookChanges,
    examples=[Example({"events": ["job.succeeded"], "enabled": True})],
    answers={200: WebhookAnswer},
    problems=(404,),
    creates=True,
    scope=Scope.ADMIN,
)
def change_webhook(id: str) -> Response:
    """Change a webhook's address or events, disable it, or enable it again; what is left out stays."""
    with services().database.read() as connection:
        endpoints.get(connection, id)
    return answer(describe(work.change(services(), id, read_model(WebhookChanges, MAX_BYTES))))


@routes.route("DELETE", "/v1/webhooks/{id}", answers={204: None}, problems=(404,), scope=Scope.ADMIN)
def delete_webhook(id: str) -> Response:
    """Delete a webhook with its deliveries, also those that are still to be sent."""
    services().ending(lambda connection: endpoints.remove(connection, id))
    return Response(status=204)


@routes.route(
    "POST",
    "/v1/webhooks/{id}:rotate",
    body=RotateSecretRequest,
    body_optional=True,
    examples=[Example({"overlap": "12h"})],
    answers={200: WebhookAnswer},
    sends=(NOT_STORED,),
    problems=(404,),
    creates=True,
    scope=Scope.ADMIN,
)
def rotate_webhook(id: str) -> Response:
    """Replace the secret; for a day, or the `overlap`, deliveries are signed with both."""
    with services().database.read() as connection:
        endpoints.get(connection, id)
    body = read_model_if_any(RotateSecretRequest, MAX_BYTES)
    rotated, secret = work.rotate(services(), id, body)
    return answer(describe(rotated, secret), headers=NO_STORE)


@routes.route(
    "POST",
    "/v1/webhooks/{id}:test",
    answers={200: DeliveryAnswer, 202: DeliveryAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(404,),
    creates=True,
    scope=Scope.TRAIN,
)
def test_webhook(id: str) -> Response:
    """Send one event of type `webhook.test` now, and answer with its outcome; 202 while no worker has sent it."""
    delivery = requested.send_test(services(), id, partial(_record_delivery, id))
    seconds = services().settings.webhook_seconds + WAIT_MORE_SECONDS if requested.is_sent(services()) else 0.0
    ended = waits().until_settled(services(), delivery, seconds, still_valid(), partial(_status, id)).ended
    return _delivery(id, delivery, 200 if ended else 202)


def _status(webhook_id: str, mine: Services, delivery_id: str) -> Status:
    with mine.database.read() as connection:
        return AS_STATUS[deliveries.get(connection, endpoints.get(connection, webhook_id), delivery_id).status]


def _record_delivery(webhook_id: str, connection: Connection, delivery_id: str) -> None:
    record_made(connection, f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}")


def _delivery(webhook_id: str, delivery_id: str, status: int) -> Response:
    headers = {"Location": f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}"}
    headers |= {"Retry-After": POLL_SECONDS} if status == 202 else {}
    return answer(read(services(), webhook_id, delivery_id), status, headers)


@routes.route(
    "GET",
    "/v1/webhooks/{id}/deliveries",
    query=[*PAGE, Query("status", {"enum": list(DeliveryStatus)}, "of the deliveries that are listed")],
    answers={200: ListAnswer[DeliverySummaryAnswer]},
    problems=(404,),
    scope=Scope.TRAIN,
)
def list_deliveries(id: str) -> Response:
    """List what was and is to be delivered to a webhook, newest first, with the attempts."""
    status = choice("status", list(DeliveryStatus))
    with services().database.read() as connection:
        webhook = endpoints.get(connection, id)
        found = deliveries.list_deliveries(connection, webhook, page("delivery"), status)
    described = [describe_delivery(webhook, record) for record in found.data]
    return record_page(found, described, "delivery", lambda record: record.id)


@routes.route(
    "GET",
    "/v1/webhooks/{id}/deliveries/{delivery}",
    answers={200: DeliveryAnswer},
    problems=(404,),
    scope=Scope.TRAIN,
)
def get_delivery(id: str, delivery: str) -> Response:
    """Return a delivery with its attempts and the body that is sent."""
    return answer(read(services(), id, delivery))


@routes.route(
    "POST",
    "/v1/webhooks/{id}/deliveries/{delivery}:resend",
    answers={202: DeliveryAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(404, 409),
    creates=True,
    scope=Scope.TRAIN,
)
def resend_delivery(id: str, delivery: str) -> Response:
    """Send a delivery again, whatever became of it, under the same id; if that fails, it is retried as a new one is."""
    requested.send_again(services(), id, delivery, partial(_record_delivery, id))
    return _delivery(id, delivery, 202)
