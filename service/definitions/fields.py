"""Finds the field of a body that was meant by a field that is not known, wherever in the body it belongs.

The fields are read from the model's JSON schema, which is made once for each model.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from service.definitions.guessing import LONGEST_GUESSED, NO_FIELDS, called, either, likeness, plain, similar
from service.errors import escaped

Node = dict[str, Any]
Places = dict[str, tuple[str, ...]]  # of fields, with the paths to each
DEEPEST = 5  # levels of fields within fields
VERY_CLOSE = 0.85  # a field of the same object that is spelt so much alike comes before all others
NESTED_CUTOFF = 0.8  # a field elsewhere has to be spelt more like the unknown one than a field of the same object


@functools.cache
def schema_of(model: type[BaseModel]) -> Node:
    """Return a model's JSON schema, which takes milliseconds to make."""
    return model.model_json_schema(mode="validation")


@dataclass(frozen=True)
class Guess:
    """The words to add to a message, and the field of the same object that was meant, if it is one of those."""

    words: str
    sibling: str | None = None


def guess_field(name: str, model: type[BaseModel], data: Any, location: Sequence[str | int], pointer: str) -> Guess:
    """Return the guess at an unknown field of the object at `location`.

    Parameters
    ----------
    data
        The whole body.
    location
        The keys and indexes that lead to the object.
    pointer
        The JSON pointer of the body.
    """
    schema = schema_of(model)
    nodes = _at(schema, data, location)
    siblings = sorted({key for node in nodes for key in node["properties"]})
    if len(name) > LONGEST_GUESSED or name == "type":
        return Guess(_list(siblings))
    if others := _types_with(name, _at(schema, data, location, typed=False), siblings):
        return Guess(f"; it is a setting of {either(others, 'and')}")
    if not called(name, siblings) and plain(name) in NO_FIELDS:
        return Guess(f"; {NO_FIELDS[plain(name)]}")
    below = _fields_below(nodes, schema, ".")
    everywhere = _fields_below(_objects(schema, schema, data), schema, "/")
    own = "/".join(map(escaped, (*location, name)))
    elsewhere = {
        field: tuple(f"{pointer}/{path}" for path in paths if path != own)
        for field, paths in everywhere.items()
        if field not in siblings and paths != (own,)
    }
    if found := (similar(name, siblings, VERY_CLOSE) or called(name, siblings)):
        return _guess(found, siblings)
    if found := called(name, below):
        top = [path for field in found if everywhere.get(field) == (field,) for path in elsewhere.get(field, ())]
        return Guess(f"; did you mean {either([*_paths(found, below), *top])}?")
    if found := called(name, elsewhere):
        return _guess(found, elsewhere)
    return _nearest(name, siblings, elsewhere, below)


def _nearest(name: str, siblings: Sequence[str], elsewhere: Places, below: Places) -> Guess:
    """Return the field that is spelt most like the unknown one, rather one of the same object than one elsewhere."""
    close = similar(name, siblings)
    near = {
        field: places[field] for places in (elsewhere, below) for field in similar(name, list(places), NESTED_CUTOFF)
    }
    best = max(near, key=lambda field: likeness(name, field), default=None)
    if best is not None and not (close and likeness(name, close[0]) + 0.1 >= likeness(name, best)):
        return _guess([best], near)
    return _guess(close, siblings) if close else Guess(_list(siblings))


def types_at(model: type[BaseModel], data: Any, location: Sequence[str | int]) -> list[str]:
    """Return the values that `type` may have in the object at a location of the data."""
    return list(filter(None, map(_type_of, _at(schema_of(model), data, location))))


def has_default(model: type[BaseModel], data: Any, location: Sequence[str | int]) -> bool:
    """Return whether a location of the data is a field of an object that may be left out."""
    if not location or isinstance(location[-1], int):
        return False
    nodes = [node for node in _at(schema_of(model), data, location[:-1]) if location[-1] in node["properties"]]
    return bool(nodes) and all(location[-1] not in node.get("required", ()) for node in nodes)


def _guess(found: Sequence[str], known: Sequence[str] | Places) -> Guess:
    if isinstance(known, dict):
        return Guess(f"; did you mean {either(_paths(found, known))}?")
    return Guess(f"; did you mean {either(found)}?", found[0])


def _paths(found: Sequence[str], places: Places) -> list[str]:
    return [path for field in found for path in places[field]]


def _list(names: Sequence[str]) -> str:
    return f"; known are {', '.join(f'`{name}`' for name in names)}" if names else ""


def _types_with(name: str, nodes: Sequence[Node], siblings: Sequence[str]) -> list[str]:
    """Return the types of an object that have a field which the type in the data lacks."""
    if "type" not in siblings or name in siblings:
        return []
    return [_type_of(node) for node in nodes if name in node["properties"]]


def _type_of(node: Node) -> str:
    return str(node["properties"].get("type", {}).get("const", ""))


def fields_at(model: type[BaseModel], data: Any, location: Sequence[str | int]) -> list[str]:
    """Return the names of the fields that the object at a location of the data should have had."""
    nodes = _at(schema_of(model), data, location)
    return list(dict.fromkeys(key for node in nodes for key in node["properties"]))


def _at(schema: Node, data: Any, location: Sequence[str | int], typed: bool = True) -> list[Node]:
    """Return the objects of the schema that the object at a location of the data may be.

    With `typed` those of the type that the data name, if they name one.
    """
    nodes, current = [schema], data
    for step in location:
        inner: list[Node] = []
        if isinstance(step, int):
            branches = [branch for node in nodes for branch in _branches(node, schema)]
            inner = [branch["items"] for branch in branches if "items" in branch]
        else:
            objects = [found for node in nodes for found in _objects(node, schema, current)]
            inner = [found["properties"][step] for found in objects if step in found["properties"]]
        nodes = inner
        current = current[step]
    return [found for node in nodes for found in _objects(node, schema, current, typed)]


def _objects(node: Node, schema: Node, data: Any, typed: bool = True) -> list[Node]:
    """Return the objects that a node of the schema may be: those of the type that the data name, if they name one."""
    given = data if isinstance(data, dict) else {}
    objects = [branch for branch in _branches(node, schema) if "properties" in branch]
    of_keras = [branch for branch in objects if ("class_name" in branch["properties"]) == ("class_name" in given)]
    objects = list({id(branch): branch for branch in of_keras or objects}.values())
    named = [branch for branch in objects if _type_of(branch) == given.get("type", "")] if typed else []
    return named or objects


def _branches(node: Node, schema: Node) -> list[Node]:
    if "$ref" in node:
        return _branches(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in node.get(key, [])]
    return [node] + [branch for part in parts for branch in _branches(part, schema)]


_below: dict[tuple[str, int, tuple[int, ...]], Places] = {}


def _fields_below(nodes: Sequence[Node], schema: Node, separator: str) -> Places:
    """Return the fields within objects of a schema with their paths, which are found once for the same objects."""
    key = (separator, id(schema), tuple(map(id, nodes)))  # schemas are never released
    if key not in _below:
        _below[key] = dict(_nested(nodes, schema, separator))
    return _below[key]


def _nested(nodes: Sequence[Node], schema: Node, separator: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fields within objects with the paths to each; of several with one name the nearest are yielded."""
    level = [(node, "") for node in nodes]
    seen: set[str] = {"type"}
    depth = 0
    while level and depth <= DEEPEST:
        names: dict[str, dict[str, None]] = {}
        inner: list[tuple[Node, str]] = []
        for node, path in level:
            for name, field in node["properties"].items():
                part = path + (escaped(name) if separator == "/" else name)
                names.setdefault(name, {})[part] = None
                inner += [
                    (branch, part + end + separator)
                    for end, branches in _parts(field, schema, separator)
                    for branch in branches
                    if "class_name" not in branch["properties"]
                ]
        if depth or separator == "/":
            yield from ((name, tuple(paths)) for name, paths in names.items() if name not in seen)
        seen |= set(names)
        level, depth = inner, depth + 1


def _parts(field: Node, schema: Node, separator: str) -> Iterator[tuple[str, list[Node]]]:
    """Yield the objects that a field holds, and those of a list that it holds, each with the end of their path."""
    branches = _branches(field, schema)
    yield "", [branch for branch in branches if "properties" in branch]
    index = "/0" if separator == "/" else "[]"
    for branch in branches:
        if "items" in branch:
            yield index, [item for item in _branches(branch["items"], schema) if "properties" in item]
