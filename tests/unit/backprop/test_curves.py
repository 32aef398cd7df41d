"""ROC and precision-recall curves: as scikit-learn computes them, with ties and weights, and few points of them."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from service.backprop.curves import MOST_POINTS, Curves, curves

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def rows(count: int, seed: int, distinct: int | None) -> Rows:
    """Scores, of few distinct values if wanted, of rows of two classes, and weights, some of which are 0."""
    generator = np.random.default_rng(seed)
    positive = generator.random(count) < 0.3
    scores = 1 / (1 + np.exp(-generator.normal(positive * 1.5)))
    scores = scores if distinct is None else np.round(scores * distinct) / distinct
    return scores, positive, np.where(generator.random(count) < 0.1, 0.0, generator.random(count))


def found(*arrays: np.ndarray | None) -> Curves:
    curve = curves(*arrays)  # type: ignore[arg-type]
    assert curve is not None
    return curve


@pytest.mark.parametrize("distinct", [None, 7])
@pytest.mark.parametrize("weighted", [False, True])
def test_points_and_areas_are_those_of_scikit_learn(distinct: int | None, weighted: bool) -> None:
    scores, positive, drawn = rows(500, 1, distinct)
    weights = drawn if weighted else None
    curve = found(scores, positive, weights)
    fpr, tpr, _ = roc_curve(positive, scores, sample_weight=weights, drop_intermediate=False)
    precision, recall, thresholds = precision_recall_curve(positive, scores, sample_weight=weights)
    if not weighted:  # scikit-learn also has points at scores whose rows weigh nothing
        np.testing.assert_allclose(np.append(0, curve.false_positive_rate), fpr)
        np.testing.assert_allclose(np.append(0, curve.recall), tpr)
        np.testing.assert_array_equal(curve.thresholds, thresholds[::-1])
        np.testing.assert_allclose(curve.precision, precision[:-1][::-1])
        np.testing.assert_allclose(curve.recall, recall[:-1][::-1])
    assert curve.roc_area() == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights), rel=1e-12)
    ours = average_precision_score(positive, scores, sample_weight=weights)
    assert curve.average_precision() == pytest.approx(ours, rel=1e-12)


def test_a_weight_counts_as_that_many_rows() -> None:
    scores, positive, _ = rows(60, 2, 9)
    times = np.random.default_rng(3).integers(0, 4, 60)
    repeated = found(np.repeat(scores, times), np.repeat(positive, times))
    weighted = found(scores, positive, times)
    for name in ("roc_area", "average_precision", "precision_recall_area"):
        assert getattr(weighted, name)() == pytest.approx(getattr(repeated, name)(), rel=1e-12)
    np.testing.assert_allclose(weighted.precision, repeated.precision)


def test_precision_is_interpolated_between_points_as_davis_and_goadrich_do() -> None:
    """Their figure 6: of 20 positive and 2000 other rows, from (5 TP, 5 FP) to (10 TP, 30 FP) with four between."""
    between = [5 / 10, 6 / 16, 7 / 22, 8 / 28, 9 / 34, 10 / 40]
    scores = np.repeat([0.9, 0.8, 0.1], [10, 30, 1980])
    positive = np.concatenate([np.arange(10) < 5, np.arange(30) < 5, np.arange(1980) < 10])
    curve = found(scores, positive)
    x = np.linspace(0, 5, 100_001)
    np.testing.assert_allclose(((5 + x) / (10 + 6 * x))[::20_000], between)
    middle = np.trapezoid((5 + x) / (10 + 6 * x), x)
    z = np.linspace(0, 10, 100_001)
    last = np.trapezoid((10 + z) / (40 + 198 * z), z)
    assert curve.precision_recall_area() == pytest.approx((5 * 0.5 + middle + last) / 20, rel=1e-6)


def test_the_right_order_and_the_wrong_one() -> None:
    positive = np.arange(10) >= 5
    best, worst = found(np.arange(10.0), positive), found(-np.arange(10.0), positive)
    assert best.roc_area() == best.average_precision() == best.precision_recall_area() == 1.0
    assert worst.roc_area() == 0.0 and worst.precision_recall_area() < worst.average_precision() < 0.5
    same = found(np.zeros(10), positive)
    assert len(same.thresholds) == 1 and same.roc_area() == same.precision_recall_area() == 0.5


def test_curves_are_not_defined_for_one_class_alone_or_scores_that_are_not_finite() -> None:
    assert curves([0.1, 0.9], [True, True]) is None
    assert curves([0.1, 0.9], [False, True], [1.0, 0.0]) is None
    assert curves([np.nan, 0.9], [False, True]) is None
    assert curves([], []) is None


def test_all_of_few_points_are_given() -> None:
    curve = found(*rows(150, 4, None))
    assert len(curve.thresholds) <= MOST_POINTS
    for kept in (curve.roc_points(), curve.precision_recall_points()):
        np.testing.assert_array_equal(kept, np.arange(len(curve.thresholds)))


def test_few_of_many_points_keep_the_shape() -> None:
    curve = found(*rows(200_000, 4, None))
    x, y = curve.false_positive_rate, curve.recall
    kept = curve.roc_points()
    assert len(kept) <= MOST_POINTS and kept[0] == 0 and kept[-1] == len(curve.thresholds) - 1
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() <= 2 / 199
    area = np.trapezoid(np.append(0, y[kept]), np.append(0, x[kept]))
    assert area == pytest.approx(curve.roc_area(), abs=1e-4)
    kept = curve.precision_recall_points()
    assert len(kept) <= MOST_POINTS and kept[0] == 0 and kept[-1] == len(curve.thresholds) - 1
    recall, precision = curve.recall, curve.precision
    settled = recall > 0.05  # before, single rows move precision up and down
    assert np.abs(np.interp(recall, recall[kept], precision[kept]) - precision)[settled].max() <= 0.02
