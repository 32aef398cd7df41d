"""Waiting until something has ended: the service holds the answers, so little is asked."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from backprop_client.errors import JobFailed, WaitTimeout
from backprop_client.http import Transport
from backprop_client.types import ENDED

T = TypeVar("T", bound=Mapping[str, Any])

HELD_SECONDS = 30.0
SETTLED = ENDED | {"paused"}


def until_settled(
    transport: Transport,
    path: str,
    known: T | None,
    timeout: float | None,
    progress: Callable[[T], object] | None,
    every: float,
) -> T:
    """Ask for what is at `path` until it has ended or is paused; return it.

    Parameters
    ----------
    known
        What is known of it already.
    timeout
        Seconds after which `WaitTimeout` is raised; None waits for ever.
    progress
        Called with each answer, every `every` seconds or so.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        asked_at = time.monotonic()
        left = HELD_SECONDS if deadline is None else max(0.0, deadline - asked_at)
        held = min(HELD_SECONDS if progress is None else every, left)
        if known is None:
            known = transport.send("GET", path, wait=held if held >= 0.1 else None).json()
            if progress is not None:
                progress(known)
        if known["status"] in SETTLED:
            return known
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeout(f"{known['id']} is still {known['status']} after {timeout:g} s; it goes on")
        known = None
        # the service answers at once when too many requests wait, so the rest of the time is waited for here
        time.sleep(max(0.0, min(every, held) - (time.monotonic() - asked_at)))


def checked(ended: T) -> T:
    """Return what has ended well or is paused; raise `JobFailed` otherwise."""
    if ended["status"] in ("failed", "cancelled"):
        raise JobFailed(ended)
    return ended
