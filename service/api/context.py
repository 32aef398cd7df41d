"""Access to the objects that `create_app` has wired into the application."""

from typing import cast

from flask import current_app, g

from service.access.principal import Principal
from service.api.feed import Feed
from service.api.waiting import Waits
from service.models.cache import ModelCache
from service.ops.health import Health
from service.services import Services


def services() -> Services:
    """Return the settings, the database, the blobs and the doorbell."""
    return cast(Services, current_app.extensions["services"])


def principal() -> Principal:
    """Return who makes this request."""
    return cast(Principal, g.principal)


def health() -> Health:
    """Return what looks at the parts of the service for this process."""
    return cast(Health, current_app.extensions["health"])


def model_cache() -> ModelCache:
    """Return this process' cache of networks ready to predict."""
    return cast(ModelCache, current_app.extensions["model_cache"])


def waits() -> Waits:
    """Return the limit on waits and event streams of this process."""
    return cast(Waits, current_app.extensions["waits"])


def feed() -> Feed:
    """Return the object through which this process waits for new events."""
    return cast(Feed, current_app.extensions["feed"])
