"""Waiting for an outcome with a deadline, so that no test sleeps for one."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T], seconds: float = 10.0, what: str = "the condition", poll_seconds: float = 0.02
) -> T:
    """Ask `condition` until it answers something true and return that; `AssertionError` naming `what` after `seconds`.

    The condition is asked at least once, and once more after the deadline, so a slow machine is not called a failure.
    """
    deadline = time.monotonic() + seconds
    while True:
        last = time.monotonic() >= deadline
        value = condition()
        if value:
            return value
        if last:
            raise AssertionError(f"waited {seconds:g} seconds in vain for {what}; last answer: {value!r}")
        time.sleep(poll_seconds)
