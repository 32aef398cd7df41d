"""What the service sends to webhooks, as the document describes it: one entry for each type of event."""

from typing import Any

from service.api.openapi.schemas import Schemas
from service.datasets.media_types import JSON
from service.definitions.webhooks import EVENT_TYPES, TEST_EVENT
from service.webhooks.answers import AliasEvent, JobEvent, PredictionEvent, TestEvent, VersionEvent

OF_KINDS: dict[str, Any] = {
    "job": JobEvent,
    "prediction": PredictionEvent,
    "model": VersionEvent,
    "alias": AliasEvent,
    "webhook": TestEvent,
}
MODELS = tuple(OF_KINDS.values())
HEADERS = {
    "webhook-id": "of the event, the same in each attempt",
    "webhook-timestamp": "of the attempt, in seconds since 1970",
    "webhook-signature": "one or more of `v1,` and HMAC-SHA256 over `id.timestamp.body` in base64, separated by spaces",
}


def webhooks(schemas: Schemas) -> dict[str, Any]:
    """Return the requests that are sent, by type of event."""
    return {name: {"post": _post(name, schemas)} for name in (*EVENT_TYPES, TEST_EVENT)}


def _post(name: str, schemas: Schemas) -> dict[str, Any]:
    parameters = [
        {"name": header, "in": "header", "required": True, "description": description, "schema": {"type": "string"}}
        for header, description in HEADERS.items()
    ]
    schema = schemas.of_answer(OF_KINDS[name.partition(".")[0]])
    return {
        "summary": f"The event `{name}`",
        "parameters": parameters,
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "responses": {"2XX": {"description": "Taken; anything else is tried again"}},
    }
