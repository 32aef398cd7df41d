"""Rows of tables: the fields of schemas, and the parameters of operations, with their types, defaults and limits."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from service.api.documentation.writer import Writer, code, joined

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
REQUIRED, ABSENT = "required", "may be absent"
COUNTS = {"Length": "character", "Items": "item", "Properties": "key"}


@dataclass(frozen=True)
class Field:
    """A field of a schema, or a parameter; `place` is where a parameter stands, such as `query`."""

    name: str
    anchor: str
    place: str
    type: Markup
    mark: str  # `required` of what is sent, `may be absent` of what is answered
    default: Markup
    limits: Markup
    text: Markup
    example: Markup


def fields_of(schema: Mapping[str, Any], writer: Writer, prefix: str = "field-", is_sent: bool = True) -> list[Field]:
    """Return the fields of an object that clients send, or that answers have."""
    required = schema.get("required", ())
    marks = (REQUIRED, "") if is_sent else ("", ABSENT if required else "")
    return [
        _field(name, f"{prefix}{name}", "", described, marks[name not in required], described, writer)
        for name, described in schema.get("properties", {}).items()
    ]


def parameters_of(operation: Mapping[str, Any], writer: Writer) -> list[Field]:
    """Return the parameters of an operation, and the headers that it reads."""
    found = []
    for parameter in map(writer.resolved, operation["parameters"]):
        name, place = parameter["name"], parameter["in"]
        anchor = f"{operation.get('operationId', '')}-{place}-{name}"
        mark = REQUIRED if parameter.get("required", False) else ""
        found.append(_field(name, anchor, place, parameter["schema"], mark, parameter, writer))
    return found


def _field(
    name: str,
    anchor: str,
    place: str,
    schema: Mapping[str, Any],
    mark: str,
    described: Mapping[str, Any],
    writer: Writer,
) -> Field:
    """Return a row; `described` holds its text and its example, which are not in the schema of a parameter."""
    return Field(
        name=name,
        anchor="".join(character if character.isalnum() or character in "-_." else "-" for character in anchor),
        place=place,
        type=writer.type(schema),
        mark=mark,
        default=code(json.dumps(schema["default"])) if "default" in schema else Markup(""),
        limits=joined(list(dict.fromkeys(_limits(schema))), ", "),
        text=writer.text(described.get("description", "")),
        example=code(described["example"]) if described.get("example") is not None else Markup(""),
    )


def _limits(schema: Mapping[str, Any]) -> Iterator[Markup]:
    """Yield what limits a value, of each of the types that it may have."""
    for key, words in BOUNDS.items():
        if key in schema:
            yield escape(words.format(number(schema[key])))
    for key, noun in COUNTS.items():
        yield from _count(schema.get(f"min{key}"), schema.get(f"max{key}"), noun)
    if "pattern" in schema:
        yield Markup("matches {}").format(code(schema["pattern"]))
    for each in _choices(schema):
        yield from _limits(each)
    if isinstance(schema.get("items"), dict):
        yield from (Markup("each {}").format(limit) for limit in _limits(schema["items"]))


def _count(least: int | None, most: int | None, noun: str) -> Iterator[Markup]:
    """Yield how long something may be: `1 to 255 characters`, `at least 1 item`."""
    if least is not None and most is not None:
        counted = number(most) if least == most else f"{number(least)} to {number(most)}"
    elif least is not None or most is not None:
        counted = f"at least {number(least)}" if least is not None else f"at most {number(most or 0)}"
    else:
        return
    last = most if most is not None else least
    yield Markup("{} {}").format(counted, noun if last == 1 else f"{noun}s")


def _choices(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [each for key in ("anyOf", "oneOf") for each in schema.get(key, ())]


def number(value: float) -> str:
    """Return a number as people read it: `1,000,000`, `0.001`."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
