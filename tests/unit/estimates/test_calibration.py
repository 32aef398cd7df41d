"""What a worker measures of its machine."""

import pytest

from service.backprop.training.kernels import NUMPY
from service.estimates import calibration
from service.estimates.calibration import Found, _solve, calibrate
from service.estimates.speed import SECONDS, Calibration
from service.estimates.work import Work


def test_both_factors_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, arithmetic = 3.0, 0.5
    parts = [(1e-4, 2e-5), (1e-4, 5e-3), (2e-4, 8e-3)]
    small, *large = [Found(steps * calls + arithmetic * numbers, calls, numbers) for calls, numbers in parts]
    found = _solve(small, large)
    assert found.steps == pytest.approx(steps) and found.arithmetic == pytest.approx(arithmetic)


def test_a_machine_is_measured_by_training_and_its_record_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "TURN_SECONDS", 0.001)
    found = calibrate(NUMPY, 1, lambda: False)
    assert found is not None and found.steps > 0 and found.arithmetic > 0
    assert Calibration.from_json(found.to_json()) == found


def test_measuring_ends_as_soon_as_a_job_has_to_run() -> None:
    assert calibrate(NUMPY, 1, lambda: True) is None


def test_every_count_of_work_has_its_seconds() -> None:
    for seconds in SECONDS.values():
        assert seconds.keys() == Work.__dataclass_fields__.keys()
        assert all(value >= 0 for value in seconds.values())
