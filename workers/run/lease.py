"""Looks next to the training whether it is to stop, and renews the lease while the training moves."""

import logging
import os
import threading
import time
from collections.abc import Callable

from service.backprop.training.fingerprint import fingerprint
from service.errors import ServiceError
from service.services import Services
from service.store.jobs import fair_share, jobs
from service.store.records import JobRecord, Request

LOOK_SECONDS = 1.0  # how often a run looks whether it shall stop, also inside a long epoch
RENEW_SHARE = 0.25  # of the lease, after which it is renewed
PATIENCE_SECONDS = 2.0  # for the end of an epoch, before a pause or the end of a turn stops within it
STALLED = 70  # the exit code of a process whose training moves no more

log = logging.getLogger(__name__)


class Fenced(Exception):
    """The job is no longer this run's; whatever it holds must be dropped."""


class Interrupted(Exception):
    """The run is to stop outside training, as its client or its process asks."""


def leave_stalled() -> None:
    """End this process at once, without cleaning up: whatever hangs in it may hold any lock."""
    os._exit(STALLED)


class Lease:
    """Keeps a run's lease in a thread of its own, and finds out what is requested; `stop` is what training asks."""

    def __init__(
        self,
        services: Services,
        job: JobRecord,
        should_stop: Callable[[], bool],
        leave: Callable[[], None] = leave_stalled,
    ) -> None:
        self.services, self.job, self.should_stop, self.leave = services, job, should_stop, leave
        self.asked: Request | None = None
        self.turn_is_over = False
        self._turn_by: float | None = None
        self.lost = False
        self.deadline: float | None = None
        self.batches = 0
        self.looks = 0
        self._pause_by: float | None = None
        self._moved: tuple[int, float] | None = None  # the batches at the last look, and when they had changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {job.id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stop(self) -> bool:
        """Whether to stop before the next batch. A pause waits a little for the epoch's end: no work is done twice."""
        self.batches += 1
        if self.asked == Request.PAUSE and self._pause_by is not None and time.monotonic() < self._pause_by:
            return self.lost or self.should_stop() or self.is_overdue()
        return self.asked is not None or self.lost or self.should_stop() or self.is_overdue()

    def check(self) -> None:
        """Raise `Interrupted` when the run is to stop; called outside training, between blocks of rows or bytes."""
        if self.stop():
            raise Interrupted

    def begin(self, spent_seconds: float = 0.0) -> None:
        """Start the job's time limit, less what it has used: training begins now, `spent_seconds` into its epoch."""
        self._moved = (self.batches, time.monotonic())
        limit = self.job.training.time_limit_seconds
        if limit is not None:
            self.deadline = time.monotonic() + limit - self.job.training_seconds - spent_seconds

    def reason(self) -> str:
        """Why the run stops: `cancel`, `pause`, `time_limit`, `turn` or `stop`; `Fenced` when the job is another's."""
        if self.lost:
            raise Fenced
        return self.asked or ("time_limit" if self.is_overdue() else "turn" if self.turn_is_over else "stop")

    @property
    def leaves_within(self) -> bool:
        """Whether others have waited for this run's turn to be over long enough: the epoch's end is too far."""
        return self._turn_by is not None and time.monotonic() > self._turn_by

    @property
    def goes_on_elsewhere(self) -> bool:
        """Whether the job, when the run stops now, is to go on later from where it stands."""
        return not (self.lost or self.asked == Request.CANCEL or self.is_overdue())

    def end(self) -> None:
        """Training is over: what comes now has no batches, and its time is not limited."""
        self._moved = self.deadline = None

    def is_overdue(self) -> bool:
        """Whether the job's time limit is over."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def _renew(self) -> None:
        lease = self.services.settings.lease_seconds
        pause = min(LOOK_SECONDS, lease * RENEW_SHARE)
        waited = 0.0
        while not self._over.wait(pause):
            waited += pause
            self._check_moving()
            try:
                self._look(renew=waited >= lease * RENEW_SHARE)
            except ServiceError as error:
                log.warning("%s: %s", self.job.id, error.detail)
                continue
            except Exception:  # the thread has to go on: it renews the lease
                log.exception("%s: the thread next to the training failed", self.job.id)
                continue
            if waited >= lease * RENEW_SHARE:
                waited = 0.0

    def _check_moving(self) -> None:
        """End the process when training makes no progress; its parent then gives the job back."""
        moved, now = self._moved, time.monotonic()
        if moved is None:
            return
        if self.batches != moved[0]:
            self._moved = (self.batches, now)
        elif now - moved[1] > self.services.settings.stall_seconds:
            log.critical("%s: no batch for %.0f s; the process ends itself", self.job.id, now - moved[1])
            self.leave()

    def _look(self, renew: bool) -> None:
        settings = self.services.settings
        if renew:
            with self.services.database.begin() as connection:
                self.lost = not jobs.fenced(connection, self.job, settings.lease_seconds)
        with self.services.database.read() as connection:
            asked = jobs.requested(connection, self.job)
            self.turn_is_over = fair_share.is_over(
                connection, self.job, settings.turn_seconds, fingerprint(settings.kernels)
            )
        self.looks += 1
        if not self.turn_is_over:
            self._turn_by = None
        elif self._turn_by is None:
            self._turn_by = time.monotonic() + PATIENCE_SECONDS
        if asked == Request.PAUSE and self.asked != Request.PAUSE:
            self._pause_by = time.monotonic() + PATIENCE_SECONDS
        self.asked = asked
