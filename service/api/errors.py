"""The one table from errors to status, and errors as RFC 9457 `application/problem+json`."""

import logging
from typing import Any

import orjson
from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from service import errors

TABLE: list[tuple[type[errors.ServiceError], int, str, str]] = [
    (errors.Malformed, 400, "malformed", "The body cannot be read"),
    (errors.NotFound, 404, "not-found", "Not found"),
    (errors.Conflict, 409, "conflict", "Not in this state"),
    (errors.TooLarge, 413, "too-large", "Too large"),
    (errors.UnknownMedia, 415, "media-type", "Unknown media type"),
    (errors.Invalid, 422, "validation", "Not valid"),
    (errors.TooMany, 503, "too-many", "Too much is waiting"),
    (errors.Unavailable, 503, "unavailable", "Not available now"),
    (errors.OutOfSpace, 507, "out-of-space", "The disk is full"),
    (errors.Damaged, 500, "damaged", "Stored bytes are damaged"),
]
HTTP_SLUGS = {400: "malformed", 404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}

log = logging.getLogger(__name__)


def problem(status: int, slug: str, title: str, detail: str, **more: Any) -> Response:
    """An answer that tells what is wrong."""
    body = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id"),
        **more,
    }
    data = orjson.dumps(_writable(body), option=orjson.OPT_APPEND_NEWLINE)
    return Response(data, status, mimetype="application/problem+json")


def _writable(value: Any) -> Any:
    """What a client sent may be told back to it: halves of surrogate pairs, which are no text, as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list | tuple) else value


def register(app: Flask) -> None:
    """Answer every error as a problem, and log those that are nobody's fault but ours."""
    app.register_error_handler(errors.ServiceError, service_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def service_error(error: errors.ServiceError) -> Response:
    """The answer that the table has for an error."""
    entry = next((entry for entry in TABLE if isinstance(error, entry[0])), None)
    if entry is None:
        return _bug(error)
    _, status, slug, title = entry
    if status == 500:
        log.error("request %s: %s", g.get("request_id"), error.detail)
    more: dict[str, Any] = {}
    if isinstance(error, errors.Invalid):
        more["errors"] = [_fault(fault) for fault in error.faults]
    if isinstance(error, errors.NotFound):
        more |= error.extra
    answer = problem(status, slug, title, error.detail, **more)
    if isinstance(error, errors.Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.UnknownMedia) and error.known:
        answer.headers["Accept"] = ", ".join(error.known)
    return answer


def _fault(fault: errors.Fault) -> dict[str, Any]:
    fields = {"pointer": fault.pointer, "row": fault.row, "column": fault.column}
    return {name: value for name, value in fields.items() if value is not None} | {"detail": fault.detail}


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=dict(error.get_headers()))
    answer = problem(status, HTTP_SLUGS.get(status, "http"), error.name, error.description or error.name)
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _bug(error: Exception) -> Response:
    log.error("request %s failed", g.get("request_id"), exc_info=error)
    return problem(500, "internal", "The service failed", "the service failed; its log says why under this request_id")
