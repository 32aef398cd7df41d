"""Whether the service lives and is ready, its OpenAPI document, and the page behind every problem's `type`."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app

from service.api.answers import answer
from service.api.context import services
from service.api.errors import TABLE
from service.api.routes import Routes
from service.api.schemas import HealthAnswer
from service.errors import NotFound
from service.ops import health

routes = Routes("system")


@routes.route("GET", "/", answers={200: HealthAnswer})
def root() -> Response:
    """That the service is there."""
    return answer({"status": "alive"})


@routes.route("GET", "/healthz", answers={200: HealthAnswer})
def healthz() -> Response:
    """Whether this process lives; asks nothing else."""
    return answer({"status": "alive"})


@routes.route("GET", "/readyz", answers={200: HealthAnswer, 503: HealthAnswer})
def readyz() -> Response:
    """Whether database, queue, workers and migrations are in order, each named."""
    status, checks = health.readiness(services())
    return answer({"status": status, "checks": checks}, 503 if status == "unavailable" else 200)


@routes.route("GET", "/openapi.json", answers={200: {"application/json": {"schema": {"type": "object"}}}})
def openapi() -> Response:
    """This document."""
    document: Callable[[], dict[str, Any]] = current_app.extensions["openapi"]
    return answer(document())


@routes.route("GET", "/problems/{slug}", answers={200: {"text/plain": {"schema": {"type": "string"}}}}, problems=(404,))
def problem_page(slug: str) -> Response:
    """What a problem's `type` means."""
    for kind, status, name, title in TABLE:
        if name == slug:
            return Response(f"{status} {title}\n\n{kind.__doc__}\n", mimetype="text/plain")
    raise NotFound(f"there is no problem named `{slug[:60]}`")
