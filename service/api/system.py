"""Liveness and readiness of the service, its OpenAPI document, and the page behind each problem's `type`."""

from collections.abc import Callable
from typing import Any, cast

from flask import Response, current_app

from service.api.answers import answer
from service.api.context import services
from service.api.errors import BY_SLUG
from service.api.routes import Routes
from service.api.schemas import CheckAnswer, HealthAnswer
from service.errors import NotFound
from service.ops import health

routes = Routes("system")
ALIVE: HealthAnswer = {"status": "alive"}


@routes.route("GET", "/", answers={200: HealthAnswer}, scope=None)
def root() -> Response:
    """Return that the service is alive."""
    return answer(ALIVE)


@routes.route("GET", "/healthz", answers={200: HealthAnswer}, scope=None)
def healthz() -> Response:
    """Return that this process is alive, without looking at anything else."""
    return answer(ALIVE)


@routes.route("GET", "/readyz", answers={200: HealthAnswer, 503: HealthAnswer}, scope=None)
def readyz() -> Response:
    """Return whether the service is ready, and whether its database, queue, workers and migrations are."""
    status, checks = health.readiness(services())
    body: HealthAnswer = {"status": status, "checks": cast(dict[str, CheckAnswer], checks)}
    return answer(body, 503 if status == "unavailable" else 200)


@routes.route("GET", "/openapi.json", answers={200: {"application/json": {"schema": {"type": "object"}}}}, scope=None)
def openapi() -> Response:
    """Return this document."""
    document: Callable[[], dict[str, Any]] = current_app.extensions["openapi"]
    return answer(document())


@routes.route(
    "GET",
    "/problems/{slug}",
    answers={200: {"text/plain": {"schema": {"type": "string"}}}},
    problems=(404,),
    scope=None,
)
def problem_page(slug: str) -> Response:
    """Explain a problem by the last part of its `type`."""
    kind = BY_SLUG.get(slug)
    if kind is None:
        raise NotFound(f"there is no problem named `{slug[:60]}`")
    head = f"{kind.status} {kind.title}" if kind.status else kind.title
    return Response(f"{head}\n\n{kind.explanation}\n", mimetype="text/plain")
