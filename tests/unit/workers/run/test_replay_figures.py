"""Figures of epochs are compared up to rounding, however the epochs are cut into runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS
from service.backprop.readings import Reading
from service.backprop.training.accumulators import Accumulator, Measures, Outcome, series
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


def test_the_rounding_of_sums_is_no_difference_but_that_of_a_learning_rate_is() -> None:
    run = run_of()
    rounded = {"accuracy": run.training_metrics["accuracy"] * (1 - 3e-16)}
    again = run_of(training_loss=np.nextafter(run.training_loss, 2.0), training_metrics=rounded)
    assert (again.training_loss != run.training_loss).all()
    assert compare_figures([run], [again], EPOCHS - 1).difference is None
    for name in ("training_loss", "validation_loss"):
        changed = run_of(**{name: getattr(run, name) * (1 + 1e-9)})
        found = compare_figures([run], [changed], EPOCHS - 1).difference
        assert found is not None and found.epoch == 0 and list(found.values) == [name]
    rate = compare_figures([run], [run_of(learning_rate=np.nextafter(run.learning_rate, 1.0))], EPOCHS - 1)
    assert rate.difference is not None and list(rate.difference.values) == ["learning_rate"]
    endless = compare_figures(
        [run_of(training_metrics={"r2": np.full(EPOCHS, np.inf)})],
        [run_of(training_metrics={"r2": run.training_loss})],
        0,
    )
    assert endless.difference is not None


@pytest.mark.parametrize("loss", ["quadratic", "mean_squared_error", "cross_entropy"])
def test_epochs_that_were_computed_alone_have_the_losses_of_those_computed_together(loss: str) -> None:
    """A record that was paused and its replay cut short epochs into other groups, which sum in another order."""
    epochs, rows = 20, 5
    rng = np.random.default_rng(0)
    A, Y = rng.uniform(0.01, 0.99, (epochs * rows, 2)), (rng.random((epochs * rows, 2)) > 0.5).astype(float)
    measures = Measures(LOSSES[loss](), (METRICS["mae"](), METRICS["rmse"]()), Reading())
    losses, metrics = series(measures, Outcome(A, Y, Y), epochs, one_by_one=False)
    alone = []
    for start in range(0, epochs * rows, rows):
        part, accumulator = slice(start, start + rows), Accumulator(measures, 2)
        accumulator.add(Outcome(A[part], Y[part], Y[part]), None, float(rows))
        alone.append({"loss": accumulator.mean_loss(), **accumulator.results()})
    whole = {name: np.full(epochs, 0.1) for name in ("learning_rate", "seconds")}
    flags, hashes = np.ones(epochs, dtype=np.bool_), np.zeros((epochs, 32), dtype=np.uint8)
    of_single = {name: np.array([each[name] for each in alone]) for name in alone[0]}
    together = RunRecord(0, losses, None, metrics, {}, **whole, parameters_stored=flags, sha256=hashes)
    single = replace(
        together, training_loss=of_single["loss"], training_metrics={name: of_single[name] for name in metrics}
    )
    assert loss != "quadratic" or (single.training_loss != together.training_loss).any()
    assert compare_figures([single], [together], epochs - 1).difference is None


def test_a_figure_that_one_side_lacks_is_null_there_and_later_epochs_are_left_out() -> None:
    found = compare_figures([run_of(validation_loss=None)], [run_of()], 3)
    assert found.epochs == 4 and found.difference is not None
    assert found.difference.values == {"validation_loss": {"recorded": None, "replayed": 2.0}}


def test_an_epoch_that_one_side_lacks_is_not_compared() -> None:
    run = run_of()
    found = compare_figures([cut(run, 0, 4), cut(run, 5, EPOCHS)], [run], EPOCHS - 1)
    assert (found.epochs, found.difference) == (EPOCHS - 1, None)
