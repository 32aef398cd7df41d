"""A client that submits jobs at an even pace, pauses, steps, resumes and cancels some of them, and reads all."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.client import Client

POLL_SECONDS = 0.1
ENDED = frozenset({"succeeded", "failed", "cancelled"})
# how many of a hundred jobs are submitted with `hold`, paused while they run, or cancelled
HELD, PAUSED, CANCELLED = 10, 10, 6
LATEST_MOVE_SECONDS = 1.0


@dataclass(frozen=True)
class Move:
    """A command to a job, to be sent at a given time of the load."""

    at: float
    job: str
    verb: str
    body: Any = None


class Load(threading.Thread):
    """Submits `jobs` jobs of random kinds within `seconds`, then reads until all have ended.

    `prefix` distinguishes the keys of several loads.
    """

    def __init__(
        self, client: Client, kinds: Mapping[str, dict[str, Any]], jobs: int, seconds: float, seed: str, prefix: str
    ) -> None:
        super().__init__(name=f"load {prefix}", daemon=True)
        self.client, self.kinds, self.jobs, self.seconds, self.prefix = client, kinds, jobs, seconds, prefix
        self.chance = random.Random(f"{seed} {prefix}")
        self.counts: Counter[str] = Counter()
        self.unfinished: list[str] = []
        self.error: BaseException | None = None
        self._moves: list[Move] = []
        self._over = threading.Event()

    def run(self) -> None:
        try:
            self._submit_all()
            self._drain()
        except BaseException as error:
            self.error = error

    def finish(self, seconds: float) -> None:
        """Wait until all jobs have ended, or none has for `seconds`; raise what the load's thread raised."""
        left, since = -1, time.monotonic()
        while self.is_alive() and time.monotonic() - since < seconds:
            self.join(POLL_SECONDS)
            if left != len(self.unfinished):
                left, since = len(self.unfinished), time.monotonic()
        if self.is_alive():
            self._over.set()
            self.client.cancelled.set()
            self.join()
        if self.error is not None:
            raise self.error

    def _submit_all(self) -> None:
        began = time.monotonic()
        for number in range(self.jobs):
            due = began + self.seconds * number / self.jobs
            while time.monotonic() < due and not self._over.is_set():
                self._move_what_is_due()
                self._over.wait(min(POLL_SECONDS, max(0.0, due - time.monotonic())))
            if self._over.is_set():
                return
            self._submit(number)

    def _submit(self, number: int) -> None:
        name = self.chance.choice(list(self.kinds))
        fate = self.chance.randrange(100)
        held = fate < HELD
        job = self.client.submit({**self.kinds[name], "hold": held}, f"{self.prefix} {number}")
        if job is None:
            self.counts["unacknowledged"] += 1
            return
        self.unfinished.append(job)
        soon = time.monotonic() + self.chance.uniform(0, LATEST_MOVE_SECONDS)
        if held:
            self._moves.append(Move(soon, job, "step", {"epochs": self.chance.randint(1, 5)}))
        elif fate < HELD + PAUSED:
            self._moves.append(Move(soon, job, "pause"))
        elif fate < HELD + PAUSED + CANCELLED:
            self._moves.append(Move(soon, job, "cancel"))

    def _move_what_is_due(self) -> None:
        now = time.monotonic()
        for move in [move for move in self._moves if move.at <= now]:
            self._moves.remove(move)
            status = self.client.move(move.job, move.verb, move.body)
            self.counts[f"{move.verb}: {status}"] += 1

    def _drain(self) -> None:
        """Read all jobs that have not ended and resume those that are paused, until none is left."""
        while self.unfinished and not self._over.is_set():
            self._move_what_is_due()
            for job in list(self.unfinished):
                self._look(job)
            self._over.wait(POLL_SECONDS)

    def _look(self, job: str) -> None:
        described = self.client.read(job)
        if described is None:
            return
        if described["status"] in ENDED:
            self.unfinished.remove(job)
        elif described["status"] == "paused":
            self.client.move(job, "resume")
