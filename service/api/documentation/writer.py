"""Pieces of HTML that every page has: texts of the document with their code, and links to what they name.

All of it is escaped; addresses are relative, so that the pages work behind a proxy that serves them elsewhere.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

CODE = re.compile(r"`([^`\n]+)`")
PARAGRAPHS = re.compile(r"\n\s*\n")
PROBLEM = re.compile(r"/problems(/[a-z-]+)?")
IN_PATH = re.compile(r"({\w+})")
SCHEMAS, HEADERS = "#/components/schemas/", "#/components/headers/"

Node = Mapping[str, Any]


def resolved(document: Node, node: Node) -> Node:
    """Return what a reference within the document refers to, or the node itself."""
    if "$ref" not in node:
        return node
    found: Any = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(document, found)


def code(text: object) -> Markup:
    """Return a text as code."""
    return Markup("<code>{}</code>").format(text)


def joined(parts: Sequence[Markup], by: str) -> Markup:
    """Return parts with a text between them."""
    return escape(by).join(parts)


def _read_last(choice: Node) -> int:
    """Return the place of a type among others: arrays, as `array of string or null` is another one, and null last."""
    return ("array", "null").index(choice["type"]) + 1 if choice.get("type") in ("array", "null") else 0


class Writer:
    """Writes texts and links of a page; `root` leads from the page's address to that of the service, as in `../`."""

    def __init__(self, document: Node, root: str) -> None:
        self.document, self.root = document, root
        self._schemas = document["components"]["schemas"]
        self.tags: dict[str, str] = {}  # by the id of an operation
        self._operations: dict[str, str] = {}  # ids, by method and path
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                self.tags[operation["operationId"]] = operation["tags"][0]
                self._operations[f"{method.upper()} {path}"] = operation["operationId"]

    def resolved(self, node: Node) -> Node:
        """Return what a reference within the document refers to, or the node itself."""
        return resolved(self.document, node)

    def page(self, *path: str) -> str:
        """Return the address of a page below `/docs`."""
        return self.root + "/".join(["docs", *(quote(part, safe="") for part in path)])

    def operation_address(self, operation: str) -> str:
        """Return the address of an operation on the page of its tag."""
        return f"{self.page(self.tags[operation])}#{quote(operation)}"

    def operation(self, operation: str) -> Markup:
        """Return a link to an operation, by its id."""
        return self._link(self.operation_address(operation), operation)

    def schema(self, name: str) -> Markup:
        """Return a link to a schema, by its name."""
        return self._link(self.page("schemas", name), name)

    def event(self, name: str) -> Markup:
        """Return a link to an event that is sent to webhooks."""
        return self._link(f"{self.page('webhooks')}#event-{quote(name)}", name)

    def header(self, name: str) -> Markup:
        """Return a link to a header that many answers have."""
        return self._link(f"{self.page()}#header-{quote(name)}", name)

    def text(self, text: str) -> Markup:
        """Return a text of one line, with what stands between backticks as code, linked where it names something."""
        parts = CODE.split(text)
        return Markup("").join(escape(part) if at % 2 == 0 else self._code(part) for at, part in enumerate(parts))

    def paragraphs(self, text: str) -> Markup:
        """Return a text of several paragraphs."""
        found = (part.strip() for part in PARAGRAPHS.split(text))
        return Markup("\n").join(Markup("<p>{}</p>").format(self.text(part)) for part in found if part)

    def path(self, path: str) -> Markup:
        """Return a path whose parameters are marked."""
        parts = IN_PATH.split(path)
        return Markup("").join(
            Markup("<var>{}</var>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
        )

    def type(self, schema: Node) -> Markup:
        """Return the type that a schema describes, with links to the schemas that it names."""
        if "$ref" in schema:
            return self.schema(schema["$ref"].removeprefix(SCHEMAS))
        if "const" in schema:
            return code(json.dumps(schema["const"]))
        if "enum" in schema:
            return joined([code(json.dumps(value)) for value in schema["enum"]], " | ")
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                each_once = dict.fromkeys(self.type(each) for each in sorted(schema[choice], key=_read_last))
                return joined(list(each_once), " or ")
        return self._plain_type(schema)

    def _plain_type(self, schema: Node) -> Markup:
        kind = schema.get("type", "any value")
        if isinstance(kind, list):
            return joined([self._plain_type({**schema, "type": each}) for each in kind], " or ")
        if kind == "array":
            return self._array(schema["items"]) if schema.get("items") else escape(kind)
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            values = schema["additionalProperties"]
            return Markup("object, values: {}").format(self.type(values)) if values else escape(kind)
        if schema.get("format") == "binary":
            return escape("bytes")
        return escape(f"{kind} ({schema['format']})" if "format" in schema else kind)

    def _array(self, items: Node) -> Markup:
        is_choice = any(choice in items for choice in ("anyOf", "oneOf", "enum"))
        return (Markup("array of ({})") if is_choice else Markup("array of {}")).format(self.type(items))

    def _code(self, text: str) -> Markup:
        if text in self._operations:
            return self._link(self.operation_address(self._operations[text]), text)
        if PROBLEM.fullmatch(text):
            return self._link(self.root + text.removeprefix("/"), text)
        return self.schema(text) if text in self._schemas else code(text)

    def _link(self, address: str, text: str) -> Markup:
        return Markup('<a href="{}"><code>{}</code></a>').format(address, text)
