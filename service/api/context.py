"""Access to the objects that `create_app` has wired into the application."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from flask import Response, current_app, g, request

from service.access.principal import Principal
from service.api.feed import Feed
from service.api.waiting import Places, Waits
from service.errors import ServiceError
from service.estimates.known import KnownShapes
from service.models.cache import ModelCache
from service.ops.health import Health
from service.ops.metrics import Metrics
from service.ops.model_statistics import ModelStatistics
from service.services import Services
from service.store.audit import Actor, recorder_of
from service.store.database import Connection


def services() -> Services:
    """Return the settings, the database, the blobs and the doorbell, as the tenant of the request sees them."""
    tenant, mine = principal().tenant, cast(Services | None, g.get("services"))
    if mine is None or mine.tenant != tenant:
        mine = g.services = cast(Callable[[int], Services], current_app.extensions["scoped"])(tenant)
    return mine


def all_services() -> Services:
    """Return the same for all tenants: for what belongs to none, and for the operator."""
    return cast(Services, current_app.extensions["services"])


def recorded(action: str, view: Callable[[], Response], refused: ServiceError | None = None) -> Response:
    """Run a view whose transactions are recorded as changes by whoever makes this request.

    With `refused`, an error of the request's body, the view finds the errors that come before it, and commits nothing.
    """
    plain = services()
    actor = Actor(principal().key_id, action, request.path, g.request_id)
    recorder = recorder_of(actor) if refused is None else _refusing(refused)
    g.services = replace(plain, database=plain.database.recording(recorder))
    try:
        response = view()
    finally:
        g.services = plain
    if refused is not None:
        raise refused
    return response


def _refusing(refused: ServiceError) -> Callable[[], Callable[[Connection], None]]:
    """Return what raises an error at the end of each transaction, which rolls it back."""

    def refuse(_: Connection) -> None:
        raise refused

    return lambda: refuse


def principal() -> Principal:
    """Return who makes this request."""
    return cast(Principal, g.principal)


def health() -> Health:
    """Return what looks at the parts of the service for this process."""
    return cast(Health, current_app.extensions["health"])


def metrics() -> Metrics:
    """Return what this process counts and says in `/metrics`."""
    return cast(Metrics, current_app.extensions["metrics"])


def model_cache() -> ModelCache:
    """Return this process' cache of networks ready to predict."""
    return cast(ModelCache, current_app.extensions["model_cache"])


def model_statistics() -> ModelStatistics:
    """Return what is counted of the versions of models."""
    return cast(ModelStatistics, current_app.extensions["model_statistics"])


def known_shapes() -> KnownShapes:
    """Return what this process remembers of jobs' costs."""
    return cast(KnownShapes, current_app.extensions["known_shapes"])


def waits() -> Waits:
    """Return the limit on waits of this process."""
    return cast(Waits, current_app.extensions["waits"])


def streams() -> Places:
    """Return the limit on event streams of this process."""
    return cast(Places, current_app.extensions["streams"])


def feed() -> Feed:
    """Return the object through which this process waits for new events."""
    return cast(Feed, current_app.extensions["feed"])
