"""Choices in the query, and the format in which the client wants an answer."""

from collections.abc import Collection

from flask import request

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


def wanted_format(known: dict[str, str], default: str = "json") -> str:
    """Choose the format by `?format=`, else by `Accept`, else the default."""
    name = choice("format", known)
    if name is not None:
        return name
    types = {media: name for name, media in known.items()}
    best = request.accept_mimetypes.best_match(list(types))
    if best is None and request.accept_mimetypes:
        accepted = request.headers.get("Accept", "")[:80]
        raise NotAcceptable(f"none of {accepted!r} is written here; known are {', '.join(types)}")
    return types[best] if best else default
