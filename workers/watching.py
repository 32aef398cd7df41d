"""Looks beside the training whether it shall stop, and keeps the lease alive through long epochs."""

import logging
import threading
import time
from collections.abc import Callable

from service.errors import ServiceError
from service.parts import Parts
from service.store import jobs
from service.store.records import JobRecord

LOOK_SECONDS = 1.0  # how often a run looks whether it shall stop, also inside a long epoch
RENEW_SHARE = 0.25  # of the lease, after which it is renewed

log = logging.getLogger(__name__)


class Watch:
    """The thread of one run, and what it has found out; `stop` is what training asks."""

    def __init__(self, parts: Parts, job: JobRecord, should_stop: Callable[[], bool]) -> None:
        self.parts, self.job, self.should_stop = parts, job, should_stop
        self.asked: str | None = None
        self.lost = False
        self.deadline: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {job.id}", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stop(self) -> bool:
        """Asked before every batch."""
        return self.asked is not None or self.lost or self.should_stop() or self.is_overdue()

    def begin(self) -> None:
        """Training begins now: what is left of the job's time limit runs from here."""
        limit = self.job.training["time_limit_seconds"]
        if limit is not None:
            self.deadline = time.monotonic() + limit - self.job.training_seconds

    def is_overdue(self) -> bool:
        """Whether the job's time limit is over."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def _watch(self) -> None:
        lease = self.parts.settings.lease_seconds
        pause = min(LOOK_SECONDS, lease * RENEW_SHARE)
        waited = 0.0
        while not self._over.wait(pause):
            waited += pause
            try:
                self._look(renew=waited >= lease * RENEW_SHARE)
            except ServiceError as error:
                log.warning("%s: %s", self.job.id, error.detail)
                continue
            except Exception:  # the thread must live: it keeps the lease
                log.exception("%s: the watch beside the training failed", self.job.id)
                continue
            if waited >= lease * RENEW_SHARE:
                waited = 0.0

    def _look(self, renew: bool) -> None:
        if renew:
            with self.parts.database.begin() as connection:
                self.lost = not jobs.fenced(connection, self.job, self.parts.settings.lease_seconds)
        with self.parts.database.read() as connection:
            self.asked = jobs.requested(connection, self.job)
