"""Limits on rates, by a clock of the test's own."""

import multiprocessing
import random
from pathlib import Path

import pytest

from service.access.rates import Kind, Rates, Taken, quota_of, take
from service.api.limiting import headers_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("rate", "quota"), [(100.0, (100, 1)), (1.0, (1, 1)), (0.5, (1, 2)), (0.1, (1, 10)), (2.5, (2, 1)), (0.3, (1, 4))]
)
def test_a_rate_is_a_quota_and_a_window_of_whole_seconds(rate: float, quota: tuple[int, int]) -> None:
    assert quota_of(rate) == quota


def test_a_quota_may_come_at_once_and_then_at_its_rate(tmp_path: Path) -> None:
    clock = Clock()
    rates = Rates(tmp_path, clock)
    taken = [rates.take(1, Kind.REQUESTS, 10.0) for _ in range(12)]
    assert [each.is_allowed for each in taken] == [True] * 10 + [False] * 2
    assert [each.left for each in taken] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert taken[-1].retry_after == pytest.approx(0.1)
    clock.now += taken[-1].retry_after
    assert rates.take(1, Kind.REQUESTS, 10.0).is_allowed
    assert not rates.take(1, Kind.REQUESTS, 10.0).is_allowed
    clock.now += 1.0
    assert sum(rates.take(1, Kind.REQUESTS, 10.0).is_allowed for _ in range(20)) == 10


def test_over_a_long_time_no_more_are_taken_than_the_rate_allows() -> None:
    generator, now, used, allowed = random.Random(1), 0.0, 0.0, 0
    for _ in range(20_000):
        now += generator.expovariate(50.0)
        used, within = take(used, now, 10.0, 1)
        allowed += within
    assert 10.0 * now - 10 <= allowed <= 10.0 * now + 10


def test_what_is_refused_costs_nothing(tmp_path: Path) -> None:
    clock = Clock()
    rates = Rates(tmp_path, clock)
    for _ in range(100):
        last = rates.take(1, Kind.REQUESTS, 1.0)
    clock.now += last.retry_after
    assert rates.take(1, Kind.REQUESTS, 1.0).is_allowed


def test_many_at_once_are_taken_and_paid_for_afterwards(tmp_path: Path) -> None:
    clock = Clock()
    rates = Rates(tmp_path, clock)
    assert rates.take(1, Kind.PREDICTIONS, 100.0, 1000).is_allowed
    refused = rates.take(1, Kind.PREDICTIONS, 100.0, 1)
    assert not refused.is_allowed and refused.retry_after == pytest.approx(9.01)
    clock.now += refused.retry_after
    assert rates.take(1, Kind.PREDICTIONS, 100.0, 1).is_allowed


def test_tenants_and_kinds_do_not_share(tmp_path: Path) -> None:
    rates = Rates(tmp_path, Clock())
    assert rates.take(1, Kind.REQUESTS, 1.0).is_allowed
    assert rates.take(2, Kind.REQUESTS, 1.0).is_allowed
    assert rates.take(1, Kind.PREDICTIONS, 1.0).is_allowed
    assert not rates.take(1, Kind.REQUESTS, 1.0).is_allowed


def test_moments_of_before_a_restart_of_the_host_are_no_debt(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = 1e6
    assert Rates(tmp_path, clock).take(1, Kind.REQUESTS, 1.0).is_allowed
    clock.now = 10.0
    assert Rates(tmp_path, clock).take(1, Kind.REQUESTS, 1.0).is_allowed


def _take_many(folder: Path, count: int) -> int:
    rates = Rates(folder)
    return sum(rates.take(7, Kind.REQUESTS, 0.01).is_allowed for _ in range(count))


def test_the_limit_is_one_for_all_processes(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert sum(pool.starmap(_take_many, [(tmp_path, 50)] * 4)) == 1


def test_the_headers_are_items_of_structured_fields() -> None:
    requests = Taken(Kind.REQUESTS, 100, 1, True, 50, 0.493, 0.0)
    predictions = Taken(Kind.PREDICTIONS, 1, 10, False, 0, 9.2, 9.2)
    assert headers_of([requests]) == (
        ("RateLimit-Policy", '"requests";q=100;w=1'),
        ("RateLimit", '"requests";r=50;t=1'),
    )
    assert headers_of([requests, predictions]) == (
        ("RateLimit-Policy", '"requests";q=100;w=1, "predictions";q=1;w=10'),
        ("RateLimit", '"requests";r=50;t=1, "predictions";r=0;t=10'),
    )


def test_asking_takes_nothing(tmp_path: Path) -> None:
    rates = Rates(tmp_path, lambda: 100.0)
    assert all(rates.take(1, Kind.REQUESTS, 1.0, 0).is_allowed for _ in range(5))
    assert rates.take(1, Kind.REQUESTS, 1.0).is_allowed
    assert not rates.take(1, Kind.REQUESTS, 1.0, 0).is_allowed


def test_several_rates_are_taken_at_once_until_one_refuses(tmp_path: Path) -> None:
    rates = Rates(tmp_path, Clock())
    wanted = [(Kind.REQUESTS, 2.0, 1), (Kind.PREDICTIONS, 1.0, 1)]
    assert [each.is_allowed for each in rates.take_all(1, wanted)] == [True, True]
    assert [each.is_allowed for each in rates.take_all(1, wanted)] == [True, False]
    assert [each.is_allowed for each in rates.take_all(1, wanted)] == [False]


def test_whether_a_rate_allows_one_more_takes_nothing(tmp_path: Path) -> None:
    rates = Rates(tmp_path, Clock())
    assert all(rates.allows(1, Kind.REQUESTS, 1.0) for _ in range(5))
    assert rates.take(1, Kind.REQUESTS, 1.0).is_allowed
    assert not rates.allows(1, Kind.REQUESTS, 1.0)
