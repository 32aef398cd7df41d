"""What the pages of schemas show: their fields, and where each is used."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from service.api.documentation.fields import Field, fields_of
from service.api.documentation.writer import SCHEMAS, Writer


@dataclass(frozen=True)
class Schema:
    """A schema; one without fields has a type alone."""

    name: str
    text: Markup
    type: Markup
    fields: list[Field]
    note: str  # about fields that are not listed, or left out
    used_by: list[Markup]


@dataclass(frozen=True)
class Uses:
    """What refers to schemas: `by` has kinds and names of users by the name of each, `sent` those that bodies hold."""

    by: Mapping[str, list[tuple[str, str]]]
    sent: Collection[str]


def schema_of(name: str, uses: Uses, writer: Writer) -> Schema:
    """Return a schema by its name."""
    described = writer.document["components"]["schemas"][name]
    write = {"operation": writer.operation, "schema": writer.schema, "event": writer.event}
    return Schema(
        name=name,
        text=writer.paragraphs(described.get("description", "")),
        type=writer.type(described),
        fields=fields_of(described, writer, is_sent=name in uses.sent),
        note=_note(described, name in uses.sent),
        used_by=[write[kind](user) for kind, user in uses.by.get(name, ())],
    )


def _note(schema: Mapping[str, Any], is_sent: bool) -> str:
    if not is_sent:
        return "" if schema.get("required") else "Any of them may be absent."
    return "Other fields are refused." if schema.get("additionalProperties", True) is False else ""


def uses_of(document: Mapping[str, Any]) -> Uses:
    """Find what refers to each schema."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, name, node in _users(document):
        for schema in dict.fromkeys(_referred(node)):
            found.setdefault(schema, []).append((kind, name))
    return Uses(found, _sent(document))


def _sent(document: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas that the bodies of requests refer to, and those that these refer to."""
    bodies = [each.get("requestBody") for methods in document["paths"].values() for each in methods.values()]
    found: set[str] = set()
    ahead = list(_referred(bodies))
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(_referred(document["components"]["schemas"][name]))
    return found


def _users(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield "operation", operation["operationId"], operation
    for event, methods in document.get("webhooks", {}).items():
        yield "event", event, methods
    for name, schema in document["components"]["schemas"].items():
        yield "schema", name, schema


def _referred(node: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to."""
    if isinstance(node, list):
        for each in node:
            yield from _referred(each)
    elif isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith(SCHEMAS):
            yield target.removeprefix(SCHEMAS)
        for each in node.values():
            yield from _referred(each)
