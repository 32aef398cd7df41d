"""`X-Request-Timeout: seconds`: a request that has waited for longer is not worth its work any more.

The time counts from the moment at which the server had the request whole, so it holds the wait for a thread. Where it
has passed before the work begins, the answer is 503 and nothing was done.
"""

import math
import time
from collections.abc import Mapping
from typing import Any

from flask import request

from service.errors import Invalid, Unavailable
from service.front.environ import WHOLE_AT

NAME = "X-Request-Timeout"
HEADER = "HTTP_X_REQUEST_TIMEOUT"
PARAMETER = {
    "name": NAME,
    "in": "header",
    "schema": {"type": "number", "exclusiveMinimum": 0},
    "description": "seconds, from the moment the request is read whole, after which it is answered with 503 unless its "
    "work has begun",
}


class TooLate(Unavailable):
    """The request has waited for longer than its client wanted to; nothing was done."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after_seconds=1)


def begin() -> None:
    """Set the moment from which time counts under a server that does not, and check the time until now."""
    if HEADER in request.environ:
        request.environ.setdefault(WHOLE_AT, time.monotonic())
        check(request.environ)


def check(environ: Mapping[str, Any]) -> None:
    """Check, before a part of the work, that the time of the request has not passed.

    Raises
    ------
    TooLate
        When it has passed.
    Invalid
        When the header is not a number of seconds above 0.
    """
    text = environ.get(HEADER)
    if text is None:
        return
    seconds = _seconds(text)
    waited = time.monotonic() - environ.get(WHOLE_AT, math.inf)
    if waited >= seconds:
        raise TooLate(
            f"the request has waited for {waited:.3g} s, and its {NAME} is {seconds:g} s: nothing was done; "
            "send it again when the service has less to do"
        )


def _seconds(text: str) -> float:
    try:
        seconds = float(text) if "_" not in text else math.nan
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise Invalid(f"{NAME} must be a number of seconds above 0, got {text[:40]!r}")
    return seconds
