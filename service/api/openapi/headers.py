"""The headers of each operation's answers: those that its registration names, and those that follow from it."""

from typing import Any

from service.access.principal import Scope
from service.api.answer_headers import (
    ACCEPT,
    ALLOW,
    APPLIED,
    AUTHENTICATE,
    ETAG,
    FILE_NAME,
    LINK,
    LOCATION,
    RATE_LIMIT,
    RATE_POLICY,
    REPLAYED,
    REQUEST_ID,
    RETRY_AFTER,
    SERVER_TIMING,
    Header,
)
from service.api.openapi.schemas import is_model
from service.api.routes import WAIT, Route

SHARED = (
    *(ACCEPT, ALLOW, APPLIED, AUTHENTICATE, ETAG, FILE_NAME, LINK, LOCATION),
    *(RATE_LIMIT, RATE_POLICY, REPLAYED, REQUEST_ID, RETRY_AFTER, SERVER_TIMING),
)  # which `components` has once
PREFIX = "#/components/headers/"


def _described(header: Header) -> dict[str, Any]:
    described: dict[str, Any] = {"description": header.description, "schema": header.schema}
    return {**described, "required": True} if header.is_sure else described


COMPONENTS = {header.name: _described(header) for header in SHARED}


def of_answer(route: Route, status: int) -> dict[str, Any]:
    """Return the headers of an operation's answers of that status, below 400."""
    headers = [header for header in _of_route(route) if status in header.statuses]
    return {header.name: _reference(header) for header in (*headers, *_of_every(route.is_open))}


def of_problem(status: int) -> dict[str, Any]:
    """Return the headers of problems of that status."""
    headers = [header for header in (ACCEPT, ALLOW, AUTHENTICATE, RETRY_AFTER) if status in header.statuses]
    return {header.name: _reference(header) for header in (*headers, *_of_every(False))}


def _of_route(route: Route) -> list[Header]:
    found = list(route.sends)
    if route.creates:
        found.append(REPLAYED)
    if route.has_etag:
        found.append(ETAG)
    if WAIT in route.query:
        found.append(APPLIED)
    if _lists(route):
        found.append(LINK)
    if route.scope is Scope.PREDICT and route.method == "POST" and not route.creates:
        found.append(SERVER_TIMING)
    return found


def _lists(route: Route) -> bool:
    described = route.answers.get(200)
    model = described[0] if isinstance(described, tuple) else described
    return is_model(model) and "ListAnswer" in getattr(model, "__name__", str(model))


def _of_every(is_open: bool) -> list[Header]:
    return [REQUEST_ID] if is_open else [REQUEST_ID, RATE_LIMIT, RATE_POLICY]


def _reference(header: Header) -> dict[str, Any]:
    return {"$ref": PREFIX + header.name} if header in SHARED else _described(header)
