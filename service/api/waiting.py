"""Delays an answer until a job has ended or is paused.

Waits and event streams of a process share one limit. Fewer of them may be waits, as each occupies a thread.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from flask import request

from service.api.preferences import apply, preferred, withdraw
from service.errors import Invalid
from service.front.environ import client_of
from service.services import Services
from service.store.jobs import jobs
from service.store.records import Status

MAX_WAIT_SECONDS = 60.0
FIRST_LOOK_SECONDS = 0.005
LONGEST_LOOK_SECONDS = 0.1
LONGER = 1.1  # how much each sleep is longer than the one before: the answer is late by a tenth of the wait at most


class Places:
    """A limit on how many requests of one process do something at once; a place may be one `among` those of others."""

    def __init__(self, most: int, among: "Places | None" = None) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._among = among

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Occupy a place until the end of the block if one is free; yield whether one was."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            with self._among.place() if self._among is not None else nullcontext(True) as got:
                yield got
        finally:
            self._places.release()


class Waits(Places):
    """A limit on the waits of one process; beyond it requests are answered without waiting."""

    def until_settled(
        self,
        services: Services,
        id: str,
        seconds: float,
        is_valid: Callable[[], bool],
        read_status: Callable[[Services, str], Status] | None = None,
    ) -> Status:
        """Wait up to `seconds` until the job of that id has ended or is paused; return its status.

        A wait ends when its client has gone, and when its key `is_valid` no longer. `read_status` is given for what is
        no job.
        """
        read = read_status or _status
        with self.place() as waits:
            if not waits:
                withdraw()
            deadline = time.monotonic() + (seconds if waits else 0.0)
            pause = FIRST_LOOK_SECONDS
            client = client_of(request.environ)
            while not is_settled(status := read(services, id)) and time.monotonic() < deadline:
                if client.gone or not is_valid():
                    break
                time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
                pause = min(pause * LONGER, LONGEST_LOOK_SECONDS)
            return status


def is_settled(status: Status) -> bool:
    """Return whether a job in this state remains in it until a client sends a command."""
    return status.ended or status is Status.PAUSED


def _status(services: Services, job_id: str) -> Status:
    with services.database.read() as connection:
        return jobs.status_of(connection, job_id)


def requested_wait_seconds() -> float:
    """Read `?wait=N`, or without it `Prefer: wait=N`: seconds, at most 60; 0 without either.

    A preference that is no number of seconds is ignored, as RFC 7240 has it; a parameter is refused.
    """
    text = request.args.get("wait")
    if text is not None:
        seconds = _seconds(text)
        if seconds is None:
            raise Invalid.at("?wait", f"must be a number of seconds, got {text[:40]!r}")
        return min(seconds, MAX_WAIT_SECONDS)
    wanted = preferred("wait")
    seconds = None if wanted is None else _seconds(wanted)
    if seconds is None:
        return 0.0
    seconds = min(seconds, MAX_WAIT_SECONDS)
    apply(f"wait={seconds:g}")
    return seconds


def _seconds(text: str) -> float | None:
    """Return the number of seconds that a text is; None for any other text."""
    try:
        seconds = float(text) if "_" not in text else -1.0
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
