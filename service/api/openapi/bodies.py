"""The bodies of requests by media type: JSON, files, and forms with a file."""

from collections.abc import Sequence
from typing import Any

from service.api.openapi.schemas import Schemas
from service.api.routes import Query, Route
from service.api.unpacking import MULTIPART
from service.datasets.media_types import JSON

BINARY = {"type": "string", "format": "binary"}
NAME = {"type": "string", "description": "what it is called, where the address does not say it"}


def request_body(route: Route, schemas: Schemas) -> dict[str, Any] | None:
    """Return the body of an operation with its examples; None where it has none."""
    content: dict[str, dict[str, Any]] = {}
    if route.body is not None:
        content[JSON] = {"schema": schemas.of_body(route.body)}
    for kind in route.files:
        content[kind] = {"schema": _form(route.query) if kind == MULTIPART else dict(BINARY)}
    if not content:
        return None
    for number, example in enumerate(route.examples, 1):
        shown = content[example.media_type].setdefault("examples", {})
        shown[f"example-{number}"] = {"summary": example.summary, "value": example.body}
    return {"required": not route.body_optional, "content": content}


def _form(options: Sequence[Query]) -> dict[str, Any]:
    """Return the schema of a form: a file, and fields that are called as the parameters of the query."""
    fields = {query.name: {**query.schema, "description": query.description} for query in options}
    file = {**BINARY, "description": "the file; its first bytes say what it is where its own type does not"}
    return {
        "type": "object",
        "properties": {"file": file, "name": NAME, **fields},
        "required": ["file"],
        "additionalProperties": False,
    }
