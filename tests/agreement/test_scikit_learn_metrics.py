"""Metrics gathered batch by batch are those scikit-learn computes of all rows at once."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as theirs

from service.backprop.metrics import METRICS, Metric
from service.backprop.readings import Reading

ROWS, BATCHES = 500, 7


def gathered(metric: Metric, A: Any, Y: Any, reading: Reading | None = None) -> float:
    memory = metric.start(A.shape[1])
    for part in np.array_split(np.arange(len(A)), BATCHES):
        metric.add(memory, A[part], Y[part], reading or Reading())
    return metric.result(memory)


def classified(classes: int, decimals: int = 12, missing: int = 0) -> tuple[Any, Any]:
    """Outputs that sum to 1, and labels; the last `missing` classes never occur among the labels."""
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes - missing, ROWS)
    scores = np.exp(random.normal(size=(ROWS, classes)) + 1.2 * np.eye(classes)[labels])
    return np.round(scores / scores.sum(axis=1, keepdims=True), decimals), labels


def single(decimals: int) -> tuple[Any, Any]:
    """Outputs of one unit, with ties when rounded to few decimals, and labels."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 2, ROWS)
    return np.round(np.clip(random.normal(0.35 + 0.3 * labels, 0.3), 0, 1), decimals)[:, None], labels


def values() -> tuple[Any, Any]:
    random = np.random.default_rng(4)
    Y = random.normal([3.0, -200.0, 0.01], [1.0, 50.0, 1e-3], size=(ROWS, 3))
    return Y + random.normal(0.0, [0.5, 30.0, 1e-3], size=Y.shape), Y


@pytest.mark.parametrize("classes", [3, 10])
def test_accuracy(classes: int) -> None:
    A, labels = classified(classes)
    ours = gathered(METRICS["accuracy"](), A, np.eye(classes)[labels])
    assert ours == theirs.accuracy_score(labels, A.argmax(axis=1))


def test_accuracy_of_a_single_output_goes_by_its_threshold() -> None:
    A, labels = single(3)
    ours = gathered(METRICS["accuracy"](), A, labels[:, None].astype(float), Reading(threshold=0.7))
    assert ours == theirs.accuracy_score(labels, A[:, 0] >= 0.7)


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_top_k_accuracy(k: int) -> None:
    A, labels = classified(10)
    assert gathered(METRICS["top_k_accuracy"](k), A, np.eye(10)[labels]) == theirs.top_k_accuracy_score(labels, A, k=k)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("missing", [0, 2])
def test_averages_over_classes(name: str, missing: int) -> None:
    A, labels = classified(6, missing=missing)
    score = getattr(theirs, f"{name}_score")
    expected = score(labels, A.argmax(axis=1), average="macro", zero_division=0)
    assert gathered(METRICS[name](), A, np.eye(6)[labels]) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_averages_over_two_classes_of_a_single_output(name: str) -> None:
    A, labels = single(3)
    score = getattr(theirs, f"{name}_score")
    expected = score(labels, A[:, 0] >= 0.5, average="macro")
    assert gathered(METRICS[name](), A, labels[:, None].astype(float)) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("decimals", [1, 2, 12])
def test_roc_auc_of_a_single_output_with_ties(decimals: int) -> None:
    A, labels = single(decimals)
    ours = gathered(METRICS["roc_auc"](), A, labels[:, None].astype(float))
    assert ours == pytest.approx(theirs.roc_auc_score(labels, A[:, 0]), abs=1e-13)


@pytest.mark.parametrize("decimals", [1, 12])
def test_roc_auc_of_each_class_against_the_rest(decimals: int) -> None:
    A, labels = classified(4, decimals)
    targets = np.eye(4)[labels]
    expected = np.mean([theirs.roc_auc_score(targets[:, column], A[:, column]) for column in range(4)])
    assert gathered(METRICS["roc_auc"](), A, targets) == pytest.approx(expected, abs=1e-13)


def test_roc_auc_is_scikit_learns_one_versus_rest_average() -> None:
    A, labels = classified(4)
    A /= A.sum(axis=1, keepdims=True)
    expected = theirs.roc_auc_score(labels, A, multi_class="ovr", average="macro")
    assert gathered(METRICS["roc_auc"](), A, np.eye(4)[labels]) == pytest.approx(expected, abs=1e-13)


def test_mean_absolute_error() -> None:
    A, Y = values()
    assert gathered(METRICS["mae"](), A, Y) == pytest.approx(theirs.mean_absolute_error(Y, A), rel=1e-13)


def test_root_mean_squared_error_is_of_all_outputs_together() -> None:
    A, Y = values()
    assert gathered(METRICS["rmse"](), A, Y) == pytest.approx(theirs.mean_squared_error(Y, A) ** 0.5, rel=1e-13)
    assert gathered(METRICS["rmse"](), A[:, :1], Y[:, :1]) == pytest.approx(
        theirs.root_mean_squared_error(Y[:, :1], A[:, :1]), rel=1e-13
    )


def test_errors_are_measured_in_the_targets_own_units() -> None:
    A, Y = values()
    mean, deviation = Y.mean(axis=0), Y.std(axis=0)
    reading = Reading(scale=deviation)
    scaled = (A - mean) / deviation, (Y - mean) / deviation
    assert gathered(METRICS["mae"](), *scaled, reading) == pytest.approx(theirs.mean_absolute_error(Y, A), rel=1e-11)
    assert gathered(METRICS["rmse"](), *scaled, reading) ** 2 == pytest.approx(
        theirs.mean_squared_error(Y, A), rel=1e-11
    )


def test_r2_is_averaged_over_outputs() -> None:
    A, Y = values()
    assert gathered(METRICS["r2"](), A, Y) == pytest.approx(theirs.r2_score(Y, A), abs=1e-12)
