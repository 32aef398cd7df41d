"""Schedules give the rates that their formulas say."""

from typing import Any

import pytest

from service.backprop.schedules import SCHEDULES, Memory, Position

BASE = 0.8


def rates(name: str, epochs: int = 8, batches: int = 1, **settings: Any) -> list[float]:
    schedule, memory = SCHEDULES[name](**settings), Memory()
    steps = [(epoch, batch) for epoch in range(1, epochs + 1) for batch in range(batches)]
    return [schedule.rate(BASE, Position(epoch, epochs, batch, batches), memory) for epoch, batch in steps]


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("step", {"epochs": 3, "gamma": 0.5}, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]),
        ("exponential", {"gamma": 0.5}, [0.8, 0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625]),
        ("polynomial", {}, [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]),
        ("polynomial", {"power": 2.0, "minimum": 0.16}, [0.16 + 0.64 * (1 - k / 8) ** 2 for k in range(8)]),
        ("cosine", {"restart_epochs": 2}, [0.8, 0.4] * 4),
        ("cosine", {"restart_epochs": 2, "restart_factor": 2, "minimum": 0.2}, [0.8, 0.5, 0.8, None, 0.5, None, 0.8]),
        ("cosine", {"warmup_epochs": 4}, [0.2, 0.4, 0.6, 0.8, 0.8, None, 0.4, None]),
        ("cosine", {"minimum": 0.2}, [0.8, None, None, None, 0.5]),
    ],
)
def test_rates_epoch_by_epoch(name: str, settings: dict[str, Any], expected: list[float | None]) -> None:
    for rate, value in zip(rates(name, **settings), expected, strict=False):
        assert value is None or rate == pytest.approx(value)


def test_one_cycle_rises_to_the_base_and_falls_far_below_its_start() -> None:
    found = rates("one_cycle", epochs=5, batches=4, rise=0.3, start_divisor=8.0, end_divisor=100.0)
    assert found[0] == pytest.approx(0.1)
    assert max(found) == found[5] == pytest.approx(0.8)
    assert found[-1] == pytest.approx(0.001)
    assert found[:6] == sorted(found[:6]) and found[5:] == sorted(found[5:], reverse=True)


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("name", list(SCHEDULES))
def test_runs_of_one_or_two_steps_have_rates_within_bounds(name: str, epochs: int) -> None:
    assert all(0.0 <= rate <= BASE for rate in rates(name, epochs=epochs))


def test_a_warm_up_as_long_as_the_run_only_rises() -> None:
    assert rates("cosine", epochs=4, warmup_epochs=4) == pytest.approx([0.2, 0.4, 0.6, 0.8])


def reduced(losses: list[float], base: float = BASE, **settings: Any) -> list[float]:
    """The rate of the epoch after each loss."""
    schedule, memory, found = SCHEDULES["reduce_on_plateau"](**settings), Memory(), []
    for epoch, loss in enumerate(losses, 2):
        schedule.observe(loss, memory)
        found.append(schedule.rate(base, Position(epoch, 100, 0, 1), memory))
    return found


def test_a_plateau_longer_than_the_patience_reduces_the_rate() -> None:
    assert reduced([1.0, 0.9, 0.9, 0.9, 0.9, 0.5], factor=0.5, patience=2) == [0.8, 0.8, 0.8, 0.8, 0.4, 0.4]


def test_a_gain_within_the_threshold_is_none() -> None:
    assert reduced([1.0, 0.95, 0.91], factor=0.5, patience=1, threshold=0.1) == [0.8, 0.8, 0.4]


def test_epochs_of_the_cooldown_do_not_count() -> None:
    assert reduced([1.0] * 7, factor=0.5, patience=0, cooldown=2) == [0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2]


def test_a_reduced_rate_stays_at_its_minimum() -> None:
    assert reduced([1.0] * 5, factor=0.5, patience=0, minimum=0.3) == [0.8, 0.4, 0.3, 0.3, 0.3]


def test_a_rate_below_the_minimum_is_never_raised() -> None:
    assert reduced([1.0] * 3, base=0.1, factor=0.5, patience=0, minimum=0.3) == [0.1, 0.1, 0.1]
