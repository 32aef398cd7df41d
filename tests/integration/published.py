"""The published OpenAPI document, as what answers are checked against: an undocumented field is a fault."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

Operation = tuple[str, str]  # method and path, `("get", "/v1/jobs/{id}")`
PROBLEM = "application/problem+json"


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
        """Fail unless the document describes this answer, with every field of it."""
        method, path = operation
        responses = self.document["paths"][path][method]["responses"]
        where = f"{method.upper()} {path}: {answer.status_code} {answer.mimetype}"
        if answer.status_code in (304, 405, 500):
            return
        assert str(answer.status_code) in responses, f"{where} is not documented"
        content = responses[str(answer.status_code)].get("content")
        if content is None:
            assert not answer.data, f"{where} has a body that is not documented"
            return
        assert answer.mimetype in content, f"{where} is not documented"
        if "json" in answer.mimetype and "schema" in content[answer.mimetype]:
            faults = self._validator(json.dumps(content[answer.mimetype]["schema"])).iter_errors(answer.json)
            assert not (found := [f"{where}: {fault.json_path}: {fault.message[:300]}" for fault in faults]), found

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
