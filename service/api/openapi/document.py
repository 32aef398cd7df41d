"""The document as a whole: what it says of the service, the tags, and the components that operations refer to."""

from collections.abc import Sequence
from typing import Any

from service import __version__
from service.api.authentication import COOKIE
from service.api.openapi import deliveries, headers, links, operations, parameters, problems
from service.api.openapi.schemas import Schemas
from service.api.routes import Routes

DESCRIPTION = """Train neural networks by backpropagation over HTTP.

`POST /v1/datasets` stores rows, `POST /v1/jobs` trains a network on them, and `POST /v1/models/{name}:predict` asks it.
Verbs follow a colon; a slash in its place works too. Errors are RFC 9457 problems. Every answer has an `X-Request-Id`,
that of the request if it has one. Answers are packed by `Accept-Encoding` (zstd, gzip, deflate)."""

SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "a key, `Authorization: Bearer bp_...`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "of a browser that has signed in; what changes something also carries `X-CSRF-Token`",
    },
}


def document(resources: Sequence[Routes]) -> dict[str, Any]:
    """Return the document: every operation with its parameters, body, answers and links."""
    routes = [route for resource in resources for route in resource.routes if route.is_published]
    schemas = Schemas(routes, deliveries.MODELS)
    linked = links.Links(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operations.operation(route, schemas, linked)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "backprop",
            "version": __version__,
            "summary": "Train neural networks by backpropagation over HTTP",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "the service that answered with this document"}],
        "tags": [{"name": resource.tag, "description": resource.text} for resource in resources],
        "paths": paths,
        "webhooks": deliveries.webhooks(schemas),
        "components": {
            "schemas": schemas.components,
            "parameters": parameters.COMPONENTS,
            "headers": headers.COMPONENTS,
            "responses": problems.components(schemas),
            "links": linked.components,
            "securitySchemes": SECURITY,
        },
    }
