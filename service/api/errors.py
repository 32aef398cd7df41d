"""The table of errors, statuses and explanations, and errors as RFC 9457 `application/problem+json`.

The answers, the OpenAPI document, the pages below `/problems/` and the table in `docs/reference.md` are made from it.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from service import errors
from service.api import deadlines
from service.api.guesses import Guesses
from service.api.query import is_pretty
from service.api.schemas import FaultAnswer, Problem


@dataclass(frozen=True)
class ProblemType:
    """One type of problem: the error that is answered with it, its status, and an explanation.

    `error` is None for problems that only Flask raises.
    """

    error: type[errors.ServiceError] | None
    status: int
    slug: str
    title: str
    explanation: str


# where several types share a status, the OpenAPI document has the title of the last one
PROBLEM_TYPES = (
    ProblemType(
        errors.Malformed,
        400,
        "malformed",
        "The request cannot be read",
        "The bytes are not what they claim to be: not JSON, not UTF-8, cut off, duplicate keys, NaN; or there are two "
        "Hosts, or none.",
    ),
    ProblemType(
        errors.Unauthenticated,
        401,
        "unauthenticated",
        "No valid key",
        "The request carries no key, or one that is wrong, revoked or has expired; the answer does not say which.",
    ),
    ProblemType(
        errors.Forbidden,
        403,
        "forbidden",
        "Not allowed",
        "The key lacks the scope or is limited to something else, or a request of a web page is not taken.",
    ),
    ProblemType(errors.NotFound, 404, "not-found", "Not found", "There is nothing at this address or of this name."),
    ProblemType(None, 405, "method", "Method not allowed", "The address has other methods, which `Allow` lists."),
    ProblemType(
        errors.NotAcceptable,
        406,
        "not-acceptable",
        "No such format of the answer",
        "The answer is not written in a media type that `Accept` names; `detail` lists those that it is.",
    ),
    ProblemType(
        None,
        408,
        "too-slow",
        "Too slow",
        "The headers or the body did not come in time, or came too slowly.",
    ),
    ProblemType(
        errors.Conflict,
        409,
        "conflict",
        "Not in this state",
        "What is asked for does not go with the present state: a name is taken, a dataset in use, a job already ended.",
    ),
    ProblemType(
        errors.Stale,
        412,
        "stale",
        "Changed meanwhile",
        "The resource does not have the ETag that `If-Match` names, or is there already; read it again.",
    ),
    ProblemType(
        errors.TooLarge, 413, "too-large", "Too large", "More bytes, rows or parameters than the service takes."
    ),
    ProblemType(
        errors.UnknownMedia,
        415,
        "media-type",
        "Unknown media type",
        "A media type that is not read here; `Accept` lists those that are.",
    ),
    ProblemType(
        errors.Invalid,
        422,
        "validation",
        "Not valid",
        "Well-formed but not valid; `errors` says where, at most the first ten.",
    ),
    ProblemType(
        errors.Damaged,
        500,
        "damaged",
        "Stored bytes are damaged",
        "What the service has stored is missing or no longer what it was; `detail` names it by its SHA-256.",
    ),
    ProblemType(
        None,
        500,
        "internal",
        "The service failed",
        "A fault of the service; its log has the reason under the `request_id`.",
    ),
    ProblemType(
        errors.TooMany,
        429,
        "too-many",
        "A limit of the tenant is reached",
        "Too many requests, predictions or queued jobs; `detail` has the limit and the use. Try again after "
        "`Retry-After` seconds.",
    ),
    ProblemType(
        errors.QueueFull,
        503,
        "queue-full",
        "Too much is waiting",
        "The queue of all tenants together is full; try again after `Retry-After` seconds.",
    ),
    ProblemType(
        deadlines.TooLate,
        503,
        "too-late",
        "Too late",
        "The request has waited for longer than its `X-Request-Timeout`; nothing was done.",
    ),
    ProblemType(
        errors.Unavailable,
        503,
        "unavailable",
        "Not available now",
        "A part of the service does not answer now; try again after `Retry-After` seconds.",
    ),
    ProblemType(
        errors.OutOfSpace, 507, "out-of-space", "The disk is full", "The disk is full; nothing half-written stays."
    ),
    ProblemType(None, 0, "http", "Another HTTP error", "What the status says, such as 431 for large headers."),
)
BY_SLUG = {kind.slug: kind for kind in PROBLEM_TYPES}
TITLES = {kind.status: kind.title for kind in PROBLEM_TYPES}
INTERNAL, OTHER = BY_SLUG["internal"], BY_SLUG["http"]
# the types of errors that Flask itself raises, by status
HTTP_SLUGS = ("malformed", "not-found", "method", "too-large", "media-type")
HTTP_TYPES = {BY_SLUG[slug].status: BY_SLUG[slug] for slug in HTTP_SLUGS}
NOTHING: Mapping[str, object] = {}

NAMED = re.compile("/v1/(jobs|models)/[^/]+")
VERBS = "; a verb follows a colon or a slash, as in `:predict` and `/predict`, and zsh needs braces: `${NAME}:predict`"
MOST_OF_PATH = 200  # characters, in a message
MOST_BYTES = 16 * 1024  # of an answer to a mistake

log = logging.getLogger(__name__)


def problem(
    kind: ProblemType,
    detail: str,
    status: int | None = None,
    title: str | None = None,
    more: Mapping[str, object] = NOTHING,
) -> Response:
    """Answer with a problem; `status` and `title` default to those of its type, `more` holds further fields."""
    if has_plain_errors(request.path):
        return _plain(detail, status or kind.status)
    body: Problem = {
        "type": f"/problems/{kind.slug}",
        "title": title or kind.title,
        "status": status or kind.status,
        "detail": detail,
        "request_id": g.get("request_id"),
    }
    whole = _writable({**body, **more})
    data = _json(whole)
    while len(data) > MOST_BYTES and isinstance(whole, dict) and whole.get("errors"):  # characters of several bytes
        whole["errors"].pop()
        data = _json(whole)
    return Response(data, body["status"], mimetype="application/problem+json")


def has_plain_errors(path: str) -> bool:
    """Return whether errors of a path are `{"error": "text"}`, as the Open Inference Protocol has them."""
    return path == "/v2" or path.startswith("/v2/")


def _plain(detail: str, status: int) -> Response:
    return Response(_json(_writable({"error": detail})), status, mimetype="application/json")


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if is_pretty() else 0))


def _writable(value: object) -> object:
    """Escape halves of surrogate pairs, which may occur in what a client has sent but cannot be encoded."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list | tuple) else value


def register(app: Flask) -> None:
    """Register handlers that answer every error as a problem and log those that are faults of the service."""
    app.register_error_handler(errors.ServiceError, service_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def service_error(error: errors.ServiceError) -> Response:
    """Answer an error with the type of problem that the table has for it."""
    kind = next((kind for kind in PROBLEM_TYPES if kind.error is not None and isinstance(error, kind.error)), None)
    if kind is None:
        return _bug(error)
    if kind.status == 500:
        log.error("%s", error.detail)
    more = dict(error.extra)
    if isinstance(error, errors.Invalid):
        more["errors"] = [_fault(fault) for fault in error.faults]
    answer = problem(kind, error.detail, more=more)
    if isinstance(error, errors.Unavailable | errors.UnderWay):
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.Unauthenticated):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.UnknownMedia) and error.known:
        answer.headers["Accept"] = ", ".join(error.known)
    return answer


def _fault(fault: errors.Fault) -> FaultAnswer:
    fields = {"pointer": fault.pointer, "row": fault.row, "column": fault.column}
    place = {name: value for name, value in fields.items() if value is not None}
    return cast(FaultAnswer, {**place, "detail": fault.detail})


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=dict(error.get_headers()))
    kind = HTTP_TYPES.get(status, OTHER)
    answer = problem(kind, _words(error), status, error.name if kind is OTHER else None)
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _words(error: HTTPException) -> str:
    """Return what is said of an error that Flask raised."""
    path = f"`{request.path[:MOST_OF_PATH]}`"
    guesses: Guesses | None = current_app.extensions.get("guesses")
    if isinstance(error, NotFound):
        guessed = guesses.nothing_at(request.path) if guesses else ""
        return f"there is nothing at {path}{guessed or '; `/openapi.json` lists the addresses'}"
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        method = request.method[:20]
        way_out = VERBS if method == "POST" and NAMED.fullmatch(request.path) else ""
        guessed = guesses.instead_of(method, request.path) if guesses else ""
        if way_out and "did you mean" not in guessed:
            guessed = ""
        return f"{method} is not a method of {path}, which has {allowed}{way_out}{guessed}"
    return error.description or error.name


def _bug(error: Exception) -> Response:
    log.error("the request failed", exc_info=error)
    return problem(INTERNAL, "the service failed; its log says why under this request_id")
