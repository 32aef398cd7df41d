"""Reads a document in pieces that remember their location, so that faults are reported where the client wrote them.

The result of reading is a tree of plain values and pieces; `settle` separates it into a record and its locations.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from service.definitions.validation import guess, show
from service.errors import Invalid

Location = tuple[str | int, ...]
Places = dict[Location, Location]
T = TypeVar("T")
ABSENT: Any = object()


class Refused(Exception):
    """A piece has no counterpart here; the message says why."""

    def __init__(self, at: Location, reason: str, value: Any) -> None:
        super().__init__(reason)
        self.at, self.reason, self.value = at, reason, value


@dataclass(frozen=True)
class Piece:
    """A value of a document with its location; `ABSENT` for a key that the document does not have."""

    value: Any
    at: Location = ()

    def __getitem__(self, key: str | int) -> "Piece":
        return self.get(key)

    def get(self, key: str | int, default: Any = ABSENT) -> "Piece":
        """Return the piece under `key`, with the default where it is absent or null."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Piece(default if value is None else value, (*self.at, key))

    def __iter__(self) -> Iterator["Piece"]:
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, got {show(self.value)}")
        return (Piece(value, (*self.at, index)) for index, value in enumerate(self.value))

    @property
    def is_there(self) -> bool:
        return self.value is not ABSENT

    def with_value(self, tree: Any) -> "Piece":
        """Return a piece with another value and the same location, where its faults are reported."""
        return Piece(tree, self.at)

    def refuse(self, reason: str) -> NoReturn:
        raise Refused(self.at, reason, None if self.value is ABSENT else self.value)

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("is missing" if not self.is_there else f"must be a number, got {show(self.value)}")
        return float(self.value)

    def must_be(self, *values: Any, why: str = "nothing else is supported here") -> None:
        """Refuse all values but these; an absent value is accepted."""
        if self.is_there and self.value not in values:
            self.refuse(f"must be {show(values[0])}, got {show(self.value)}: {why}")

    def nothing_but(self, *known: str) -> None:
        """Refuse settings that are not known, unless they are null, false or 0 and so have no effect."""
        for key in self.value if isinstance(self.value, dict) else ():
            if key not in known and self.value[key] not in (None, False):
                self[key].refuse("has no counterpart here, so it is not supported; leave it out or null")

    def named(self) -> tuple["Piece", "Piece"]:
        """Return the class and the settings of an object, or of a bare name."""
        if isinstance(self.value, dict):
            return self["class_name"], self.get("config", {})
        return self, Piece({}, self.at)

    def choose(self, table: Mapping[str, T], what: str) -> T:
        """Return the entry of a table under this name, written in snake case or camel case."""
        known = {plain(name): entry for name, entry in table.items()}
        if not isinstance(self.value, str) or plain(self.value) not in known:
            shown = show(None if self.value is ABSENT else self.value)
            self.refuse(f"{shown} is no {what} that is known here{guess(self.value, list(table))}")
        return known[plain(self.value)]


def plain(name: str) -> str:
    """Return a name without case and underscores: `GlorotUniform` and `glorot_uniform` are the same."""
    return name.lower().replace("_", "")


def settle(tree: Any) -> tuple[Any, Places]:
    """Return the record of a tree without its pieces, and the location in the document of each part of it."""
    places: Places = {}
    return _settle(tree, (), places), places


def _settle(tree: Any, at: Location, places: Places) -> Any:
    if isinstance(tree, Piece):
        places[at] = tree.at
        return _settle(tree.value, at, places)
    if isinstance(tree, dict):
        present = {key: value for key, value in tree.items() if not (isinstance(value, Piece) and not value.is_there)}
        return {key: _settle(value, (*at, key), places) for key, value in present.items()}
    if isinstance(tree, list):
        return [_settle(value, (*at, index), places) for index, value in enumerate(tree)]
    return tree


def place_of(location: Sequence[str | int], places: Places) -> Location:
    """Return the location in the document of a part of the record; names that the record lacks are skipped."""
    here: Location = ()
    found = places.get((), ())
    for step in location:
        if (*here, step) in places:
            here = (*here, step)
            found = places[here]
        elif any(place[: len(here) + 1] == (*here, step) for place in places):
            here = (*here, step)
    return found


def failed(title: str, refused: Sequence[Refused]) -> ValidationError:
    """Return a pydantic error for refusals, so that they are reported like the faults of any other body."""
    lines: list[InitErrorDetails] = [
        {"type": "value_error", "loc": item.at, "input": item.value, "ctx": {"error": ValueError(item.reason)}}
        for item in refused
    ]
    return ValidationError.from_exception_data(title, lines)


def relocated_error(error: ValidationError, places: Places) -> ValidationError:
    """Return an error about the record as one about the document that the record was made of."""
    lines: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        line: InitErrorDetails = {"type": item["type"], "loc": place_of(item["loc"], places), "input": item["input"]}
        if "ctx" in item:
            line["ctx"] = item["ctx"]
        if item["type"] in ("missing", "extra_forbidden"):
            line["loc"] = (*line["loc"], item["loc"][-1])
        lines.append(line)
    return ValidationError.from_exception_data(error.title, lines)


def relocated_faults(error: Invalid, pointer: str, places: Places) -> Invalid:
    """Turn pointers into a record at `pointer` into pointers into the document that the record was made of."""
    faults = []
    for fault in error.faults:
        inside = fault.pointer is not None and (fault.pointer + "/").startswith(pointer + "/")
        if places and inside and fault.pointer is not None:
            steps = fault.pointer[len(pointer) + 1 :].split("/")
            place = place_of([int(step) if step.isdigit() else step for step in steps], places)
            fault = replace(fault, pointer="/".join([pointer, *map(str, place)]))
        faults.append(fault)
    return Invalid.from_faults(faults) if faults else error
