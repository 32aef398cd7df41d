"""The schemas of bodies and answers, under names and in a form that generators of clients take.

Pydantic writes them from the models. Here they get the names of what they describe (`Epoch`, `EpochList`), and lose
what generators stumble over: titles, and defaults that are no plain values, which the description says instead.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from service.api.openapi.parts import part_answered
from service.api.routes import Route
from service.api.schemas import Problem
from service.inference.metadata_answers import InferenceError

PREFIX = "#/components/schemas/"
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
OF_A_LIST = re.compile(r"ListAnswer_(\w+?)(Answer)?_")
# whose names say enough in their module alone
NAMED = {"Status": "JobStatus", "Request": "Requested", "Kind": "EventType"}
LONGEST_DEFAULT = 100  # characters of a default that a description has

Schema = dict[str, Any]


class Schemas:
    """The schemas of all models, by name; a model is described as it is read or as it is written.

    `sent` are those of what the service sends by itself.
    """

    def __init__(self, routes: Sequence[Route], sent: Sequence[Any] = ()) -> None:
        bodies = [route.body for route in routes if route.body is not None]
        answers = [*_answer_models(routes), *sent, Problem, InferenceError]
        models: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
            *((model, "validation", TypeAdapter(model)) for model in dict.fromkeys(bodies)),
            *((model, "serialization", TypeAdapter(model)) for model in dict.fromkeys(answers)),
        ]
        self._found, written = TypeAdapter.json_schemas(models, ref_template=PREFIX + "{model}")
        schemas = written.get("$defs", {})
        self._names = _names(list(schemas))
        self.components: dict[str, Schema] = {}
        for name, schema in schemas.items():
            self.components[self._names[name]] = self._plain(schema, is_component=True)

    def of_body(self, model: Any) -> Schema:
        """Return the schema of a body."""
        schema: Schema = self._plain(self._found[model, "validation"])
        return schema

    def of_answer(self, model: Any) -> Schema:
        """Return the schema of an answer."""
        schema: Schema = self._plain(self._found[model, "serialization"])
        return schema

    def _plain(self, node: Any, is_component: bool = False) -> Any:
        """Return a part of a schema with its names, bounds and defaults in the form that the document has."""
        if isinstance(node, list):
            return [self._plain(item) for item in node]
        if isinstance(node, str) and node.startswith(PREFIX):
            return PREFIX + self._names[node.removeprefix(PREFIX)]
        if not isinstance(node, dict):
            return node
        fields = {name: self._plain(schema) for name, schema in node.get("properties", {}).items()}
        rest = {key: value for key, value in _said_plainly(node).items() if key != "properties"}
        plain = {key: self._plain(value) for key, value in rest.items()}
        if not fields:
            return plain
        return self._object(node, {**plain, "properties": fields}, is_component)

    def _object(self, node: Schema, plain: Schema, is_component: bool) -> Schema:
        """Return an object with fields; one that stands within another schema becomes a component, by its title."""
        if is_component:
            return plain
        self.components[node["title"]] = plain
        return {"$ref": PREFIX + node["title"]}


def _answer_models(routes: Sequence[Route]) -> Iterator[Any]:
    """Yield the models of all answers; of several formats of one answer only JSON has a model."""
    for route in routes:
        for described in route.answers.values():
            model = described[0] if isinstance(described, tuple) else described
            if is_model(model):
                yield model
                if (part := part_answered(route, model)) is not None:
                    yield part


def is_model(described: Any) -> bool:
    """Return whether an answer is described by a model; otherwise it is None or a dict of content types."""
    return described is not None and not isinstance(described, dict)


def _names(written: Sequence[str]) -> dict[str, str]:
    """Return the name of each schema in the document by that which pydantic gave it.

    Where a body and an answer are both called `Decision`, the answer stays `DecisionAnswer`.
    """
    return {name: name if _name(name) in written else _name(name) for name in written}


def _name(written: str) -> str:
    if (of_a_list := OF_A_LIST.fullmatch(written)) is not None:
        return f"{of_a_list[1]}List"
    if written in NAMED:
        return NAMED[written]
    for ending, instead in (("-Input", ""), ("-Output", "Written"), ("Answer", "")):
        if written.endswith(ending):
            return written.removesuffix(ending) + instead
    return written


def _said_plainly(schema: Schema) -> Schema:
    """Return a schema without its title, with JSON Schema's own words, and with a default that is a plain value.

    Another default is said in words: null means no more than to leave the field out, and nothing is said of one that is
    too long to read, as its parts have defaults of their own.
    """
    is_number = schema.get("type") in ("integer", "number")  # of which pydantic writes some bounds in its own words
    plain = {BOUNDS.get(key, key) if is_number else key: value for key, value in schema.items()}
    if isinstance(plain.get("title"), str):
        del plain["title"]
    if "default" not in plain or isinstance(plain["default"], bool | int | float | str):
        return plain
    value = plain.pop("default")
    text = json.dumps(value)
    if value not in (None, {}, []) and len(text) <= LONGEST_DEFAULT:
        plain["description"] = "; ".join(filter(None, [plain.get("description"), f"by default `{text}`"]))
    return plain
