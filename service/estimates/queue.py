"""Simulates the queue to find when a job starts and ends, as the workers are shared among tenants.

The rules are those of `service.store.jobs.shares` (the tenant with the lowest pass is first) and
`service.store.jobs.fair_share` (what has run for a turn makes room while others wait), without what this cannot know:
jobs that are yet to be submitted, and which of several workers notices first.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_TURNS = 5_000  # after so many the rest is divided among the workers


@dataclass
class Task:
    """A job or a prediction with the seconds that are left of it; `is_mine` marks the one that is asked about."""

    tenant: int
    seconds: float
    is_mine: bool = False


@dataclass
class TenantShare:
    """A tenant's place among those that share the workers; `most` is how many of its tasks may run at once, 0 for all.

    `queue` has its tasks in the order in which they are claimed.
    """

    passed: float
    weight: float
    most: int
    running: int = 0
    queue: deque[Task] = field(default_factory=deque)

    @property
    def may_run(self) -> bool:
        return bool(self.queue) and (self.most == 0 or self.running < self.most)


@dataclass(frozen=True)
class Turn:
    """When a task that is asked about starts and ends, in seconds from now."""

    start: float
    end: float


class Playback:
    """Simulates the queue from now on.

    Parameters
    ----------
    places
        How many tasks run at once.
    turn_seconds
        How long a task runs before it makes room for what waits.
    now
        The virtual time: where the task that was claimed last began.
    """

    def __init__(self, places: int, turn_seconds: float, shares: dict[int, TenantShare], now: float) -> None:
        self.places, self.turn_seconds, self.shares, self.now = places, turn_seconds, shares, now
        self._ends: list[tuple[float, int, Task]] = []  # when the place of a running task becomes free
        self._count = 0

    def run(self, task: Task, from_now: float, turn_left: float) -> None:
        """Let a task run that has a place; it makes room after the rest of its turn if others wait."""
        seconds = min(task.seconds, turn_left) if self._others_wait() else task.seconds
        task.seconds -= seconds
        self.shares[task.tenant].running += 1
        self._count += 1
        heapq.heappush(self._ends, (from_now + seconds, self._count, task))

    def _others_wait(self) -> bool:
        return any(share.queue for share in self.shares.values())

    def play(self) -> Turn:
        """Return when the task that is asked about, which is in a queue, starts and ends."""
        clock, start = 0.0, None
        for _ in range(MOST_TURNS):
            while len(self._ends) < self.places and (task := self._claim()) is not None:
                if task.is_mine and start is None:
                    start = clock
                if task.is_mine and task.seconds <= 0:
                    return Turn(clock, clock)
                self.run(task, clock, self.turn_seconds)
            clock, _, ended = heapq.heappop(self._ends)
            self.shares[ended.tenant].running -= 1
            if ended.seconds > 0:
                self.shares[ended.tenant].queue.append(ended)
            elif ended.is_mine:
                return Turn(clock if start is None else start, clock)
        return self._rest(clock, start)

    def _claim(self) -> Task | None:
        """Take the first task of the tenant whose turn it is; None when nothing may run."""
        able = [(share.passed, tenant) for tenant, share in self.shares.items() if share.may_run]
        if not able:
            return None
        share = self.shares[min(able)[1]]
        self.now = max(self.now, share.passed)
        share.passed = self.now + 1.0 / share.weight
        return share.queue.popleft()

    def _rest(self, clock: float, start: float | None) -> Turn:
        """Return the times if all that is left is divided among the places."""
        tasks: Iterable[Task] = (task for share in self.shares.values() for task in share.queue)
        end = clock + sum(task.seconds for task in tasks) / max(1, self.places)
        return Turn(end if start is None else start, end)
