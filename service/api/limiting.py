"""Limits on requests and predictions a second, and the headers that report them.

The headers are those of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` has a quota `q` and its window `w`,
`RateLimit` what is left of it, `r`, and in how many seconds all of it is back, `t`.
"""

import math
from typing import cast

from flask import Flask, Response, current_app, g, request

from service.access.limits import LimitBook
from service.access.rates import Kind, Rates, Taken
from service.api.context import principal
from service.definitions.limits import Limits
from service.errors import TooMany
from service.front.environ import admission_of


def register(app: Flask) -> None:
    """Count each request before its view is called, and report on its answer what is left."""
    app.before_request(_count_request)
    app.after_request(_report)


def _count_request() -> None:
    if "principal" in g and admission_of(request.environ) is None:
        _take(Kind.REQUESTS, 1)


def see_changes() -> None:
    """Let the next request of this process see limits that this one has changed."""
    cast(LimitBook, current_app.extensions["limits"]).changes.look_again()


def count_predictions(rows: int) -> None:
    """Count the rows of a prediction before they are computed.

    Raises
    ------
    TooMany
        When the tenant's limit is reached.
    """
    _take(Kind.PREDICTIONS, rows)


def _take(kind: Kind, count: int) -> None:
    tenant = principal().tenant
    if "limits" not in g:  # asked for once in a request
        g.limits = cast(LimitBook, current_app.extensions["limits"]).of(tenant)
    limits: Limits = g.limits
    rate = limits.requests_per_second if kind is Kind.REQUESTS else limits.predictions_per_second
    if not rate:
        return
    taken = cast(Rates, current_app.extensions["rates"]).take(tenant, kind, rate, count)
    g.setdefault("rates", []).append(taken)
    if not taken.is_allowed:
        seconds = max(1, math.ceil(taken.retry_after))
        used = taken.quota - taken.left
        what = f"{taken.quota} {kind.word} in {taken.window} s are this tenant's limit, and {used} are used"
        raise TooMany(f"{what}; try again in {seconds} s", seconds)


def _report(response: Response) -> Response:
    taken: list[Taken] = g.get("rates", [])
    if taken:
        response.headers["RateLimit-Policy"] = ", ".join(policy(each) for each in taken)
        response.headers["RateLimit"] = ", ".join(state(each) for each in taken)
    return response


def policy(taken: Taken) -> str:
    """Return the item of `RateLimit-Policy` for a limit."""
    return f'"{taken.kind.word}";q={taken.quota};w={taken.window}'


def state(taken: Taken) -> str:
    """Return the item of `RateLimit` for a limit."""
    return f'"{taken.kind.word}";r={taken.left};t={math.ceil(taken.back_in)}'
