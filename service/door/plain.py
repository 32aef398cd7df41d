"""Which requests are plain: a POST of JSON or raw numbers, with no header and no query that asks for more."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from service.datasets.media_types import JSON, RAW
from service.errors import Invalid
from service.front.environ import CLIENT, WHOLE_AT
from service.models.raw_numbers import read_shape

MOST_BYTES = 1024 * 1024  # of a body; the server holds larger ones in files
LONGEST_TEXT = 200  # of a query, or a header whose meaning is cached
# headers that do not change the answer, or that are looked at here
HEADERS = frozenset(
    {
        *("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_AUTHORIZATION", "HTTP_BAGGAGE"),
        *("HTTP_CACHE_CONTROL", "HTTP_CONNECTION", "HTTP_DNT", "HTTP_HOST", "HTTP_KEEP_ALIVE", "HTTP_PRAGMA"),
        *("HTTP_TRACEPARENT", "HTTP_TRACESTATE", "HTTP_USER_AGENT", "HTTP_X_REQUEST_ID"),
    }
)

# what the server and the application's parts put there for each request
USUAL = HEADERS | {
    *("CONTENT_LENGTH", "CONTENT_TYPE", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_PORT", "REQUEST_METHOD"),
    *("SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "wsgi.errors", "wsgi.input", CLIENT, WHOLE_AT),
    *("wsgi.input_terminated", "wsgi.multiprocess", "wsgi.multithread", "wsgi.run_once", "wsgi.url_scheme"),
    "wsgi.version",
}

Environ = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """What is sent and what is wanted: raw numbers of a `shape`, or JSON without one; raw numbers, or JSON."""

    shape: tuple[int, ...] | None
    wants_raw: bool


def form_of(environ: Mapping[str, Any]) -> Form | None:
    """Return the form of a plain request; None for every other."""
    if environ["REQUEST_METHOD"] != "POST" or environ["SCRIPT_NAME"]:
        return None
    if not USUAL.issuperset(environ) and any(name.startswith("HTTP_") and name not in HEADERS for name in environ):
        return None
    kind, query, accept = environ.get("CONTENT_TYPE", ""), environ["QUERY_STRING"], environ.get("HTTP_ACCEPT", "*/*")
    return _form(kind, query, accept) if len(query) + len(accept) <= LONGEST_TEXT else None


@lru_cache(1024)
def _form(kind: str, query: str, accept: str) -> Form | None:
    if kind == JSON and not query and accept in ("*/*", JSON):
        return Form(None, False)
    fields = [part.partition("=")[::2] for part in query.split("&")]
    given = dict(fields)
    if kind != RAW or len(given) != len(fields) or not given.keys() <= {"shape", "format"} or "shape" not in given:
        return None
    wanted = given.get("format") or {"*/*": "json", JSON: "json", RAW: "raw"}.get(accept)
    try:
        shape = read_shape(given["shape"].replace("%2C", ","))
    except Invalid:
        return None
    return Form(shape, wanted == "raw") if wanted in ("json", "raw") else None


def may_be_packed(environ: Mapping[str, Any]) -> bool:
    """Return whether an answer may have to be packed, which is done behind Flask."""
    return bool(environ.get("HTTP_ACCEPT_ENCODING", "identity") != "identity")
