"""`create_app(settings)`: the WSGI application, and the only place that connects store, queue, blobs and views."""

import os
import threading
import time
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request

from service import logs
from service.access.keyring import KeyRing
from service.access.limits import LimitBook
from service.access.rates import Rates
from service.api import (
    aliases,
    audit,
    batches,
    browsers,
    cards,
    columns,
    dashboard,
    datasets,
    deadlines,
    epochs,
    errors,
    evaluating,
    events,
    explain,
    exporting,
    grants,
    jobs,
    keys,
    layers,
    limiting,
    metrics,
    models,
    networks,
    openapi,
    packing,
    predicting,
    problems,
    session,
    shares,
    system,
    tenants,
    usage,
    versions,
    webhooks,
    workers,
)
from service.api.authentication import identify
from service.api.documentation import views as documentation
from service.api.documentation.pages import Pages
from service.api.event_streams import encode
from service.api.feed import Feed
from service.api.finding import Finder
from service.api.guesses import Guesses
from service.api.idempotency import Unanswered
from service.api.inference import tensorflow
from service.api.inference import views as inference
from service.api.request_log import log_request
from service.api.waiting import Places, Waits
from service.config import Settings, read_settings
from service.dashboard.files import DashboardFiles
from service.door.door import Door, Parts
from service.estimates.known import KnownShapes
from service.front.environ import admission_of
from service.models.cache import ModelCache
from service.models.directory import Directory
from service.models.shared_number import SharedNumber
from service.models.warming import Warmer
from service.ops import request_metrics
from service.ops.health import Health
from service.ops.metrics import Metrics
from service.ops.model_statistics import ModelStatistics
from service.ops.models_health import check_models
from service.ops.probes import Check
from service.ops.processes import API_PARENT, die_with_parent
from service.services import Services, open_services
from service.store.changes import Changes
from service.web.paths import SingleSlashes
from service.web.request_ids import request_id_of

RESOURCES = (
    system,
    dashboard,
    documentation,
    problems,
    metrics,
    workers,
    networks,
    datasets,
    columns,
    jobs,
    epochs,
    layers,
    events,
    models,
    aliases,
    versions,
    cards,
    predicting,
    batches,
    evaluating,
    inference,
    tensorflow,
    explain,
    exporting,
    keys,
    shares,
    session,
    audit,
    grants,
    tenants,
    usage,
    webhooks,
)

PLAIN = frozenset({"predict", "predict_version"})  # the operations whose plain requests are answered before Flask
MOST_SCOPED = 1000  # tenants whose view of the services is held
FLASK = {
    "MAX_CONTENT_LENGTH": None,
    "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
    "MAX_FORM_PARTS": 100,
}


def create_app(settings: Settings) -> Flask:
    """Return the WSGI application; it connects to nothing before the first request."""
    app = Flask("service", static_folder=None)
    app.config.update(FLASK)
    app.url_map.strict_slashes = False
    services = open_services(settings)
    changes = Changes(services.database)
    ring = KeyRing(services.database, settings, changes)
    _extend(app, services, changes, ring)
    resources = [module.routes for module in RESOURCES]
    for resource in resources:
        app.register_blueprint(resource.blueprint)
    routes = [route for resource in resources for route in resource.routes]
    app.extensions["openapi"] = cache(partial(openapi.document, resources))  # built at the first request for it
    app.extensions["documentation"] = Pages(app.extensions["openapi"])
    app.extensions["dashboard"] = DashboardFiles()
    app.extensions["guesses"] = Guesses(routes)
    errors.register(app)
    app.before_request(_begin)
    app.before_request(deadlines.begin)
    checked, secured = browsers.register(app, settings, lambda: ring.asks, ring.names)
    app.before_request(identify)
    book, rates = LimitBook(services.database, settings, changes), Rates(settings.data_dir)
    limiting.register(app, book, rates)
    app.after_request(partial(_end, metrics.RequestCounter(app.extensions["metrics"], routes)))
    app.teardown_request(_forget_ids)
    packing.register(app)
    parts = Parts(
        settings=settings,
        finder=Finder(app.url_map, routes, PLAIN),
        browsers=checked,
        changes=changes,
        ring=ring,
        book=book,
        rates=rates,
        always=secured.secured([("Vary", "Accept, Accept-Encoding")]),
        packed_from=packing.LEAST_BYTES,
        **_shared_with_door(app),
    )
    app.wsgi_app = Door(SingleSlashes(app.wsgi_app), parts)  # type: ignore[method-assign]
    return app


def _shared_with_door(app: Flask) -> dict[str, Any]:
    """Return what plain predictions, which are answered before Flask, share with the views."""
    return {
        "cache": app.extensions["model_cache"],
        "scoped": app.extensions["scoped"],
        "requests": app.extensions["metrics"].requests,
        "statistics": app.extensions["model_statistics"],
    }


def _extend(app: Flask, services: Services, changes: Changes, ring: KeyRing) -> None:
    """Give the application what its views work with."""
    settings = services.settings
    app.extensions["services"] = services
    app.extensions["scoped"] = lru_cache(MOST_SCOPED)(services.scoped)  # for each request that takes a while
    app.extensions["keyring"] = ring
    app.extensions["open_endpoints"] = frozenset().union(*(module.routes.open_endpoints for module in RESOURCES))
    app.extensions["model_cache"], models_check = _model_cache(services, changes)
    app.extensions["health"] = health = Health(services, {"models": models_check})
    app.extensions["metrics"] = Metrics(services, health)
    app.extensions["model_statistics"] = ModelStatistics()
    app.extensions["feed"] = Feed(services.database, encode)
    app.extensions["known_shapes"] = KnownShapes()
    app.extensions["unanswered"] = Unanswered()
    app.extensions["streams"] = streams = Places(settings.max_streams)
    app.extensions["waits"] = Waits(settings.max_waiting_requests, among=streams)


def _model_cache(services: Services, changes: Changes) -> tuple[ModelCache, Callable[[], Check]]:
    """Return the networks in memory, and what `/readyz` says of them."""
    settings = services.settings
    number = None if services.database.is_sqlite else SharedNumber(settings.data_dir / "models-changed")
    directory = Directory(changes, number)
    networks = ModelCache(settings.model_cache_bytes, directory)
    return networks, partial(check_models, networks, directory)


def _begin() -> None:
    g.request_id = request_id_of(request.headers.get("X-Request-Id", ""))
    g.began = time.perf_counter()
    logs.set_ids(request_id=g.request_id)


def _forget_ids(_: BaseException | None) -> None:
    logs.set_ids()


def _end(counter: metrics.RequestCounter, response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if request.method == "OPTIONS" and "Allow" in response.headers:
        response.headers["Allow"] = ", ".join(sorted(response.allow))
    if response.status_code == 204 or (request.method == "OPTIONS" and response.status_code == 200):
        response.headers.pop("Content-Type", None)  # Flask's own word for a body that is empty
    if response.status_code == 204 and admission_of(request.environ) is not None:
        return response  # the request itself comes later
    seconds = time.perf_counter() - g.began
    counter.count(response, seconds)
    log_request(request.method, request.path, response.status_code, seconds)
    return response


def from_environment() -> Flask:
    """Return the application for the HTTP server's processes, which are configured by `BACKPROP_*` variables."""
    # the parent's id comes in a variable: a parent that ended just after the fork is no longer getppid()
    die_with_parent(int(os.environ.get(API_PARENT, os.getppid())))
    settings = read_settings(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    folder = os.environ.get(request_metrics.FOLDER)
    place = request_metrics.share(Path(folder)) if folder else 0
    app = create_app(settings)
    if folder:
        app.extensions["model_statistics"].share(Path(folder), place)
    services, networks = app.extensions["services"], app.extensions["model_cache"]
    threading.Thread(target=_warm, args=(services,), name="warmer", daemon=True).start()
    Warmer(services, networks, networks.directory).start()
    return app


def _warm(services: Services) -> None:
    """Import modules and open connections that the first job would otherwise wait for.

    This sends a message to the workers, which has no effect when no job is queued.
    """
    import numpy.ma  # noqa: F401 - NumPy loads it at the first call of unique()

    services.doorbell.ring()
