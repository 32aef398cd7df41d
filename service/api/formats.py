"""Choices in the query, and the format in which the client wants an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import request

from service.api.accepting import ANY, best_of
from service.datasets.media_types import JSONL, NDJSON
from service.errors import Invalid, NotAcceptable

METADATA = "metadata."
MOST_FILTERS = 16  # keys of metadata that one list is filtered by


def choice(name: str, known: Collection[str]) -> str | None:
    """Return the parameter `name` of the query, None without it; raise `Invalid` unless it is one of those known."""
    text = request.args.get(name)
    if text is not None and text not in known:
        raise Invalid.at(f"?{name}", f"must be one of {', '.join(known)}, got {text[:40]!r}")
    return text


def wanted_metadata() -> dict[str, str]:
    """Return the keys and values of the parameters `metadata.*` of the query."""
    wanted = {key.removeprefix(METADATA): value for key, value in request.args.items() if key.startswith(METADATA)}
    if len(wanted) > MOST_FILTERS:
        raise Invalid.at("?metadata", f"at most {MOST_FILTERS} keys can be asked for, got {len(wanted):,}")
    return wanted


@dataclass(frozen=True)
class Format:
    """The format of an answer: its name in `?format=`, and its media type."""

    name: str
    media_type: str


def wanted_format(known: Mapping[str, str]) -> Format:
    """Choose one of the formats, whose media types are given, by `?format=`, else by `Accept`, else the first one."""
    name = choice("format", known)
    accept = request.headers.get("Accept") or ANY
    names = {media_type: each for each in ([name] if name else known) for media_type in spellings(known[each])}
    media_type = best_of(accept, list(names))
    if media_type is None and name is None:
        raise _refusal(list(names))
    return Format(names[media_type], media_type) if media_type else Format(str(name), known[str(name)])


def spellings(media_type: str) -> tuple[str, ...]:
    """Return the names of one media type, the usual one first."""
    return (JSONL, NDJSON) if media_type == JSONL else (media_type,)


def check_acceptable(media_types: Sequence[str]) -> None:
    """Raise `NotAcceptable` where the client takes none of these, and the query does not choose one."""
    accept = request.environ.get("HTTP_ACCEPT")
    if not accept or accept == ANY or not media_types or "format" in request.args or "stream" in request.args:
        return
    if best_of(accept, media_types) is None:
        raise _refusal(media_types)


def _refusal(media_types: Sequence[str]) -> NotAcceptable:
    accepted = request.headers.get("Accept", "")[:80]
    return NotAcceptable(f"none of {accepted!r} is written here; known are {', '.join(media_types)}")
