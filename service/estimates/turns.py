"""When a new job starts and ends, from the jobs and predictions that wait and run now."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest

from service.config import Settings
from service.estimates.answers import QueueAnswer
from service.estimates.known import KnownShapes
from service.estimates.queue import Playback, Task, TenantShare, Turn
from service.estimates.rates import Rates
from service.store.database import Connection
from service.store.outlook import Competition, Fleet, Share, Waiting
from service.store.records import JobRecord

UNKNOWN_SECONDS = 10.0  # of a job of which nothing is known, where nothing is known of any other
HOLD = "it pauses at epoch 0 until it is resumed, as `hold` says"
NO_WORKER = "no worker is alive"
LONGEST = timedelta(days=36_500)  # further times are not written

SecondsOf = Callable[[Waiting], float]


def queue_answer(competition: Competition, fleet: Fleet, job: JobRecord, turn: Turn | None) -> QueueAnswer:
    """Describe where a job would stand in the queue, and when it would start and end."""
    now, holds = datetime.now(UTC), job.pause_at is not None
    reason = fleet.waits_for or (NO_WORKER if turn is None else HOLD if holds else None)
    return {
        "position": competition.ahead + 1,
        "workers": fleet.alive,
        "running": len(competition.running),
        "starts_in_seconds": None if turn is None else turn.start,
        "starts_at": None if turn is None else _after(now, turn.start),
        "ends_at": None if turn is None or holds else _after(now, turn.end),
        "reason": reason,
    }


def _after(now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds < LONGEST.total_seconds() else None


def turn_of(
    competition: Competition, fleet: Fleet, settings: Settings, job: JobRecord, seconds: float, seconds_of: SecondsOf
) -> Turn | None:
    """Return when a job that takes so many seconds starts and ends; None while no worker begins jobs."""
    if not fleet.alive:
        return None
    shares = {
        tenant: TenantShare(share.passed, share.weight, _most(share, settings))
        for tenant, share in competition.shares.items()
    }
    for tenant, share in shares.items():
        theirs = [each for each in competition.waiting if each.tenant == tenant]
        own = _with_mine(competition, job, seconds, theirs, seconds_of) if tenant == job.tenant else None
        share.queue = _in_turn(own if own is not None else _tasks(_jobs(theirs), seconds_of), theirs, seconds_of)
    now = max(share.claimed for share in competition.shares.values())
    playback = Playback(fleet.alive, settings.turn_seconds, shares, now)
    for each in competition.running:
        left = _left_of_turn(each, settings.turn_seconds) if competition.waiting else settings.turn_seconds
        playback.run(Task(each.tenant, seconds_of(each)), 0.0, left)
    return playback.play()


def _most(share: Share, settings: Settings) -> int:
    return settings.tenant_running_jobs if share.most is None else share.most


def _left_of_turn(running: Waiting, turn_seconds: float) -> float:
    """Return after how many seconds a running task makes room, for others that have waited for a while."""
    if running.claimed_at is None:
        return turn_seconds
    return max(0.0, turn_seconds - (datetime.now(UTC) - running.claimed_at).total_seconds())


def _jobs(waiting: Sequence[Waiting]) -> list[Waiting]:
    return [each for each in waiting if each.number is not None]


def _tasks(waiting: Sequence[Waiting], seconds_of: SecondsOf) -> list[Task]:
    return [Task(each.tenant, seconds_of(each)) for each in waiting]


def _with_mine(
    competition: Competition, job: JobRecord, seconds: float, theirs: Sequence[Waiting], seconds_of: SecondsOf
) -> list[Task]:
    """Return the tasks of the job's own tenant with the job among them, behind all of its priority."""
    before = _tasks([each for each in _jobs(theirs) if each.priority >= job.priority], seconds_of)
    after = _tasks([each for each in _jobs(theirs) if each.priority < job.priority], seconds_of)
    unlisted = competition.ahead - len(before)
    if unlisted > 0:  # the queue is longer than what was read of it
        mean = sum(task.seconds for task in before) / len(before) if before else UNKNOWN_SECONDS
        before.append(Task(job.tenant, unlisted * mean))
    return [*before, Task(job.tenant, seconds, is_mine=True), *after]


def _in_turn(jobs: Sequence[Task], waiting: Sequence[Waiting], seconds_of: SecondsOf) -> deque[Task]:
    """Return a tenant's tasks as they are claimed: a job and a prediction in turn, where both wait."""
    predictions = _tasks([each for each in waiting if each.number is None], seconds_of)
    return deque(task for task in chain.from_iterable(zip_longest(jobs, predictions)) if task is not None)


def seconds_of_all(connection: Connection, competition: Competition, rates: Rates, known: KnownShapes) -> SecondsOf:
    """Return a function of the seconds that are left of what waits and runs.

    They follow from a rate where there is one, else from the job's row as for a new job, else from the mean of the
    others.
    """
    every = (*competition.running, *competition.waiting)
    numbers = [each.number for each in every if each.left_seconds is None and each.number is not None]
    shapes = known.of(connection, numbers, rates.machine)
    found: dict[Waiting, float] = {}
    for each in every:
        if each.left_seconds is not None:
            found[each] = each.left_seconds
        elif each.number in shapes:
            seconds = rates.roughly(shapes[each.number])
            found[each] = each.left_epochs * seconds.epoch + seconds.others
    mean = sum(found.values()) / len(found) if found else UNKNOWN_SECONDS
    return lambda waiting: found.get(waiting, mean)
