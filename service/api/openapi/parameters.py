"""The parameters of operations: of the path, of the query, and headers."""

import re
from typing import Any

from service.api import deadlines
from service.api.formats import METADATA
from service.api.openapi.path_parameters import in_path
from service.api.openapi.schemas import is_model
from service.api.routes import BOOLEAN, WAIT, Query, Route
from service.datasets.compression import CODINGS

PREFIX = "#/components/parameters/"
PRETTY = Query("pretty", BOOLEAN, "indent the JSON of the answer")
IDEMPOTENCY_KEY = Query(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "the first answer below 400 under a key is repeated for 24 hours, with `Idempotent-Replayed: true`",
)
IF_NONE_MATCH = Query(
    "If-None-Match", {"type": "string"}, "ETags that the client has; 304 without a body if one is that of the answer"
)
PREFER = Query("Prefer", {"type": "string"}, "`wait=N` (RFC 7240) is what `?wait=N` is; others are ignored")
CONTENT_ENCODING = Query(
    "Content-Encoding", {"type": "string", "enum": ["identity", *CODINGS]}, "how the body is packed"
)


def _described(query: Query, where: str) -> dict[str, Any]:
    described: dict[str, Any] = {"name": query.name, "in": where, "required": query.required, "schema": query.schema}
    if query.description:
        described["description"] = query.description
    if query.example is not None:
        described["example"] = query.example
    return described


COMPONENTS: dict[str, Any] = {
    PRETTY.name: _described(PRETTY, "query"),
    deadlines.NAME: deadlines.PARAMETER,
    **{
        header.name: _described(header, "header")
        for header in (IDEMPOTENCY_KEY, IF_NONE_MATCH, PREFER, CONTENT_ENCODING)
    },
}


def of_route(route: Route) -> list[dict[str, Any]]:
    """Return the parameters of an operation."""
    found = [in_path(route.path, name) for name in re.findall(r"{(\w+)}", route.path)]
    found += [_in_query(query) for query in route.query if query.name != "*"]  # which says that all others are ignored
    found += [_described(header, "header") for header in route.headers]
    return found + [{"$ref": PREFIX + name} for name in _shared(route)]


def _shared(route: Route) -> list[str]:
    names = []
    if _answers_json(route):
        names.append(PRETTY.name)
    if route.creates:
        names.append(IDEMPOTENCY_KEY.name)
    if WAIT in route.query:
        names.append(PREFER.name)
    if route.has_etag and IF_NONE_MATCH.name not in {header.name for header in route.headers}:
        names.append(IF_NONE_MATCH.name)
    if route.body is not None or route.files:
        names.append(CONTENT_ENCODING.name)
    return [*names, deadlines.NAME]


def _answers_json(route: Route) -> bool:
    models = [each[0] if isinstance(each, tuple) else each for each in route.answers.values()]
    return any(is_model(model) for model in models)


def _in_query(query: Query) -> dict[str, Any]:
    if query.name == f"{METADATA}*":
        return {
            "name": METADATA.rstrip("."),
            "in": "query",
            "required": False,
            "style": "form",
            "explode": True,
            "schema": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "propertyNames": {"pattern": r"^metadata\..+$"},
            },
            "description": "`metadata.team=a`: those whose metadata have that value; each key is a parameter",
        }
    return _described(query, "query")
