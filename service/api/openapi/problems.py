"""The answers to mistakes, each written once, and which of them an operation may give."""

from collections.abc import Iterable
from typing import Any

from service.api.errors import PROBLEM_TYPES, has_plain_errors
from service.api.openapi import headers
from service.api.openapi.schemas import Schemas
from service.api.routes import Route
from service.api.schemas import Problem
from service.datasets.media_types import JSON
from service.inference.metadata_answers import InferenceError

PREFIX = "#/components/responses/"
PLAIN = "Inference"  # before the names of those of the Open Inference Protocol
MEDIA: tuple[str, Any] = ("application/problem+json", Problem)
PLAIN_MEDIA: tuple[str, Any] = (JSON, InferenceError)
USUAL = (400, 403, 405, 406, 422, 500, 503)  # of every operation


def components(schemas: Schemas) -> dict[str, Any]:
    """Return the answer to each kind of mistake, and the one that the Open Inference Protocol has for it."""
    return {
        prefix + _name(status): {
            "description": _description(status),
            "headers": headers.of_problem(status),
            "content": {kind: {"schema": schemas.of_answer(model)}},
        }
        for prefix, (kind, model) in (("", MEDIA), (PLAIN, PLAIN_MEDIA))
        for status in sorted({kind.status for kind in PROBLEM_TYPES if kind.status})
    }


def of_route(route: Route) -> dict[str, Any]:
    """Return the answers to mistakes that an operation gives, by status."""
    prefix = PREFIX + (PLAIN if has_plain_errors(route.path) else "")
    return {str(status): {"$ref": prefix + _name(status)} for status in sorted(_statuses(route))}


def _statuses(route: Route) -> Iterable[int]:
    """Return the statuses of errors that come before the view, of those that it names, and from below it."""
    found = {*USUAL, *route.problems}
    if not route.is_open:
        found |= {401, 429}
    if route.body is not None or route.files:
        found |= {408, 413, 415}
    if route.changes and route.method != "DELETE":  # for which a reserve of the disk is released
        found.add(507)
    return found - set(route.answers)


def _name(status: int) -> str:
    """Return the name of the last kind of problem with a status, such as `NotFound`."""
    slug = [kind.slug for kind in PROBLEM_TYPES if kind.status == status][-1]
    return "".join(part.capitalize() for part in slug.split("-"))


def _description(status: int) -> str:
    kinds = [kind for kind in PROBLEM_TYPES if kind.status == status]
    return "; ".join(f"{kind.title} (`/problems/{kind.slug}`)" for kind in kinds)
