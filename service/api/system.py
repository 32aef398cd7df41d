"""Liveness and readiness of the service, and its OpenAPI document."""

from collections.abc import Callable
from typing import Any, cast

from flask import Response, current_app

from service.api.answers import answer
from service.api.context import health
from service.api.routes import Routes
from service.api.schemas import CheckAnswer, HealthAnswer
from service.ops.probes import Check

routes = Routes("system", "Whether the service works, and this document.")
ALIVE: HealthAnswer = {"status": "alive"}


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
