"""Whether a failed request is sent again, and after which pause."""

import random
import re

import urllib3
from urllib3.util import Retry

from backprop_client.errors import BackpropError, Problem

FIRST_PAUSE_SECONDS = 0.5
MOST_PAUSE_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0  # a longer one is left to the caller, who finds it in the exception
AGAIN = frozenset({429, 502, 503, 504})
UNDER_WAY = re.compile("Idempotency-Key is still under way")


def pause_before_next(failure: BackpropError, attempt: int, may_repeat: bool) -> float | None:
    """Return the seconds after which the request is sent again, or None if it is not.

    Parameters
    ----------
    attempt
        How many attempts came before the one that failed.
    may_repeat
        Whether the request may be sent twice; otherwise it is only repeated if no connection was made.
    """
    if not may_repeat and not never_left(failure):
        return None
    if not isinstance(failure, Problem):
        return _growing(attempt)
    lost = attempt > 0 and failure.status == 409 and UNDER_WAY.search(failure.detail) is not None
    if failure.status not in AGAIN and not lost:
        return None
    if failure.retry_after is None:
        return _growing(attempt)
    return failure.retry_after if failure.retry_after <= LONGEST_RETRY_AFTER_SECONDS else None


def never_left(failure: BackpropError) -> bool:
    """Return whether no connection was made, so that nothing of the request was sent."""
    return isinstance(failure.__cause__, urllib3.exceptions.NewConnectionError)


def _growing(attempt: int) -> float:
    """Return a pause that doubles with each attempt, within a quarter more or less, so that clients spread out."""
    pause = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 (nothing secret)


def retry_after_of(header: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, which has a number or a date; None for one that cannot be read."""
    if header is None:
        return None
    try:
        return Retry().parse_retry_after(header)
    except urllib3.exceptions.InvalidHeader:
        return None
