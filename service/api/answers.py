"""Writing answers: JSON with exact numbers and times, lists with their links, strong ETags on what never changes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request

from service.errors import Invalid
from service.store.records import Page

MAX_LIMIT = 1000


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body` as JSON; `?pretty` indents it."""
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATETIME
    if "pretty" in request.args:
        option |= orjson.OPT_INDENT_2
    return Response(orjson.dumps(body, timestamp, option), status, headers, mimetype="application/json")


def immutable(body: Any, tag: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that a client may keep: it carries a strong ETag, and `If-None-Match` is honoured."""
    response = answer(body, status, headers)
    response.set_etag(f"{tag}-pretty" if "pretty" in request.args else tag)
    if status == 200:
        response.make_conditional(request)
    return response


def timestamp(value: Any) -> Any:
    """Times as JSON has them here; for `orjson`, which asks about what it does not know."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not JSON")


def page() -> Page:
    """`?limit=` and `?after=` of a list."""
    return Page(whole("limit", 50, minimum=1, maximum=MAX_LIMIT), request.args.get("after"))


def whole(name: str, default: int, minimum: int, maximum: int | None = None) -> int:
    """A whole number from the query; more than `maximum` is taken as it."""
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= minimum):
        raise Invalid.at(f"?{name}", f"must be a whole number of at least {minimum}, got {text[:40]!r}")
    return int(text) if maximum is None else min(int(text), maximum)


def real(name: str, default: float, maximum: float) -> float:
    """A number above 0 from the query."""
    text = request.args.get(name)
    if text is None:
        return default
    try:
        value = float(text) if "_" not in text else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value <= maximum:
        raise Invalid.at(f"?{name}", f"must be a number above 0, at most {maximum:g}, got {text[:40]!r}")
    return value


def flag(name: str) -> bool:
    """A yes or no from the query; `?name` alone is a yes."""
    text = request.args.get(name, "false").lower()
    known = {"true": True, "1": True, "": True, "false": False, "0": False}
    if text not in known:
        raise Invalid.at(f"?{name}", f"must be true or false, got {text[:40]!r}")
    return known[text]


def listing(data: Sequence[dict[str, Any]], has_more: bool, key: Callable[[dict[str, Any]], Any]) -> Response:
    """A list as every list is written; `key` gives what `after` takes."""
    first, last = (key(data[0]), key(data[-1])) if data else (None, None)
    body = {"object": "list", "data": data, "has_more": has_more, "first_id": first, "last_id": last}
    headers = {}
    if has_more:
        query = {**request.args, "after": last}
        headers["Link"] = f'<{request.path}?{urlencode(query)}>; rel="next"'
    return answer(body, headers=headers)
