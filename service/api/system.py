"""Liveness and readiness of the service, its OpenAPI document, and the page behind each problem's `type`."""

from collections.abc import Callable
from typing import Any, cast

from flask import Response, current_app

from service.api.answers import answer
from service.api.context import health
from service.api.errors import BY_SLUG
from service.api.routes import Routes
from service.api.schemas import CheckAnswer, HealthAnswer
from service.errors import NotFound
from service.ops.probes import Check

routes = Routes("system", "Whether the service works, this document, and the pages about problems.")
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
    """Return whether the service is ready, and whether its database, migrations, workers, queue and disk are."""
    found = health().readiness()
    body: HealthAnswer = {
        "status": found.status,
        "checks": {name: _check_answer(check) for name, check in found.checks.items()},
    }
    return answer(body, 503 if found.status == "unavailable" else 200)


def _check_answer(check: Check) -> CheckAnswer:
    described: dict[str, object] = {"ok": check.ok, "seconds": round(check.seconds, 6), **check.facts}
    if check.detail:
        described["detail"] = check.detail
    if check.since is not None:
        described["since"] = check.since
    return cast(CheckAnswer, described)


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
