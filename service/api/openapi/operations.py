"""One operation: its parameters, its body, and its answers with their headers and links."""

from typing import Any

from service.access.principal import Scope
from service.api.errors import has_plain_errors
from service.api.openapi import headers, parameters, problems
from service.api.openapi.bodies import request_body
from service.api.openapi.links import Links
from service.api.openapi.parts import part_answered
from service.api.openapi.schemas import Schemas, is_model
from service.api.routes import Route
from service.datasets.media_types import JSON

SCHEMES = ("key", "session")
DESCRIPTIONS = {
    200: "The answer",
    201: "What was made",
    202: "Taken; it goes on after this answer",
    204: "Done; there is no body",
    304: "The client has these bytes: one of the ETags in `If-None-Match` is theirs",
    503: "Not ready; the body says why",
}


def operation(route: Route, schemas: Schemas, links: Links) -> dict[str, Any]:
    """Return an operation as the document has it."""
    body = request_body(route, schemas)
    answers = {str(status): _answer(route, status, schemas, links) for status in route.answers}
    if route.has_etag:
        answers["304"] = {"description": DESCRIPTIONS[304], "headers": headers.of_answer(route, 304)}
    return {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": parameters.of_route(route),
        **({} if body is None else {"requestBody": body}),
        "responses": dict(sorted({**answers, **problems.of_route(route)}.items())),
        "security": _security(route),
    }


def _answer(route: Route, status: int, schemas: Schemas, links: Links) -> dict[str, Any]:
    described = route.answers[status]
    model, *types = described if isinstance(described, tuple) else (described,)
    found: dict[str, Any] = {
        "description": DESCRIPTIONS.get(status, "The answer"),
        "headers": headers.of_answer(route, status),
    }
    if isinstance(model, dict):
        found["content"] = model
    elif is_model(model):
        # of the other media types there is text or bytes, which have no schema
        part = part_answered(route, model)
        shown = [schemas.of_answer(each) for each in (model, part) if each is not None]
        schema = shown[0] if part is None else {"anyOf": shown}  # the second one is the answer to `?fields=`
        found["content"] = {JSON: {"schema": schema}, **{kind: {} for kind in types}}
        if linked := links.of_answer(model, status):
            found["links"] = linked
    if status >= 400:  # which a problem may have, too
        _add_problem(found, route, status, schemas)
    return found


def _add_problem(found: dict[str, Any], route: Route, status: int, schemas: Schemas) -> None:
    found["headers"] |= headers.of_problem(status)
    kind, model = problems.PLAIN_MEDIA if has_plain_errors(route.path) else problems.MEDIA
    schema = schemas.of_answer(model)
    if kind in found["content"]:
        schema = {"anyOf": [found["content"][kind]["schema"], schema]}
    found["content"][kind] = {"schema": schema}


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return the schemes of which one is needed, each with the scope, and none at all where no keys are asked for."""
    if route.is_open:
        return []
    scopes: list[str] = [] if not isinstance(route.scope, Scope) else [str(route.scope)]
    return [*({scheme: scopes} for scheme in SCHEMES), {}]
