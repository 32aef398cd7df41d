"""Guesses at which operation was meant by an address or a method that nothing is served at.

The templates of all paths are a tree by segment, and an address is followed down it with at most one segment that is
spelt otherwise: a guess costs one look per segment, and one comparison with the names of one place. Long addresses are
not looked at. Imports the names' guessing alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from service.definitions.guessing import closest

LONGEST, MOST_SEGMENTS, MOST_LISTED = 200, 12, 12  # characters, segments, names
SHOWN = 60  # characters of a name
VERSION = "v1"
PARAMETER = "{}"

# what the verbs and nouns of this service are called elsewhere
ALIASES = {
    "stop": "cancel",
    "abort": "cancel",
    "kill": "cancel",
    "terminate": "cancel",
    "start": "resume",
    "continue": "resume",
    "unpause": "resume",
    "suspend": "pause",
    "clone": "fork",
    "branch": "fork",
    "repeat": "replay",
    "rerun": "replay",
    "infer": "predict",
    "inference": "predict",
    "classify": "predict",
    "score": "evaluate",
    "test": "evaluate",
    "explain": "trace",
    "backprop": "trace",
    "download": "export",
    "trainings": "jobs",
    "runs": "jobs",
    "tasks": "jobs",
    "data": "datasets",
    "weights": "parameters",
    "history": "epochs",
    "logs": "events",
}


class Operation(Protocol):
    """An operation as far as guesses need it."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def summary(self) -> str: ...


@dataclass
class _Place:
    """A segment of templates: the places behind it by their names, and the operations that end here, by method."""

    behind: dict[str, "_Place"] = field(default_factory=dict)
    summaries: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names behind, verbs with their colons."""
        return [name for name in self.behind if name != PARAMETER]


@dataclass(frozen=True)
class _Way:
    """How far an address was followed: the segments as they should be, and whether one was spelt otherwise."""

    place: _Place
    segments: tuple[str, ...] = ()
    is_corrected: bool = False

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments).replace("/:", ":")

    def to(self, name: str, shown: str | None = None, corrected: bool = False) -> "_Way":
        return _Way(self.place.behind[name], (*self.segments, shown or name), self.is_corrected or corrected)


class Guesses:
    """Guesses from the addresses of all operations."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Place()
        for operation in operations:
            place = self._root
            for segment in _segments(operation.path):
                place = place.behind.setdefault(PARAMETER if segment.startswith("{") else segment, _Place())
            place.summaries[operation.method] = operation.summary

    def nothing_at(self, path: str) -> str:
        """Return the rest of the sentence about an unknown address: a guess, or what exists below a part of it."""
        if (way := self._meant(path)) is not None and way.place.summaries and way.path != path:
            return f"; did you mean `{way.path}`?"
        if (way := self._known_part(path)) is not None and (names := way.place.names()):
            more = ", ..." if len(names) > MOST_LISTED else ""
            return f"; below `{way.path}` there are {', '.join(f'`{name}`' for name in names[:MOST_LISTED])}{more}"
        return ""

    def instead_of(self, method: str, path: str) -> str:
        """Return the rest of the sentence about a method that an address does not have: a guess, or its methods."""
        way = self._meant(path)
        if way is None:
            return ""
        if way.is_corrected and method in way.place.summaries:
            return f"; did you mean `{method} {way.path}`?"
        methods = [f"`{each} {way.path}`: {summary}" for each, summary in sorted(way.place.summaries.items())]
        return f". {' '.join(methods)}" if methods and not way.is_corrected else ""

    def _meant(self, path: str) -> _Way | None:
        """Return the operation's address that is probably meant."""
        segments = _segments(path)
        if len(path) > LONGEST or len(segments) > MOST_SEGMENTS or not segments:
            return None
        if segments[0] == "api":  # as many services have it
            segments = segments[1:] or segments
        ways = [_Way(self._root)]
        if segments[0] not in self._root.behind and VERSION in self._root.behind:
            ways.append(_Way(self._root).to(VERSION, corrected=False))
        for way in ways[::-1]:
            if (found := _followed(way, segments)) is not None:
                return found
        return None

    def _known_part(self, path: str) -> _Way | None:
        """Return the longest part of an address, all but its last segment, that there is."""
        segments = _segments(path)
        if len(path) > LONGEST or not 2 <= len(segments) <= MOST_SEGMENTS:
            return None
        return _followed(_Way(self._root), segments[:-1])


def _followed(way: _Way, segments: Sequence[str]) -> _Way | None:
    for segment in segments:
        following = next(_steps(way, segment), None)
        if following is None:
            return None
        way = following
    return way


def _steps(way: _Way, segment: str) -> Iterator[_Way]:
    """Yield where a segment may lead: to what it names, to what fits any name, to what is spelt alike."""
    behind = way.place.behind
    for name in (segment, f":{segment}"):  # a verb follows a slash, too
        if name in behind:
            yield way.to(name)
    if PARAMETER in behind and not segment.startswith(":"):
        yield way.to(PARAMETER, segment)
    if way.is_corrected:
        return
    names = {name.removeprefix(":"): name for name in way.place.names()}
    word = segment.removeprefix(":").lower()
    if (alias := ALIASES.get(word)) in names:
        yield way.to(names[str(alias)], corrected=True)
    elif len(word) <= SHOWN and (close := closest(word, list(names))):
        yield way.to(names[close[0]], corrected=True)


def _segments(path: str) -> list[str]:
    """Return the segments of a path, a verb as one of its own that begins with its colon."""
    return [part for part in path.replace("%3A", ":").replace(":", "/:").split("/") if part]
