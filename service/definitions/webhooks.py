"""The bodies of requests about webhooks: where events are sent, which ones, and the secret that signs them."""

import base64
import binascii
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from service.definitions.base import Model, Stored, Text
from service.definitions.keys import Duration

EventType = Literal[
    "job.queued",
    "job.running",
    "job.paused",
    "job.succeeded",
    "job.failed",
    "job.cancelled",
    "prediction.queued",
    "prediction.running",
    "prediction.succeeded",
    "prediction.failed",
    "prediction.cancelled",
    "model.version_created",
    "alias.moved",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
TEST_EVENT = "webhook.test"  # which every webhook gets when it is asked for
SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin, by which receivers know their kind
SECRET_BYTES = (24, 64)
LONGEST_URL = 2048


def key_of(secret: str) -> bytes:
    """Return the key that a secret writes in base64; raise `ValueError` for what is no secret."""
    least, most = SECRET_BYTES
    wanted = f"must be `{SECRET_PREFIX}` and then {least} to {most} random bytes in base64"
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"{wanted}; leave it out to have one made")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{wanted}, and what follows `{SECRET_PREFIX}` is not base64") from None
    if not least <= len(key) <= most:
        raise ValueError(f"{wanted}, got {len(key)} bytes")
    return key


def _secret(text: str) -> str:
    key_of(text)
    return text


def _once_each(events: list[str]) -> list[str]:
    return list(dict.fromkeys(events))


Url = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=LONGEST_URL),
    Field(description="`https` or `http`; its host must be public unless the operator allows private ranges"),
]
Secret = Annotated[
    Text,
    AfterValidator(_secret),
    WithJsonSchema({"type": "string", "pattern": r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$", "maxLength": 100}),
    Field(description="24 to 64 random bytes in base64 after `whsec_`; without it one is made"),
]
Events = Annotated[
    list[EventType],
    Field(min_length=1, max_length=len(EVENT_TYPES)),
    AfterValidator(_once_each),
]
JOB_EVENTS = tuple(name for name in EVENT_TYPES if name.startswith("job."))
PREDICTION_EVENTS = tuple(name for name in EVENT_TYPES if name.startswith("prediction."))
JOB_ENDS: list[EventType] = ["job.succeeded", "job.failed", "job.cancelled"]
PREDICTION_ENDS: list[EventType] = ["prediction.succeeded", "prediction.failed", "prediction.cancelled"]


class WebhookRequest(Model):
    """An address that events are sent to, signed as Standard Webhooks says."""

    url: Url
    events: Events = Field(default=[*JOB_ENDS, *PREDICTION_ENDS], description="the types of events that are sent")
    secret: Secret | None = None
    enabled: bool = True


class WebhookChanges(Model):
    """Changes of a webhook: what is left out stays as it is."""

    url: Url | None = None
    events: Events | None = None
    enabled: bool | None = Field(
        default=None, description="true sends again what waited, and forgets why it was disabled"
    )


class RotateSecretRequest(Model):
    """The next secret of a webhook; until the overlap is over, deliveries are signed with both."""

    secret: Secret | None = None
    overlap: Duration = Field(default="1d", description="a duration such as `12h`, after which the old secret ends")


class Notify(Model):
    """An address that events of this one job or prediction are sent to, as a webhook's are."""

    url: Url
    events: Events | None = Field(default=None, description="by default those of its end")
    secret: Secret | None = None


class Notified(Stored):
    """The webhook that a job or a prediction was submitted with."""

    webhook: str
    events: list[str]
