"""Every operation of the OpenAPI document, its path filled in with what a test has made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Names = Mapping[str, Mapping[str, str]]  # what stands for the names in paths, by how these begin


@dataclass(frozen=True)
class Operation:
    """An operation of the document; `scope` is None where any valid key will do."""

    method: str
    template: str
    path: str
    scope: str | None
    is_open: bool
    described: Mapping[str, Any]

    @property
    def media_types(self) -> set[str]:
        """The media types of its answers that are no errors."""
        answers = [answer for status, answer in self.described["responses"].items() if status < "300"]
        return {kind for answer in answers for kind in answer.get("content", {})}

    def has_header(self, name: str) -> bool:
        """Whether the document says that it honours a header."""
        named = (each.get("name") or each["$ref"].rpartition("/")[2] for each in self.described.get("parameters", ()))
        return name in named


def operations_of(document: Mapping[str, Any], there: Names) -> list[Operation]:
    """Return every operation of a document."""
    found = [
        _operation(method, path, described, _values(there, path))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    assert len(found) > 100  # otherwise a test of all of them would show nothing
    return found


def _values(there: Names, path: str) -> Mapping[str, str]:
    return next((values for start, values in there.items() if path.startswith(start)), {})


def _operation(method: str, path: str, described: Mapping[str, Any], values: Mapping[str, str]) -> Operation:
    filled = path
    for name, value in values.items():
        filled = filled.replace(f"{{{name}}}", value)
    filled = filled.replace("{", "").replace("}", "")  # names of what no test has made
    security = described["security"]
    scopes = {scope for scheme in security for named in scheme.values() for scope in named}
    assert len(scopes) <= 1, path
    return Operation(method.upper(), path, filled, next(iter(scopes), None), not security, described)
