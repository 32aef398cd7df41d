"""Answers that the server gives itself, as RFC 9457 `application/problem+json` like those of the application."""

import json
from http import HTTPStatus

from service.front.environ import Environ
from service.web.request_ids import ENVIRON, request_id_of
from service.web.security_headers import usual_headers

TYPES = {
    400: "malformed",
    408: "too-slow",
    413: "too-large",
    417: "http",
    431: "http",
    500: "internal",
    503: "queue-full",
    507: "out-of-space",
}
TITLES = {
    400: "The request cannot be read",
    408: "Too slow",
    413: "Too large",
    500: "The service failed",
    503: "Too much is waiting",
    507: "The disk is full",
}
# what the application's own answers say to browsers, too; no page may show these in a frame
SECURITY = "".join(f"{name}: {value}\r\n" for name, value in usual_headers("'none'").items())


class Refused(Exception):
    """A request that is answered by the server; `detail` is a sentence for the client."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def answer_of(refused: Refused, date: bytes, environ: Environ | None) -> bytes:
    """Return the whole answer to a request, None for what has not become one; the connection ends with it."""
    status, request_id = refused.status, request_id_of((environ or {}).get(ENVIRON, ""))
    phrase = HTTPStatus(status).phrase
    problem = {
        "type": f"/problems/{TYPES[status]}",
        "title": TITLES.get(status, phrase),
        "status": status,
        "detail": refused.detail,
        "request_id": request_id,
    }
    body = json.dumps(problem).encode() + b"\n"
    again = "Retry-After: 1\r\n" if status == 503 else ""
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n{SECURITY}{again}Connection: close\r\n"
    )
    return head.encode() + date + b"\r\n" + body
