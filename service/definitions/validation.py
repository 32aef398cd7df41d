"""Turns pydantic's errors into `Invalid`, with JSON pointers, values, bounds and suggestions.

Imports pydantic and `service.errors`.
"""

import difflib
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import Fault, Invalid

M = TypeVar("M", bound=BaseModel)

BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "tuple": "a list",
}


def check(model: type[M], data: Any, pointer: str = "#") -> M:
    """Return `data` as a `model`; raise `Invalid` with a pointer for each of the first ten faults."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(error, data, model, pointer) from None


def invalid(error: ValidationError, data: Any, model: type[BaseModel], pointer: str = "#") -> Invalid:
    """Return pydantic's errors as an `Invalid`; one that several branches of a union report is listed once."""
    faults: dict[tuple[str, str], Fault] = {}
    details = error.errors(include_url=False)
    for item in _most_likely(details, data):
        where = pointer + pointer_to(item["loc"], data, item["type"])
        detail = _sentence(item, model, data)
        faults.setdefault((where, detail), Fault(detail, pointer=where))
    return Invalid.from_faults(list(faults.values()))


def pointer_to(location: Sequence[str | int], data: Any, kind: str) -> str:
    """Return the RFC 6901 pointer of a pydantic location, without the names of union branches."""
    steps: list[str] = []
    current = data
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if _has(current, step):
            current = current[step]
        elif not (last and kind in ("missing", "extra_forbidden")):
            continue
        steps.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join("/" + step for step in steps)


def _has(data: Any, step: str | int) -> bool:
    """Return whether a part of a location leads further into the data."""
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def guess(word: object, known: Sequence[str]) -> str:
    """Return a suggestion (`; did you mean`) when a known name is similar, otherwise the list of known names."""
    close = difflib.get_close_matches(str(word), known, 1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(f'`{name}`' for name in known)}" if known else ""


def _most_likely(details: list[ErrorDetails], data: Any) -> list[ErrorDetails]:
    """Select the errors of the branches of a union that match the data most deeply, as the others were not meant."""
    by_field: dict[str, list[ErrorDetails]] = {}
    for item in details:
        by_field.setdefault(str(item["loc"][:1]), []).append(item)
    likely: list[ErrorDetails] = []
    for items in by_field.values():
        depth = {id(item): pointer_to(item["loc"], data, item["type"]).count("/") for item in items}
        branches = {_branch(item, data) for item in items}
        deepest = max(depth.values())
        likely += [item for item in items if len(branches) == 1 or depth[id(item)] == deepest]
    return likely


def _branch(item: ErrorDetails, data: Any) -> str:
    """Return the union branch that an error is about: the first part of its location that the data lack."""
    current = data
    for step in item["loc"]:
        if _has(current, step):
            current = current[step]
        else:
            return "" if item["type"] in ("missing", "extra_forbidden") and step == item["loc"][-1] else str(step)
    return ""


def _sentence(item: ErrorDetails, model: type[BaseModel], data: Any) -> str:
    kind, context, value = item["type"], item.get("ctx", {}), item["input"]
    name = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "missing":
        return f"`{name}` is missing"
    if kind == "extra_forbidden":
        return f"`{name}` is not known{guess(name, _fields_near(item, model, data))}"
    if kind == "union_tag_invalid":
        known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        return f"`{context['tag']}` is not known{guess(context['tag'], known)}"
    if kind == "union_tag_not_found":
        return "`type` is missing"
    if kind == "literal_error":
        known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        return f"{show(value)} is not known{guess(value, known)}"
    if kind in BOUNDS:
        words, key = BOUNDS[kind]
        bound = context[key]
        shown = f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
        return f"must be {words} {shown}, got {show(value)}"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}, got {show(value)}"
    if kind in ("too_short", "string_too_short"):
        return f"must have at least {context['min_length']} entries, got {context.get('actual_length', len(value))}"
    if kind in ("too_long", "string_too_long"):
        return f"must have at most {context['max_length']} entries, got {context.get('actual_length', len(value))}"
    if kind == "value_error":
        return str(context["error"])
    for prefix, words in KINDS.items():
        if kind.startswith(prefix):
            return f"must be {words}, got {show(value)}"
    return f"{item['msg'][0].lower()}{item['msg'][1:]}, got {show(value)}"


def _fields_near(item: ErrorDetails, model: type[BaseModel], data: Any) -> list[str]:
    """Return the names that are allowed in the place of an unknown one."""
    schema = model.model_json_schema(mode="validation")
    node = schema
    for step in item["loc"][:-1]:
        node = _descend(node, step, schema)
    return sorted(_properties(node, schema))


def _descend(node: dict[str, Any], step: str | int, schema: dict[str, Any]) -> dict[str, Any]:
    for branch in _branches(node, schema):
        if isinstance(step, int) and "items" in branch:
            return dict(branch["items"])
        if step in branch.get("properties", {}):
            return dict(branch["properties"][step])
    for branch in _branches(node, schema):
        if branch.get("properties", {}).get("type", {}).get("const") == step or branch.get("title") == step:
            return branch
    return node


def _branches(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        return _branches(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in node.get(key, [])]
    return [node] + [branch for part in parts for branch in _branches(part, schema)]


def _properties(node: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    return {name for branch in _branches(node, schema) for name in branch.get("properties", {})}


def show(value: object) -> str:
    """Return a value as JSON, truncated to a readable length."""
    words = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    if value is None:
        words = "null"
    if words is None:
        words = f'"{value}"' if isinstance(value, str) else str(value)
    return words if len(words) <= 60 else words[:57] + "..."
