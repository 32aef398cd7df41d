"""Webhooks made, changed and removed by clients: their address is checked, their number limited, their secret made."""

import secrets
from collections.abc import Sequence

from service.definitions.keys import duration_of
from service.definitions.limits import Limits
from service.definitions.webhooks import Notify, RotateSecretRequest, WebhookChanges, WebhookRequest
from service.errors import Conflict, Invalid
from service.services import Services
from service.store import limits
from service.store.database import Connection
from service.store.idempotency import RecordKey
from service.store.tenancy import DEFAULT_TENANT
from service.store.webhooks import endpoints
from service.store.webhooks.records import NewWebhook, WebhookRecord
from service.webhooks.addresses import Guard
from service.webhooks.lookups import Lookups
from service.webhooks.signing import new_secret

LOOKUPS = Lookups()


def create(services: Services, request: WebhookRequest, record_key: RecordKey) -> tuple[WebhookRecord, str]:
    """Store a webhook of the whole tenant; return it and its secret."""
    new = _new(services, request.url, request.events, request.secret, "#/url", request.enabled)
    with services.database.begin() as connection:
        _check_room(services, connection)
        endpoints.add(connection, new)
        record_key(connection, new.id)
        return endpoints.get(connection, new.id), new.secret


def for_one(
    services: Services, notify: Notify | None, known: Sequence[str], defaults: Sequence[str]
) -> NewWebhook | None:
    """Return the webhook that a job or a prediction is submitted with; None where it has none.

    `known` are the events that there are of such a thing.

    Raises
    ------
    Invalid
        When the address may not be sent to, or an event is of something else.
    """
    if notify is None:
        return None
    for at, event in enumerate(notify.events or ()):
        if event not in known:
            detail = f"`{event}` is sent to webhooks of `/v1/webhooks`; here are {', '.join(known)}"
            raise Invalid.at(f"#/notify/events/{at}", detail)
    return _new(services, notify.url, notify.events or defaults, notify.secret, "#/notify/url")


def change(services: Services, webhook_id: str, changes: WebhookChanges) -> WebhookRecord:
    """Change what a request names of a webhook."""
    if changes.url is not None:
        _guard(services).check_url(changes.url, "#/url")
    values = {name: value for name in ("url", "events") if (value := getattr(changes, name)) is not None}
    with services.database.begin() as connection:
        if values:
            endpoints.change(connection, webhook_id, **values)
        if changes.enabled is not None:
            (endpoints.enable if changes.enabled else endpoints.disable)(connection, webhook_id)
        return endpoints.get(connection, webhook_id)


def rotate(services: Services, webhook_id: str, request: RotateSecretRequest) -> tuple[WebhookRecord, str]:
    """Replace the secret of a webhook; return the webhook and the new secret."""
    secret = request.secret or new_secret()
    with services.database.begin() as connection:
        endpoints.rotate(connection, webhook_id, secret, duration_of(request.overlap))
        return endpoints.get(connection, webhook_id), secret


def _new(
    services: Services, url: str, events: Sequence[str], secret: str | None, pointer: str, enabled: bool = True
) -> NewWebhook:
    _guard(services).check_url(url, pointer)
    return NewWebhook(f"wh_{secrets.token_hex(8)}", url, tuple(events), secret or new_secret(), enabled)


def _guard(services: Services) -> Guard:
    return Guard(services.settings, LOOKUPS.of(services.tenant))


def _check_room(services: Services, connection: Connection) -> None:
    """Raise `Conflict` when the tenant has as many webhooks as it may."""
    own = limits.own_limits(connection, services.tenant or DEFAULT_TENANT)
    most = Limits.of(services.settings, own).webhooks
    if most and endpoints.count(connection) >= most:
        raise Conflict(f"this tenant has {most} webhooks, which is its limit: delete one, or ask the operator for more")
