"""How measured jobs correct the model."""

import pytest

from service.estimates.shapes import Shape
from service.estimates.similarity import ALIKE_FACTOR, LEAST_FACTOR, UNMEASURED_FACTOR, Sample, correct
from service.estimates.speed import Calibration, parts_of
from tests.unit.estimates.shapes import data, dense, shape

MACHINE = Calibration(1.5, 0.7)
EPOCHS = 1000


def small(**training: object) -> Shape:
    return shape(dense(10, 8, 1), data(1000), training)


def large() -> Shape:
    return shape(dense(784, 512, 512, 10), data(60_000), {"batch_size": 128, "optimizer": "adam"})


def modelled(of: Shape) -> float:
    return sum(parts_of(of, MACHINE).values())


def sample(of: Shape, ratio: float) -> Sample:
    return Sample(of, modelled(of) * ratio, EPOCHS, None)


def test_without_measured_jobs_the_calibration_stands() -> None:
    found = correct(small(), [], MACHINE)
    assert (found.epochs, found.others, found.factor) == (1.0, 1.0, UNMEASURED_FACTOR)
    assert not found.is_measured


@pytest.mark.parametrize("ratio", [0.3, 1.0, 4.0])
def test_one_job_like_it_decides(ratio: float) -> None:
    found = correct(small(), [sample(small(seed=2, epochs=99), ratio)], MACHINE)
    assert found.is_measured and found.similarity == pytest.approx(1.0)
    assert found.epochs == pytest.approx(ratio, rel=0.05) and found.factor == pytest.approx(ALIKE_FACTOR)


def test_jobs_that_have_little_in_common_change_little() -> None:
    found = correct(small(), [sample(large(), 8.0)] * 50, MACHINE)
    assert not found.is_measured and found.epochs == pytest.approx(1.0, rel=0.05)
    beside = correct(small(), [sample(small(), 2.0), *[sample(large(), 8.0)] * 50], MACHINE)
    assert beside.epochs == pytest.approx(2.0, rel=0.1)


def test_a_job_with_other_rows_is_alike_and_one_in_another_precision_is_not() -> None:
    more = shape(dense(10, 8, 1), data(1300))
    assert correct(more, [sample(small(), 2.0)], MACHINE).is_measured
    precise = small(precision="float64")
    assert not correct(precise, [sample(small(), 2.0)], MACHINE).is_measured


def test_jobs_that_were_over_at_once_change_little() -> None:
    of = small()
    begun = [Sample(of, 0.03, 2, None)] * 20  # 30 ms an epoch, hundreds of times what later ones take
    alone = correct(of, begun, MACHINE)
    assert not alone.is_measured and alone.epochs < 2
    beside = correct(of, [*begun, sample(of, 2.0)], MACHINE)
    assert beside.is_measured and beside.epochs == pytest.approx(2.0, rel=0.1)
    slow = correct(of, [Sample(of, 2.0, 1, None)], MACHINE)
    assert slow.is_measured and modelled(of) * slow.epochs == pytest.approx(2.0, rel=0.2)


def test_the_range_is_as_wide_as_jobs_alike_differ() -> None:
    same = correct(small(), [sample(small(), 2.0)] * 5, MACHINE)
    assert same.factor == LEAST_FACTOR
    spread = correct(small(), [sample(small(), ratio) for ratio in (1.4, 1.7, 2.0, 2.3, 2.6)], MACHINE)
    assert LEAST_FACTOR < spread.factor < UNMEASURED_FACTOR


def test_seconds_besides_epochs_are_corrected_by_jobs_that_were_not_interrupted() -> None:
    of = small()
    assert correct(of, [Sample(of, modelled(of), EPOCHS, 3.0)], MACHINE).others == pytest.approx(3.0, rel=0.05)
    assert correct(of, [Sample(of, modelled(of), EPOCHS, None)], MACHINE).others == 1.0
