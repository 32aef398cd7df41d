"""A worker in a thread of this process that waits before every batch for the next instruction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from service.services import Services
from tests.waiting import wait_until
from workers.run import lease, run

MOVE_SECONDS = 60.0
LOOK_SECONDS = 0.01


class Killed(BaseException):
    """The simulated end of a process in a thread: nothing that is pending is stored."""


class Slices:
    """One run of the first queued job. `go` lets it train some batches; the other methods end it in various ways."""

    def __init__(self, services: Services, worker: str) -> None:
        self.services, self.worker = services, worker
        self.had_a_job: bool | None = None
        self.failure: BaseException | None = None
        self._turn = threading.Condition()
        self._batches = 0
        self._order: str | None = None
        self._waits = self._over = False
        self._watches: list[lease.Lease] = []
        self._thread = threading.Thread(target=self._run, name=worker)

    @property
    def goes_on(self) -> bool:
        """Return whether the run waits before a batch."""
        return self._waits and not self._over

    def begin(self) -> None:
        """Claim a job, if one is queued, and wait before its first batch."""
        self._thread.start()
        self._settle()

    def go(self, batches: int) -> None:
        """Train that many batches, or fewer if the run ends before."""
        with self._turn:
            self._batches, self._waits = batches, False
            self._turn.notify_all()
        self._settle()

    def stop(self) -> None:
        """Stop the run as by SIGTERM: its state is stored and the job released."""
        self._end("stop")

    def die(self) -> None:
        """End the run within a batch as if its process died, without releasing the job."""
        self._end("die")

    def has_looked(self) -> None:
        """Wait until the run has seen all requests made of its job so far."""
        if self.goes_on:
            watch = self._watches[-1]
            before = watch.looks
            wait_until(lambda: watch.looks >= before + 2, MOVE_SECONDS, "two looks of the run's watch", 0.002)

    def _end(self, order: str) -> None:
        with self._turn:
            self._order, self._waits = order, False
            self._turn.notify_all()
        self._thread.join(MOVE_SECONDS)
        assert not self._thread.is_alive(), f"the run did not heed {order}"
        self._check()

    def _settle(self) -> None:
        with self._turn:
            assert self._turn.wait_for(lambda: self._waits or self._over, MOVE_SECONDS), "the run stands still"
        if self._over:
            self._thread.join()
        self._check()

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            with self._watched():
                self.had_a_job = run.run_next_job(self.services, self.worker, self._before_a_batch)
        except Killed:
            self.had_a_job = True
        except BaseException as error:  # raised where the run is moved
            self.failure = error
        finally:
            with self._turn:
                self._over = True
                self._turn.notify_all()

    def _before_a_batch(self) -> bool:
        with self._turn:
            if self._batches == 0 and self._order is None:
                self._waits = True
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._batches > 0 or self._order is not None)
            if self._order == "die":
                raise Killed
            if self._order == "stop":
                return True
            self._batches -= 1
            return False

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Let the run check for requests often, and record the checks, until the block ends."""

        def recorded(*arguments: Any) -> lease.Lease:
            self._watches.append(lease.Lease(*arguments))
            return self._watches[-1]

        with patch.object(lease, "LOOK_SECONDS", LOOK_SECONDS), patch.object(run, "Lease", recorded):
            yield
