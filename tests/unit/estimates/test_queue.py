"""The queue played through."""

from collections import deque

import pytest

from service.estimates.queue import MOST_TURNS, Playback, Task, TenantShare, Turn

ME, OTHER = 1, 2


def share(*seconds: float, mine: float | None = None, **more: float) -> TenantShare:
    tasks = deque(Task(OTHER, each) for each in seconds)
    if mine is not None:
        tasks = deque([*(Task(ME, each) for each in seconds), Task(ME, mine, is_mine=True)])
    return TenantShare(more.get("passed", 0.0), more.get("weight", 1.0), int(more.get("most", 0)), queue=tasks)


def play(places: int, shares: dict[int, TenantShare], *running: Task, turn_seconds: float = 60.0) -> Turn:
    playback = Playback(places, turn_seconds, shares, 0.0)
    for task in running:
        playback.run(task, 0.0, turn_seconds)
    return playback.play()


def test_a_job_alone_starts_at_once() -> None:
    assert play(1, {ME: share(mine=5.0)}) == Turn(0.0, 5.0)


def test_a_job_starts_after_those_before_it() -> None:
    assert play(1, {ME: share(10.0, 20.0, mine=5.0)}) == Turn(30.0, 35.0)
    assert play(2, {ME: share(10.0, 20.0, mine=5.0)}) == Turn(10.0, 15.0)
    assert play(3, {ME: share(10.0, 20.0, mine=5.0)}) == Turn(0.0, 5.0)


def test_a_running_job_is_waited_for_or_makes_room_after_its_turn() -> None:
    assert play(1, {ME: share(mine=5.0)}, Task(ME, 30.0)) == Turn(30.0, 35.0)
    assert play(1, {ME: share(mine=5.0)}, Task(ME, 1000.0)) == Turn(60.0, 65.0)


def test_a_long_job_makes_room_for_others_before_it_ends() -> None:
    found = play(1, {ME: share(mine=100.0), OTHER: share(200.0, passed=0.5)})
    assert found.start == 0.0 and found.end == pytest.approx(160.0)


def test_tenants_take_turns_by_their_weights() -> None:
    equal = play(1, {ME: share(mine=5.0), OTHER: share(*[10.0] * 30)})
    assert equal.start <= 10.0
    behind = play(1, {ME: share(mine=5.0, passed=3.0), OTHER: share(*[10.0] * 30)})
    assert behind.start == 30.0
    heavier = play(1, {ME: share(mine=5.0, passed=3.0), OTHER: share(*[10.0] * 30, weight=2.0)})
    assert heavier.start == 60.0


def test_a_tenant_at_its_limit_waits_though_workers_are_free() -> None:
    assert play(4, {ME: share(20.0, mine=5.0, most=1)}) == Turn(20.0, 25.0)


def test_a_job_that_pauses_at_once_ends_as_it_starts() -> None:
    assert play(1, {ME: share(10.0, mine=0.0)}) == Turn(10.0, 10.0)


def test_a_queue_that_is_too_long_to_play_is_divided_among_the_workers() -> None:
    count = 2 * MOST_TURNS
    found = play(2, {ME: share(*[1.0] * count, mine=1.0)})
    assert found.start == pytest.approx(count / 2, rel=0.01)
