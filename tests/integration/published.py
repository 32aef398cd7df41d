"""The published OpenAPI document, as what answers are checked against: an undocumented field is a fault."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

Operation = tuple[str, str]  # method and path, `("get", "/v1/jobs/{id}")`
PROBLEM = "application/problem+json"
OF_ANY_ANSWER = frozenset(  # headers that say nothing about an operation
    [
        "cache-control",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-type",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "permissions-policy",
        "referrer-policy",
        "server",
        "set-cookie",
        "vary",
        "x-accel-buffering",
        "x-content-type-options",
        "x-frame-options",
    ]
)


class PublishedDocument:
    """Finds the operation of a request and checks the answer against the schema of its status and media type."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = closed(document)
        self.operations: set[Operation] = {
            (method, path) for path, methods in document["paths"].items() for method in methods
        }
        self._patterns = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))), path)
            for path in sorted(document["paths"], key=lambda path: (path.count("{"), -len(path)))
        ]

    def operation_of(self, method: str, path: str) -> Operation | None:
        """Return the operation that answers a request, or None; a verb may follow a colon, `%3A` or a slash."""
        path = path.replace("%3A", ":")
        spellings = (path, ":".join(path.rsplit("/", 1)))
        for spelling in spellings:
            for pattern, template in self._patterns:
                if pattern.fullmatch(spelling) and (method.lower(), template) in self.operations:
                    return method.lower(), template
        return None

    def check(self, operation: Operation, answer: Any) -> None:
        """Fail unless the document describes this answer, with every field and every header of it."""
        method, path = operation
        responses = self.document["paths"][path][method]["responses"]
        where = f"{method.upper()} {path}: {answer.status_code} {answer.mimetype}"
        assert str(answer.status_code) in responses, f"{where} is not documented"
        described = self.resolved(responses[str(answer.status_code)])
        self._check_headers(described.get("headers", {}), answer, where)
        content = described.get("content")
        if content is None:
            assert not answer.data, f"{where} has a body that is not documented"
            return
        assert answer.mimetype in content, f"{where} is not documented"
        if "json" in answer.mimetype and "schema" in content[answer.mimetype]:
            faults = self._validator(json.dumps(content[answer.mimetype]["schema"])).iter_errors(answer.json)
            assert not (found := [f"{where}: {fault.json_path}: {fault.message[:300]}" for fault in faults]), found

    def _check_headers(self, described: dict[str, Any], answer: Any, where: str) -> None:
        known = {name.lower(): self.resolved(header) for name, header in described.items()}
        sent = {name.lower() for name, _ in answer.headers}
        assert sent <= known.keys() | OF_ANY_ANSWER, (
            f"{where} has headers that are not documented: {sent - known.keys() - OF_ANY_ANSWER}"
        )
        sure = {name for name, header in known.items() if header.get("required")}
        assert sure <= sent, f"{where} lacks {sure - sent}"

    def resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return what a reference refers to, or the node itself."""
        if "$ref" not in node:
            return node
        found: Any = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    @cache  # noqa: B019 - as long as the document
    def _validator(self, schema: str) -> Draft202012Validator:
        return Draft202012Validator({**json.loads(schema), "components": self.document["components"]})


def closed(node: Any) -> Any:
    """Return the schemas with every object that names its fields closed to others, but for Keras's own format."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: value if key.startswith("Keras") else closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        inner["additionalProperties"] = False
    return inner
