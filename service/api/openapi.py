"""The OpenAPI 3.1 document, built from the routes and the pydantic models."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from service import __version__
from service.access.principal import Scope
from service.api import deadlines
from service.api.authentication import COOKIE
from service.api.errors import TITLES, has_plain_errors
from service.api.routes import Query, Route
from service.api.schemas import Problem
from service.inference.metadata_answers import InferenceError

REFERENCE = "#/components/schemas/{model}"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "the first answer under a key is repeated for 24 hours",
}

SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "a key, `Authorization: Bearer bp_...`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "of a browser that has signed in; what changes something also carries `X-CSRF-Token`",
    },
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document: every operation with its parameters, body and answers."""
    bodies = [route.body for route in routes if route.body is not None]
    models: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        (model, "validation", TypeAdapter(model)) for model in dict.fromkeys(bodies)
    ]
    models += [
        (model, "serialization", TypeAdapter(model))
        for model in dict.fromkeys([*_answer_models(routes), Problem, InferenceError])
    ]
    names, schemas = TypeAdapter.json_schemas(models, ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "backprop",
            "version": __version__,
            "description": "Train neural networks by backpropagation over HTTP.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": _bounds(schemas.get("$defs", {})), "securitySchemes": SECURITY},
    }


def _answer_models(routes: Sequence[Route]) -> Iterator[Any]:
    """Yield the models of all answers; of several formats of one answer only JSON has a model."""
    for route in routes:
        for described in route.answers.values():
            model = described[0] if isinstance(described, tuple) else described
            if _is_model(model):
                yield model


BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _bounds(node: Any) -> Any:
    """Rename bounds to JSON Schema's names: pydantic emits its own ones where a validator precedes the number."""
    if isinstance(node, list):
        return [_bounds(item) for item in node]
    if not isinstance(node, dict):
        return node
    is_number = node.get("type") in ("integer", "number")
    return {BOUNDS.get(key, key) if is_number else key: _bounds(value) for key, value in node.items()}


def _operation(route: Route, names: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [_in_path(name) for name in re.findall(r"{(\w+)}", route.path)]
        + [_in_query(query) for query in route.query if not query.name.endswith("*")]
        + [{**_in_query(header), "in": "header"} for header in route.headers]
        + ([IDEMPOTENCY_KEY] if route.creates else [])
        + ([deadlines.PARAMETER] if route.scope is Scope.PREDICT else []),
        "responses": {},
        "security": _security(route),
    }
    content: dict[str, Any] = {}
    if route.body is not None:
        content["application/json"] = {"schema": names[(route.body, "validation")]}
    for kind in route.files:
        content[kind] = {"schema": {"type": "string", "format": "binary"}}
    if content:
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    for status, model in route.answers.items():
        operation["responses"][str(status)] = _answer(status, model, names)
    problem: dict[str, Any] = {"application/problem+json": {"schema": names[(Problem, "serialization")]}}
    if has_plain_errors(route.path):
        problem = {"application/json": {"schema": names[(InferenceError, "serialization")]}}
    for status in sorted({*_usual_problems(route, bool(content)), *route.problems}):
        operation["responses"].setdefault(str(status), {"description": TITLES[status], "content": problem})
    return operation


def _usual_problems(route: Route, has_body: bool) -> set[int]:
    """Return the statuses of errors that come before the view, or from below it."""
    usual = {400, 403, 422, 503}
    if not route.is_open:
        usual |= {401, 429}
    if has_body:
        usual |= {408, 413, 415}
    if route.changes and route.method != "DELETE":  # for which a reserve of the disk is released
        usual.add(507)
    return usual


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Return the schemes of which one is needed, each with the scope; empty where nobody is asked."""
    scopes = [] if route.scope is None else [str(route.scope)]
    return [] if route.is_open else [{scheme: scopes} for scheme in SECURITY]


def _is_model(described: Any) -> bool:
    """Return whether an answer is described by a model; otherwise it is None or a dict of content types."""
    return described is not None and not isinstance(described, dict)


def _answer(status: int, model: Any, names: dict[Any, Any]) -> dict[str, Any]:
    if model is None:
        return {"description": "Done"}
    if isinstance(model, tuple):  # a model for JSON, then media types of text or bytes, which have no schema
        first, *types = model
        described: dict[str, Any] = _answer(status, first, names)
        described["content"] |= {kind: {} for kind in types}
        return described
    if _is_model(model):
        schema = names[(model, "serialization")]
        return {"description": "The answer", "content": {"application/json": {"schema": schema}}}
    return {"description": "The answer", "content": model}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(query: Query) -> dict[str, Any]:
    parameter = {"name": query.name, "in": "query", "required": query.required, "schema": query.schema}
    return {**parameter, "description": query.description} if query.description else parameter
