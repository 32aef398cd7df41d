"""Answers: JSON with exact numbers and times, and lists with links."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import orjson
from flask import Response, request

from service.api.query import is_pretty
from service.api.schemas import ListAnswer
from service.definitions.base import timestamp
from service.errors import Invalid, NotFound
from service.store.job_records import JobSummary
from service.store.keys import KeyRecord
from service.store.model_records import GrantedModel, ModelContents
from service.store.prediction_records import PredictionRecord
from service.store.records import DatasetSummary, JobRecord, Listing, NetworkRecord, Page, TenantRecord
from service.store.webhooks.records import DeliveryRecord, WebhookRecord

OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATETIME
MAX_LIMIT = 1000
POSITION_MARK = "~"  # no name and no id begins with it

T = TypeVar("T")
R = TypeVar(
    "R",
    TenantRecord,
    GrantedModel,
    NetworkRecord,
    DatasetSummary,
    JobRecord,
    JobSummary,
    ModelContents,
    KeyRecord,
    PredictionRecord,
    WebhookRecord,
    DeliveryRecord,
)


def answer(
    body: Mapping[str, object] | Sequence[object], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Answer with `body` as JSON; `?pretty` indents it."""
    return Response(json_bytes(body, is_pretty()), status, headers, mimetype="application/json")


def json_bytes(body: Mapping[str, object] | Sequence[object], is_indented: bool = False) -> bytes:
    """Write an answer as JSON; arrays of float32 in the shortest form that reads back the same float32."""
    return orjson.dumps(body, timestamp, OPTIONS | orjson.OPT_INDENT_2 if is_indented else OPTIONS)


def tagged(body: Mapping[str, object], tag: str, status: int = 200) -> Response:
    """Answer with JSON under an ETag that the client can send back in `If-Match`."""
    response = answer(body, status)
    response.set_etag(f"{tag}-pretty" if is_pretty() else tag)
    return response


def limit() -> int:
    """Read `?limit=`, the largest number of entries in the answer."""
    return whole("limit", 50, minimum=1, maximum=MAX_LIMIT)


def page(noun: str) -> Page:
    """Read `?limit=` and `?after=`, which is a name, an id, or the position in the `Link` of the page before."""
    after = request.args.get("after")
    if after is None or not after.startswith(POSITION_MARK):
        return Page(limit(), after)
    return Page(limit(), position=_position(noun, after))


def whole(name: str, default: int, minimum: int, maximum: int | None = None) -> int:
    """Read a whole number from the query; a larger one than `maximum` counts as `maximum`."""
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= minimum):
        size = ", of at most 15 digits" if text.isdigit() and len(text) > 15 else ""
        raise Invalid.at(f"?{name}", f"must be a whole number of at least {minimum}{size}, got {text[:40]!r}")
    return int(text) if maximum is None else min(int(text), maximum)


def real(name: str, default: float, maximum: float) -> float:
    """Read a number above 0 from the query."""
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
    """Read a boolean from the query; `?name` alone is true."""
    text = request.args.get(name, "false").lower()
    known = {"true": True, "1": True, "": True, "false": False, "0": False}
    if text not in known:
        raise Invalid.at(f"?{name}", f"must be true or false, got {text[:40]!r}")
    return known[text]


def listing(
    data: Sequence[T], has_more: bool, key: Callable[[T], str | int], shown: Callable[[T], object] | None = None
) -> Response:
    """Answer with part of a list whose entries have numbers, `key`, which `after` accepts; `shown` is what is shown."""
    first, last = (key(data[0]), key(data[-1])) if data else (None, None)
    return _list(data if shown is None else [shown(item) for item in data], has_more, first, last, last)


def record_page(found: Listing[R], described: Sequence[T], noun: str, key: Callable[[R], str]) -> Response:
    """Answer with part of a list of records, newest first.

    `after` accepts a record's name or id, `key`. The link contains the position of the last record instead, which
    remains valid when that record is deleted before the next page is read.
    """
    if not found.data:
        return _list([], found.has_more, None, None, None)
    first, last = found.data[0], found.data[-1]
    return _list(described, found.has_more, key(first), key(last), _position_text(noun, last.number))


def _list(
    data: Sequence[T],
    has_more: bool,
    first: str | int | None,
    last: str | int | None,
    next_after: str | int | None,
) -> Response:
    body: ListAnswer[T] = {
        "object": "list",
        "data": data,
        "has_more": has_more,
        "first_id": first,
        "last_id": last,
    }
    headers = {}
    if has_more:
        query = {**request.args.to_dict(flat=False), "after": [next_after]}
        headers["Link"] = f'<{request.path}?{urlencode(query, doseq=True)}>; rel="next"'
    return answer(body, headers=headers)


def _position_text(noun: str, number: int) -> str:
    """Write the number of a record's row as an opaque position; no name or id begins with its mark."""
    return POSITION_MARK + urlsafe_b64encode(f"{noun} {number}".encode()).decode().rstrip("=")


def _position(noun: str, text: str) -> int:
    """Read a position in a list of that noun; raise `NotFound` when it was not made by `_position_text`."""
    encoded = text.removeprefix(POSITION_MARK)
    try:
        kind, _, number = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii").partition(" ")
    except ValueError:
        kind, number = "", ""
    if kind != noun or not (number.isdigit() and len(number) < 19) or _position_text(noun, int(number)) != text:
        raise NotFound(f"`after` names no {noun}: `{text[:80]}`")
    return int(number)
