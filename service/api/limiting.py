"""Limits on requests and predictions a second, and the headers that report them.

The headers are those of draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` has a quota `q` and its window `w`,
`RateLimit` what is left of it, `r`, and in how many seconds all of it is back, `t`.
"""

import math
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import cast

from flask import Flask, Response, current_app, g, request

from service.access.limits import LimitBook
from service.access.rates import Kind, Rates, Taken
from service.api.context import principal
from service.definitions.limits import Limits
from service.errors import TooMany
from service.front.environ import admission_of

LIMITER = "service.limiter"  # in a request's environment: that of a request from which something was taken before
BATCH_SECONDS = 3600  # how long the rows of one dataset may keep a tenant from predicting


class Limiter:
    """What a request takes from the rates of its tenant, with the limits that are in force when it begins."""

    __slots__ = ("limits", "rates", "taken", "tenant")

    def __init__(self, limits: Limits, rates: Rates, tenant: int) -> None:
        self.limits, self.rates, self.tenant = limits, rates, tenant
        self.taken: list[Taken] = []

    def take(self, kind: Kind, count: int) -> None:
        """Count requests or predictions; with a count of 0 only ask whether one more is within the limit.

        Raises
        ------
        TooMany
            When the tenant's limit is reached.
        """
        for before in self.taken:
            if before.kind is kind:  # where the request was looked at before, in front of Flask
                self._check(before)
                return
        limits = self.limits
        rate = limits.requests_per_second if kind is Kind.REQUESTS else limits.predictions_per_second
        if not rate:
            return
        taken = self.rates.take(self.tenant, kind, rate, count)
        self.taken.append(taken)
        self._check(taken)

    def may_request(self) -> bool:
        """Return whether a request seems to be within the limit; it is counted later, with its predictions."""
        rate = self.limits.requests_per_second
        return not rate or self.rates.allows(self.tenant, Kind.REQUESTS, rate)

    def take_with_request(self, rows: int) -> None:
        """Count a request and its predictions at once, which takes half as long as one after the other.

        Raises
        ------
        TooMany
            When one of the tenant's limits is reached.
        """
        limits = self.limits
        rates = (Kind.REQUESTS, limits.requests_per_second, 1), (Kind.PREDICTIONS, limits.predictions_per_second, rows)
        wanted = [(kind, rate, count) for kind, rate, count in rates if rate]
        if wanted:
            self.taken = self.rates.take_all(self.tenant, wanted)
            self._check(self.taken[-1])

    @staticmethod
    def _check(taken: Taken) -> None:
        if not taken.is_allowed:
            seconds = max(1, math.ceil(taken.retry_after))
            used = taken.quota - taken.left
            what = f"{taken.quota} {taken.kind.word} in {taken.window} s are this tenant's limit, and {used} are used"
            raise TooMany(f"{what}; try again in {seconds} s", seconds)


def register(app: Flask, book: LimitBook, rates: Rates) -> None:
    """Count each request before its view is called, and report on its answer what is left."""
    app.extensions["limits"] = book
    app.before_request(partial(_count_request, book, rates))
    app.after_request(_report)


def _count_request(book: LimitBook, rates: Rates) -> None:
    """Count a request; the question whether a large body may be read is asked of the same rate, and not counted."""
    if "principal" in g:
        tenant = principal().tenant
        limiter = request.environ.get(LIMITER) or Limiter(book.of(tenant), rates, tenant)
        g.limiter = limiter
        limiter.take(Kind.REQUESTS, 1 if admission_of(request.environ) is None else 0)


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
    cast(Limiter, g.limiter).take(Kind.PREDICTIONS, rows)


def count_batch(rows: int) -> None:
    """Count the rows of a whole dataset, as those of a prediction; of a large one an hour's worth at most."""
    rate = cast(Limiter, g.limiter).limits.predictions_per_second
    count_predictions(min(rows, math.ceil(rate * BATCH_SECONDS)) if rate else rows)


def _report(response: Response) -> Response:
    limiter: Limiter | None = g.get("limiter")
    if limiter is not None and limiter.taken:
        for name, value in headers_of(limiter.taken):
            response.headers.add(name, value)
    return response


def headers_of(taken: Iterable[Taken]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the two headers which report limits."""
    policies = ", ".join([_policy(WORDS[each.kind], each.quota, each.window) for each in taken])
    states = ", ".join([f'"{WORDS[each.kind]}";r={each.left};t={math.ceil(each.back_in)}' for each in taken])
    return ("RateLimit-Policy", policies), ("RateLimit", states)


WORDS = [kind.word for kind in Kind]


@lru_cache(maxsize=1024)
def _policy(word: str, quota: int, window: int) -> str:
    return f'"{word}";q={quota};w={window}'
