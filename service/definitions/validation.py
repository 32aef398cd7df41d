"""Turns pydantic's errors into `Invalid`: one fault for one mistake, with its pointer, value, bound and a suggestion.

Imports pydantic and `service.errors`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.definitions.base import MOST_ERRORS, Model
from service.definitions.fields import fields_at, guess_field, has_default, types_at
from service.definitions.guessing import SHOWN_CHARACTERS, either
from service.definitions.sentences import kind_words, literals, sentence
from service.errors import MAX_FAULTS, Fault, Invalid, escaped

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]

MOST_NAMED = 6  # fields of an object in a sentence
OF_A_KEY = "[key]"  # ends the location of an error about a key of an object
NAMED_FIELD = re.compile(r"`(\w+)` (goes|has|is|must|needs) ")  # not "`a` and `b` go together"


@dataclass(frozen=True)
class LocatedError:
    """One of pydantic's errors: the part of the body that it is about, and the branches of unions that it is of.

    `unions` holds for each union on the way the path to it and pydantic's name of the branch.
    """

    item: ErrorDetails
    path: Path
    unions: tuple[tuple[Path, str], ...]

    @property
    def kind(self) -> str:
        return self.item["type"]

    @property
    def is_of_another_kind(self) -> bool:
        """Whether the value is of another type than the branch, which then was hardly meant."""
        return self.kind == "literal_error" or kind_words(self.kind) is not None


def check(model: type[M], data: Any, pointer: str = "#") -> M:
    """Return `data` as a `model`; raise `Invalid` with a pointer for each of the first ten faults."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise invalid(error, data, model, pointer) from None


def invalid(error: ValidationError, data: Any, model: type[BaseModel], pointer: str = "#") -> Invalid:
    """Return pydantic's errors as an `Invalid`, with one fault for each mistake."""
    details = error.errors(include_url=False)
    likely = _most_likely([_found(item, data) for item in details[:MOST_ERRORS]])
    faults: dict[tuple[str, str], Fault] = {}
    answered: set[Path] = set()  # fields that are missing because they are written otherwise
    for found in sorted(likely, key=lambda found: found.kind == "missing"):  # unknown fields come first
        if found.kind == "missing" and found.path in answered:
            continue
        where = pointer + "".join(f"/{escaped(step)}" for step in _where(found, data))
        if len(faults) >= MAX_FAULTS:  # those that are only counted get no sentence
            faults.setdefault((where, ""), Fault("", pointer=where))
            continue
        detail, sibling = _sentence(found, model, data, pointer)
        if sibling is not None:
            answered.add((*found.path[:-1], sibling))
        faults.setdefault((where, detail), Fault(detail, pointer=where))
    return Invalid.from_faults(list(faults.values()), all_found=len(details) <= MOST_ERRORS)


def _found(item: ErrorDetails, data: Any) -> LocatedError:
    return LocatedError(item, *_walk(item["loc"], data, item["type"]))


def _walk(location: Sequence[str | int], data: Any, kind: str) -> tuple[Path, tuple[tuple[Path, str], ...]]:
    """Return the path into the data that a pydantic location stands for, and the branches of unions on the way."""
    path: list[str | int] = []
    unions: list[tuple[Path, str]] = []
    current, tagged = data, False
    for position, step in enumerate(location):
        is_tag = not tagged and isinstance(current, dict) and current.get("type") == step
        if is_tag:  # also where a field has the name of the type
            tagged = True
        elif _has(current, step):
            current, tagged = current[step], False
            path.append(step)
        elif position == len(location) - 1 and kind in ("missing", "extra_forbidden"):
            path.append(step)
        elif step != OF_A_KEY and not _is_short_choice(current, step):
            unions.append((tuple(path), str(step)))
    return tuple(path), tuple(unions)


def _has(data: Any, step: str | int) -> bool:
    """Return whether a part of a location leads further into the data."""
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _is_short_choice(data: Any, step: str | int) -> bool:
    """Return whether the data choose a type by its bare name."""
    return isinstance(data, str) and data == step


def _most_likely(found: list[LocatedError]) -> list[LocatedError]:
    """Leave out the errors of those branches of unions that were not meant."""
    level = 0
    while any(len(item.unions) > level for item in found):
        groups: dict[Any, list[LocatedError]] = {}
        for item in found:
            groups.setdefault(item.unions[level][0] if len(item.unions) > level else id(item), []).append(item)
        found = [item for group in groups.values() for item in _branch_meant(group, level)]
        level += 1
    return found


def _branch_meant(group: list[LocatedError], level: int) -> list[LocatedError]:
    """Return the errors of the branch of one union that fits the data best; of none that does, all together as one."""
    branches: dict[str, list[LocatedError]] = {}
    for item in group:
        branches.setdefault(item.unions[level][1] if len(item.unions) > level else "", []).append(item)
    if len(branches) < 2:
        return group
    at = group[0].unions[level][0]
    fitting = [
        items
        for items in branches.values()
        if any(len(item.path) > len(at) or not item.is_of_another_kind for item in items)
    ]
    if fitting:
        return max(fitting, key=lambda items: max(len(item.path) for item in items))
    together: ErrorDetails = {**group[0].item, "type": "union", "ctx": {"kinds": _kinds_of(group)}}
    return [LocatedError(together, at, ())]


def _kinds_of(group: Iterable[LocatedError]) -> list[str]:
    """Return the words for everything that a union takes."""
    kinds: list[str] = []
    for found in group:
        words = kind_words(found.kind)
        kinds += literals(found.item.get("ctx", {})) if words is None else [words]
    return list(dict.fromkeys(kinds))


def _where(found: LocatedError, data: Any) -> Path:
    """Return the path of the field that is wrong, for errors that pydantic reports of the object around it."""
    here = data
    for step in found.path:
        here = here[step] if _has(here, step) else None
    if not isinstance(here, dict):
        return found.path
    if found.kind == "union_tag_invalid":
        return (*found.path, "type")
    if found.kind == "value_error":
        named = NAMED_FIELD.match(str(found.item.get("ctx", {}).get("error", "")))
        return (*found.path, named[1]) if named is not None and named[1] in here else found.path
    return found.path


def _object_with(fields: list[str]) -> str:
    if "type" in fields:
        return "an object with a `type`"
    return f"an object with {either(fields)}" if 0 < len(fields) <= MOST_NAMED else "an object"


def _sentence(found: LocatedError, model: type[BaseModel], data: Any, pointer: str) -> tuple[str, str | None]:
    """Return what is wrong, and the field of the same object that an unknown one stands for, if it does."""
    item, kind = found.item, found.kind
    context, value = item.get("ctx", {}), item["input"]
    name = str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        if issubclass(model, Model) and found.path in model.misplaced:
            return model.misplaced[found.path], None
        guessed = guess_field(name, model, data, found.path[:-1], pointer)
        return f"`{name[:SHOWN_CHARACTERS]}` is not known{guessed.words}", guessed.sibling
    if kind == "missing":
        return f"`{name}` is missing", None
    if kind == "union_tag_not_found":
        known = ", ".join(f"`{name}`" for name in types_at(model, data, found.path))
        return f"`type` is missing; known are {known}", None
    words = sentence(kind, context, value, item["msg"])
    if kind.startswith("model"):  # of a field that is an object of its own
        words = words.replace("an object", _object_with(fields_at(model, data, found.path)), 1)
    if value is None and kind != "value_error" and has_default(model, data, found.path):
        words += "; leave it out for the default"
    return words, None
