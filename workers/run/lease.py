"""A thread that renews the lease of a run while training makes progress, and finds out whether it is to stop."""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from service import logs
from service.backprop.training.fingerprint import fingerprint
from service.errors import ServiceError
from service.services import Services
from service.store.claims import Claimed
from service.store.database import Connection
from service.store.jobs import fair_share, jobs
from service.store.records import JobRecord, Request

ASK_SECONDS = 0.03  # how often the database is asked for a client's request, also within a long epoch
LOOK_SECONDS = 1.0  # how often it is asked whether other jobs wait, and how often progress is checked
RENEW_SHARE = 0.25  # of the lease, after which it is renewed
PATIENCE_SECONDS = 2.0  # how long a pause or the end of a turn waits for the end of the epoch
STALLED = 70  # the exit code of a process whose training makes no progress

log = logging.getLogger(__name__)


class Fenced(Exception):
    """Another run owns the job; everything this run has not written must be dropped."""


class Interrupted(Exception):
    """The run is to stop outside training, as a client or the worker process requests."""


class Ownership(Protocol):
    """What says who owns a job or a prediction: the functions of `jobs` for one, and of `runs` for the other."""

    def fenced(self, connection: Connection, held: Any, lease_seconds: float, /) -> bool: ...

    def requested(self, connection: Connection, held: Any, /) -> Request | None: ...


def leave_stalled() -> None:
    """End this process at once without cleaning up, as the thread that hangs may hold any lock."""
    os._exit(STALLED)


class Lease:
    """Renews a run's lease in a thread of its own, and finds out what clients request of the job or prediction.

    Training calls `stop` before each batch, a prediction before each block of rows.
    """

    def __init__(
        self,
        services: Services,
        job: Claimed,
        should_stop: Callable[[], bool],
        leave: Callable[[], None] = leave_stalled,
        ownership: Ownership = jobs,
    ) -> None:
        self.services, self.job, self.should_stop, self.leave = services, job, should_stop, leave
        self.ownership = ownership
        self.asked: Request | None = None
        self.turn_is_over = False
        self._turn_by: float | None = None
        self.lost = False
        self.is_out_of_space = False  # the run is to stop, as a disk is nearly full
        self.deadline: float | None = None
        self.batches = 0
        self.looks = 0
        self._pause_by: float | None = None
        self._moved: tuple[int, float] | None = None  # the batches at the last check, and when that count had changed
        self._over = threading.Event()
        self._thread = threading.Thread(target=logs.with_ids(self._renew), name=f"lease {job.id}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stop(self) -> bool:
        """Return whether to stop before the next batch.

        A pause waits `PATIENCE_SECONDS` for the end of the epoch, which saves computing its beginning again.
        """
        self.batches += 1
        if self.asked == Request.PAUSE and self._pause_by is not None and time.monotonic() < self._pause_by:
            return self._must_stop()
        return self.asked is not None or self._must_stop()

    def _must_stop(self) -> bool:
        return self.lost or self.is_out_of_space or self.should_stop() or self.is_overdue()

    def check(self) -> None:
        """Raise `Interrupted` when the run is to stop; called outside training, between blocks of rows or bytes."""
        if self.stop():
            raise Interrupted

    def begin(self, spent_seconds: float = 0.0) -> None:
        """Start the job's time limit, less the time that it has used; `spent_seconds` were spent on its next epoch."""
        self._moved = (self.batches, time.monotonic())
        if isinstance(self.job, JobRecord) and (limit := self.job.training.time_limit_seconds) is not None:
            self.deadline = time.monotonic() + limit - self.job.training_seconds - spent_seconds

    def reason(self) -> str:
        """Return why the run stops: `cancel`, `pause`, `time_limit`, `turn`, `space` or `stop`.

        Raises
        ------
        Fenced
            When another run owns the job.
        """
        if self.lost:
            raise Fenced
        if self.asked is not None or self.is_overdue():
            return self.asked or "time_limit"
        return "turn" if self.turn_is_over else "space" if self.is_out_of_space else "stop"

    @property
    def must_make_room(self) -> bool:
        """Whether the run's turn ended `PATIENCE_SECONDS` ago, so that it stops within the epoch for other jobs."""
        return self._turn_by is not None and time.monotonic() > self._turn_by

    @property
    def is_to_be_resumed(self) -> bool:
        """Whether the job, when the run stops now, may be resumed later from its current state."""
        return not (self.lost or self.asked == Request.CANCEL or self.is_overdue())

    def end(self) -> None:
        """Stop checking for progress and for the time limit, as training has ended."""
        self._moved = self.deadline = None

    def is_overdue(self) -> bool:
        """Return whether the job's time limit is exceeded."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def _renew(self) -> None:
        renew_seconds = self.services.settings.lease_seconds * RENEW_SHARE
        look_seconds = min(LOOK_SECONDS, renew_seconds)
        looked = renewed = time.monotonic()
        answers = True
        while not self._over.wait(min(ASK_SECONDS, look_seconds)):
            now = time.monotonic()
            self._look_at_disk()
            if now - looked < look_seconds:
                if answers:  # otherwise the next look is the next attempt
                    answers = self._answers(self._ask)
                continue
            looked = now
            self._check_moving()
            renews = now - renewed >= renew_seconds
            answers = self._answers(partial(self._look, renew=renews))
            if answers and renews:
                renewed = now

    def _look_at_disk(self) -> None:
        try:
            self.is_out_of_space = self.services.space.is_short()
        except OSError:
            log.exception("the free space of the disk is not known")

    def _answers(self, question: Callable[[], None]) -> bool:
        """Ask the database something; return False, and log why, when it does not answer."""
        try:
            question()
        except ServiceError as error:
            log.warning("the lease is not renewed: %s", error.detail)
            return False
        except Exception:  # the thread must continue: it renews the lease
            log.exception("renewing the lease failed")
            return False
        return True

    def _check_moving(self) -> None:
        """End the process when training makes no progress; other workers then release the job."""
        moved, now = self._moved, time.monotonic()
        if moved is None:
            return
        if self.batches != moved[0]:
            self._moved = (self.batches, now)
        elif now - moved[1] > self.services.settings.stall_seconds:
            log.critical("no batch for %.0f s; the process ends itself", now - moved[1])
            self.leave()

    def _look(self, renew: bool) -> None:
        settings = self.services.settings
        if renew:
            with self.services.database.begin() as connection:
                self.lost = not self.ownership.fenced(connection, self.job, settings.lease_seconds)
        with self.services.database.read() as connection:
            asked = self.ownership.requested(connection, self.job)
            mine, most = fingerprint(settings.kernels), settings.tenant_running_jobs
            self.turn_is_over = fair_share.is_over(connection, self.job, settings.turn_seconds, mine, most)
        self.looks += 1
        if not self.turn_is_over:
            self._turn_by = None
        elif self._turn_by is None:
            self._turn_by = time.monotonic() + PATIENCE_SECONDS
        self._set_asked(asked)

    def _ask(self) -> None:
        with self.services.database.read() as connection:
            asked = self.ownership.requested(connection, self.job)
        self._set_asked(asked)

    def _set_asked(self, asked: Request | None) -> None:
        if asked == Request.PAUSE and self.asked != Request.PAUSE:
            self._pause_by = time.monotonic() + PATIENCE_SECONDS
        self.asked = asked
