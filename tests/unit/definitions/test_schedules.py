"""Schedules that would not do what their name says are refused."""

from typing import Any

import pytest

from service.definitions.schedules import check_schedule
from service.errors import Invalid


@pytest.mark.parametrize("kind", ["cosine", "polynomial", "reduce_on_plateau"])
def test_a_minimum_above_the_rate_is_refused(kind: str) -> None:
    schedule = {"type": kind, "minimum": 0.5}
    with pytest.raises(Invalid) as caught:
        check_schedule(schedule, {"type": "sgd", "learning_rate": 0.1}, 10)
    fault = caught.value.faults[0]
    assert fault.pointer == "#/training/schedule/minimum"
    assert fault.detail == "must be at most the optimizer's learning_rate, 0.1, got 0.5"
    check_schedule(schedule, {"type": "sgd", "learning_rate": 0.5}, 10)
    with pytest.raises(Invalid, match=r"learning_rate, 0.001, got 0.5"):
        check_schedule(schedule, "adam", 10)


def test_a_warmup_longer_than_training_is_refused() -> None:
    schedule = {"type": "cosine", "warmup_epochs": 11}
    with pytest.raises(Invalid) as caught:
        check_schedule(schedule, "sgd", 10)
    fault = caught.value.faults[0]
    assert (fault.pointer, fault.detail) == (
        "#/training/schedule/warmup_epochs",
        "must be at most the job's epochs, 10, got 11",
    )
    check_schedule(schedule, "sgd", 11)


@pytest.mark.parametrize("schedule", [None, "one_cycle", {"type": "step"}, {"type": "exponential", "gamma": 0.5}])
def test_schedules_without_a_minimum_pass(schedule: Any) -> None:
    check_schedule(schedule, "sgd", 1)
