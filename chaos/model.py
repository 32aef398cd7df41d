"""The states of a job according to docs/reference.md, in plain Python, for `chaos.machine` to compare with.

Imports nothing of the service. Commands return the status code that the API must answer with.
"""

from dataclasses import dataclass, field
from itertools import count

ENDED = ("succeeded", "failed", "cancelled")
MOST_DEATHS, MOST_LOST = 3, 20
DONE, ALREADY, REFUSED, GONE = 202, 200, 409, 204

places = count(1)


@dataclass
class Expected:
    """A job. `leased` says that a worker owns it; `place` is its place among those of its priority.

    `reported` are the events of kind `status` that there must be: status, requested, attempt.
    """

    id: str
    epochs: int
    priority: int
    pause_at: int | None
    status: str = "queued"
    requested: str | None = None
    leased: bool = False
    place: int = field(default_factory=lambda: next(places))
    attempt: int = 0
    epoch: int | None = None
    deaths: int = 0
    lost: int = 0
    reported: list[tuple[str, str | None, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._report()

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def cancel(self) -> int:
        if self.status == "cancelled" or (self.requested == "cancel" and self.leased):
            return ALREADY
        if self.ended:
            return REFUSED
        return self._request("cancel") if self.leased else self._become("cancelled")

    def pause(self) -> int:
        if self.requested == "cancel" or self.ended:
            return REFUSED
        if self.status == "paused" or (self.requested == "pause" and self.leased):
            return ALREADY
        if self.leased:
            return self._request("pause")
        self.pause_at = None
        return self._become("paused")

    def resume(self) -> int:
        if self.requested == "cancel" or self.ended:
            return REFUSED
        if self.status == "paused":
            self.pause_at, self.place = None, next(places)
            return self._become("queued")
        if self.requested is None and self.pause_at is None:
            return REFUSED
        self.pause_at = None
        return self._request(None)

    def step(self, epochs: int) -> int:
        if self.status != "paused":
            return REFUSED
        self.pause_at, self.place = (self.epoch or 0) + epochs, next(places)
        return self._become("queued")

    def delete(self) -> int:
        return GONE if self.ended else REFUSED

    def claimed(self) -> None:
        self.attempt += 1
        self.leased = True
        self.status = "running"
        self._report()

    def given_up(self) -> None:
        """Apply the release of the job by its worker: a requested command takes effect."""
        if self.requested == "cancel":
            self._become("cancelled")
        elif self.requested == "pause" or self._is_at_its_pause():
            self._become("paused")
        else:
            self._become("queued")

    def died(self, stored: bool, counts: bool) -> None:
        """Apply the death of its worker.

        `stored` says that the attempt had stored progress, `counts` that the death counts as a crash.
        """
        self.deaths, self.lost = (0, 0) if stored else (self.deaths + counts, self.lost + 1)
        if (self.deaths >= MOST_DEATHS or self.lost >= MOST_LOST) and self.requested is None:
            self._become("failed")
        else:
            self.given_up()

    def run_ended(self, epoch: int | None) -> None:
        """Apply the end of a run by itself at an epoch, which decides the job's new state."""
        self.epoch = epoch
        if epoch == self.epochs and self.requested is None:
            self._become("succeeded")
        else:
            self.given_up()

    def _is_at_its_pause(self) -> bool:
        return self.pause_at is not None and self.epoch is not None and self.epoch >= self.pause_at

    def _request(self, request: str | None) -> int:
        self.requested = request
        self._report()
        return DONE

    def _become(self, status: str) -> int:
        self.status, self.requested, self.leased = status, None, False
        self._report()
        return DONE

    def _report(self) -> None:
        self.reported.append((self.status, self.requested, self.attempt))


def next_to_run(jobs: list[Expected]) -> Expected | None:
    """Return the queued job with the highest priority that has waited longest."""
    queued = sorted((-job.priority, job.place) for job in jobs if job.status == "queued")
    return next((job for job in jobs if queued and (-job.priority, job.place) == queued[0]), None)
