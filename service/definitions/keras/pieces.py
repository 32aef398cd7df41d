"""Reads a document in pieces that remember their location, so that faults are reported where the client wrote them.

The result of reading is a tree of plain values and pieces; `settle` separates it into a record and its locations.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from service.definitions.guessing import guess, plain, show
from service.definitions.keras.names import NAMES
from service.errors import Invalid, escaped, unescaped

Location = tuple[str | int, ...]
Places = dict[Location, Location]
T = TypeVar("T")
ABSENT: Any = object()
MOST_NUMBER = 10**300  # whole numbers may be beyond what a float holds
OURS = ("training",)
ARRAYS = (("weights",), ("biases",))


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
        raise Refused(self.at, reason, self.value)

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("is missing" if not self.is_there else f"must be a number, got {show(self.value)}")
        if not abs(self.value) < MOST_NUMBER:
            self.refuse("must be a finite number")
        return float(self.value)

    def must_be(self, *values: Any, why: str = "nothing else is supported here") -> None:
        """Refuse all values but these; an absent value is accepted."""
        if self.is_there and not any(self.value == value and _kind(self.value) is _kind(value) for value in values):
            self.refuse(f"must be {show(values[0])}, got {show(self.value)}: {why}")

    def nothing_but(self, *known: str) -> None:
        """Refuse settings that are not known, unless they are null, false or 0 and so have no effect."""
        for key in self.value if isinstance(self.value, dict) else ():
            if key not in known and self.value[key] not in (None, False):
                self[key].refuse("has no counterpart here, so it is not supported; leave it out or null")

    def not_null(self, *keys: str) -> None:
        """Refuse null for settings for which it does not mean the default."""
        for key in keys:
            if isinstance(self.value, dict) and self.value.get(key, ABSENT) is None:
                self[key].with_value(None).refuse("must not be null; leave it out for the default")

    def named(self) -> tuple["Piece", "Piece"]:
        """Return the class and the settings of an object, or of a bare name."""
        if not isinstance(self.value, dict):
            return self, Piece({}, self.at)
        if self["class_name"].value == "function":
            return self["config"], Piece({}, self.at)
        own = self["registered_name"]
        if isinstance(own.value, str) and ">" in own.value:
            own.refuse(f"is a class of your own, {show(own.value)}; only Keras's classes are read")
        return self["class_name"], self.get("config", {})

    def choose(self, table: Mapping[str, T], what: str) -> T:
        """Return the entry of a table under this name, written in snake case or camel case."""
        known = {plain(name): entry for name, entry in table.items()}
        if not self.is_there:
            self.refuse("is missing")
        if not isinstance(self.value, str):
            self.refuse(f"must be the name of a known {what}, got {show(self.value)}")
        if plain(self.value) not in known:
            is_keras = plain(self.value) in NAMES
            hint = f"; known are {_list(table)}" if is_keras else guess(self.value, list(table))
            self.refuse(f"{show(self.value)} is no {what} that is known here{hint}")
        return known[plain(self.value)]


def _kind(value: Any) -> type:
    """Return the type of a value; whole and other numbers are alike, but true is not 1."""
    return float if type(value) is int else type(value)


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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


def _place_and_rest(location: Sequence[str | int], places: Places) -> tuple[Location, Location]:
    """Return the location in the document, and the steps that lead on from there and are not of the record."""
    here: Location = ()
    found, rest = places.get((), ()), tuple(location)
    for position, step in enumerate(location):
        if (*here, step) in places:
            here = (*here, step)
            found, rest = places[here], tuple(location[position + 1 :])
        elif any(place[: len(here) + 1] == (*here, step) for place in places):
            here = (*here, step)
            rest = tuple(location[position + 1 :])
    return found, rest


def failed(title: str, refused: Sequence[Refused]) -> ValidationError:
    """Return a pydantic error for refusals, so that they are reported like the faults of any other body."""
    lines: list[InitErrorDetails] = []
    for item in refused:
        if item.value is ABSENT:
            lines.append({"type": "missing", "loc": item.at, "input": None})
        else:
            context = {"error": ValueError(item.reason)}
            lines.append({"type": "value_error", "loc": item.at, "input": item.value, "ctx": context})
    return ValidationError.from_exception_data(title, lines)


def relocated_error(error: ValidationError, places: Places) -> ValidationError:
    """Return an error about the record as one about the document that the record was made of."""
    lines: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        place, rest = _place_and_rest(item["loc"], places)
        line: InitErrorDetails = {"type": item["type"], "loc": (*place, *rest), "input": item["input"]}
        if "ctx" in item:
            line["ctx"] = item["ctx"]
        lines.append(line)
    return ValidationError.from_exception_data(error.title, lines)


def relocated_faults(error: Invalid, pointer: str, places: Places) -> Invalid:
    """Turn pointers into a record at `pointer` into pointers into the document that the record was made of."""
    faults = []
    for fault in error.faults:
        inside = fault.pointer is not None and (fault.pointer + "/").startswith(pointer + "/")
        if places and inside and fault.pointer is not None:
            steps = [unescaped(step) for step in fault.pointer[len(pointer) + 1 :].split("/")]
            place, rest = _place_and_rest([int(step) if step.isdigit() else step for step in steps], places)
            if place[:1] == OURS or place[-1:] in ARRAYS:  # what stands there as it does in the record
                place = (*place, *rest)
            fault = replace(fault, pointer="/".join([pointer, *map(escaped, place)]))
        faults.append(fault)
    return Invalid.from_faults(faults) if faults else error
