"""A document read piece by piece. A piece knows where it stands, so that a fault is told where the client wrote it.

What is read is a tree of plain values and pieces; `settle` parts it into the plain record and the places it came from.
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
    """A piece that cannot be kept, and why."""

    def __init__(self, at: Location, reason: str, value: Any) -> None:
        super().__init__(reason)
        self.at, self.reason, self.value = at, reason, value


@dataclass(frozen=True)
class Piece:
    """A value of a document; `ABSENT` when it is not there."""

    value: Any
    at: Location = ()

    def __getitem__(self, key: str | int) -> "Piece":
        return self.get(key)

    def get(self, key: str | int, default: Any = ABSENT) -> "Piece":
        """The piece under `key`, where an absent or a null one has the default."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Piece(default if value is None else value, (*self.at, key))

    def __iter__(self) -> Iterator["Piece"]:
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, got {show(self.value)}")
        return (Piece(value, (*self.at, index)) for index, value in enumerate(self.value))

    @property
    def is_there(self) -> bool:
        return self.value is not ABSENT

    def holding(self, tree: Any) -> "Piece":
        """Something else, made of this piece: its faults are told here."""
        return Piece(tree, self.at)

    def refuse(self, reason: str) -> NoReturn:
        raise Refused(self.at, reason, None if self.value is ABSENT else self.value)

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("is missing" if not self.is_there else f"must be a number, got {show(self.value)}")
        return float(self.value)

    def must_be(self, *values: Any, why: str = "nothing else can be kept here") -> None:
        """Refuse anything but these values; absent is one of them."""
        if self.is_there and self.value not in values:
            self.refuse(f"must be {show(values[0])}, got {show(self.value)}: {why}")

    def nothing_but(self, *known: str) -> None:
        """Refuse settings that are not known, unless they are null, false or 0 and so say nothing."""
        for key in self.value if isinstance(self.value, dict) else ():
            if key not in known and self.value[key] not in (None, False):
                self[key].refuse("has no counterpart here, so it cannot be kept; leave it out or null")

    def named(self) -> tuple["Piece", "Piece"]:
        """The class and the settings of what is written as an object, or as a bare name."""
        if isinstance(self.value, dict):
            return self["class_name"], self.get("config", {})
        return self, Piece({}, self.at)

    def choose(self, table: Mapping[str, T], what: str) -> T:
        """What a table has under this name, in snake or camel case."""
        known = {plain(name): entry for name, entry in table.items()}
        if not isinstance(self.value, str) or plain(self.value) not in known:
            shown = show(None if self.value is ABSENT else self.value)
            self.refuse(f"{shown} is no {what} that is known here{guess(self.value, list(table))}")
        return known[plain(self.value)]


def plain(name: str) -> str:
    """`GlorotUniform` and `glorot_uniform` are the same."""
    return name.lower().replace("_", "")


def settle(tree: Any) -> tuple[Any, Places]:
    """The plain record of a tree, and where in the document each part of it stands."""
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
    """Where in the document a part of the record was written; names that the record does not have are passed over."""
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
    """Pydantic's own error, so that whoever asks for a network is told as of any other body."""
    lines: list[InitErrorDetails] = [
        {"type": "value_error", "loc": item.at, "input": item.value, "ctx": {"error": ValueError(item.reason)}}
        for item in refused
    ]
    return ValidationError.from_exception_data(title, lines)


def told_there(error: ValidationError, places: Places) -> ValidationError:
    """Findings about the record, told of the document it was made of."""
    lines: list[InitErrorDetails] = []
    for item in error.errors(include_url=False):
        line: InitErrorDetails = {"type": item["type"], "loc": place_of(item["loc"], places), "input": item["input"]}
        if "ctx" in item:
            line["ctx"] = item["ctx"]
        if item["type"] in ("missing", "extra_forbidden"):
            line["loc"] = (*line["loc"], item["loc"][-1])
        lines.append(line)
    return ValidationError.from_exception_data(error.title, lines)


def moved(error: Invalid, pointer: str, places: Places) -> Invalid:
    """Pointers into a record that stood at `pointer`, as pointers into the document it was made of."""
    faults = []
    for fault in error.faults:
        inside = fault.pointer is not None and (fault.pointer + "/").startswith(pointer + "/")
        if places and inside and fault.pointer is not None:
            steps = fault.pointer[len(pointer) + 1 :].split("/")
            place = place_of([int(step) if step.isdigit() else step for step in steps], places)
            fault = replace(fault, pointer="/".join([pointer, *map(str, place)]))
        faults.append(fault)
    return Invalid.from_faults(faults) if faults else error
