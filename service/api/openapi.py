"""The OpenAPI 3.1 document, built from the routes and the pydantic models."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service import __version__
from service.api.routes import Query, Route
from service.api.schemas import Problem

REFERENCE = "#/components/schemas/{model}"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "the first answer under a key is given again for 24 hours",
}
WHY = {
    400: "The body cannot be read",
    404: "Not found",
    409: "Not in this state",
    413: "Too large",
    415: "Unknown media type",
    422: "Not valid",
    503: "Not available now",
    507: "The disk is full",
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """All operations, with what they take and answer."""
    bodies = [route.body for route in routes if route.body is not None]
    told = [model for route in routes for model in route.answers.values()]
    answers = [model for each in told for model in (each if isinstance(each, tuple) else (each,)) if _is_model(model)]
    models: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in dict.fromkeys(bodies)]
    models += [(model, "serialization") for model in dict.fromkeys([*answers, Problem])]
    names, schemas = models_json_schema(models, ref_template=REFERENCE)
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
        "components": {"schemas": _bounds(schemas.get("$defs", {}))},
    }


BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _bounds(node: Any) -> Any:
    """Bounds under JSON Schema's names: pydantic leaves its own where a validator stands before the number."""
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
        + ([IDEMPOTENCY_KEY] if route.creates else []),
        "responses": {},
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
    problem = {"application/problem+json": {"schema": names[(Problem, "serialization")]}}
    usual = (400, 413, 415, 422) if content else (422,)
    for status in sorted({*usual, *route.problems, 503}):
        operation["responses"].setdefault(str(status), {"description": WHY[status], "content": problem})
    return operation


def _is_model(answer: Any) -> bool:
    return isinstance(answer, type)


def _answer(status: int, model: Any, names: dict[Any, Any]) -> dict[str, Any]:
    if model is None:
        return {"description": "Done"}
    if isinstance(model, tuple):  # a model as JSON, or text or bytes of these types, which have no schema
        told, *types = model
        described: dict[str, Any] = _answer(status, told, names)
        described["content"] |= {kind: {} for kind in types}
        return described
    if isinstance(model, type):
        schema = names[(model, "serialization")]
        return {"description": "The answer", "content": {"application/json": {"schema": schema}}}
    return {"description": "The answer", "content": model}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(query: Query) -> dict[str, Any]:
    parameter = {"name": query.name, "in": "query", "required": query.required, "schema": query.schema}
    return {**parameter, "description": query.description} if query.description else parameter
