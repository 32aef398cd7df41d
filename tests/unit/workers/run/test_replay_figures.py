"""Figures of epochs are compared by their bits, however the epochs are cut into runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.store.epochs.runs import RunRecord, cut
from workers.run.replay_figures import compare_figures

EPOCHS = 12


def run_of(**changes: Any) -> RunRecord:
    figures = np.linspace(1.0, 0.1, EPOCHS)
    run = RunRecord(
        first_epoch=0,
        training_loss=figures,
        validation_loss=figures + 1,
        training_metrics={"accuracy": figures / 2},
        validation_metrics={"accuracy": figures / 3},
        learning_rate=np.full(EPOCHS, 0.1),
        seconds=figures,
        parameters_stored=np.ones(EPOCHS, dtype=np.bool_),
        sha256=np.zeros((EPOCHS, 32), dtype=np.uint8),
    )
    return replace(run, **changes)


def parts(run: RunRecord, *ends: int) -> list[RunRecord]:
    return [cut(run, start, end) for start, end in zip((0, *ends), (*ends, EPOCHS), strict=True)]


@pytest.mark.parametrize("ends", [(), (1, 2, 3), (5,), (4, 8)])
def test_equal_figures_are_equal_however_they_are_cut(ends: tuple[int, ...]) -> None:
    run = run_of()
    found = compare_figures(parts(run, *ends), parts(run_of(seconds=run.seconds * 2), 3, 6), EPOCHS - 1)
    assert (found.epochs, found.difference) == (EPOCHS, None)


def test_the_first_epoch_and_all_its_figures_that_differ_are_named() -> None:
    run = run_of()
    loss, rate = run.training_loss.copy(), run.learning_rate.copy()
    loss[[5, 9]], rate[5] = -0.0, 0.2
    found = compare_figures(parts(run, 4), parts(run_of(training_loss=loss, learning_rate=rate), 6), EPOCHS - 1)
    assert found.difference is not None and found.difference.epoch == 5
    assert found.difference.values == {
        "training_loss": {"recorded": float(run.training_loss[5]), "replayed": 0.0},
        "learning_rate": {"recorded": 0.1, "replayed": 0.2},
    }


def test_the_sign_of_zero_is_a_difference_and_what_is_not_finite_is_none() -> None:
    zero, not_a_number = np.zeros(EPOCHS), np.full(EPOCHS, np.nan)
    of_zero = compare_figures([run_of(training_loss=zero)], [run_of(training_loss=-zero)], EPOCHS - 1)
    assert of_zero.difference is not None and of_zero.difference.epoch == 0
    infinite = run_of(training_metrics={"r2": np.full(EPOCHS, np.inf)})
    assert compare_figures([run_of(training_metrics={"r2": not_a_number})], [infinite], 11).difference is None


def test_a_figure_that_one_side_lacks_is_null_there_and_later_epochs_are_left_out() -> None:
    found = compare_figures([run_of(validation_loss=None)], [run_of()], 3)
    assert found.epochs == 4 and found.difference is not None
    assert found.difference.values == {"validation_loss": {"recorded": None, "replayed": 2.0}}


def test_an_epoch_that_one_side_lacks_is_not_compared() -> None:
    run = run_of()
    found = compare_figures([cut(run, 0, 4), cut(run, 5, EPOCHS)], [run], EPOCHS - 1)
    assert (found.epochs, found.difference) == (EPOCHS - 1, None)
