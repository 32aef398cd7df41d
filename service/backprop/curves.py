"""The ROC and the precision-recall curve of scores for two classes, with the areas under them. Imports NumPy alone.

Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006: algorithms 1 and 3 (equal scores are
one point) and 2 (the area). Davis and Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006:
section 4 (between two points precision is not a straight line in recall).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
MOST_POINTS = 200


@dataclass(frozen=True)
class Curves:
    """Both curves by descending threshold: at each, rows with at least that score are taken for the positive class.

    Attributes
    ----------
    thresholds
        The distinct scores (k,).
    true_positives, false_positives
        The weight of the positive, and of the other rows with at least that score, (k,).
    """

    thresholds: NDArray[Any]
    true_positives: Numbers
    false_positives: Numbers

    @property
    def recall(self) -> Numbers:
        """TP / P, which is also the true positive rate."""
        return np.asarray(self.true_positives / self.true_positives[-1])

    @property
    def false_positive_rate(self) -> Numbers:
        """FP / N."""
        return np.asarray(self.false_positives / self.false_positives[-1])

    @property
    def precision(self) -> Numbers:
        """TP / (TP + FP)."""
        return np.asarray(self.true_positives / (self.true_positives + self.false_positives))

    def roc_area(self) -> float:
        """Return the area under the ROC curve by trapezoids: the chance that a positive row has the larger score."""
        return float(np.trapezoid(_from_zero(self.recall), _from_zero(self.false_positive_rate)))

    def average_precision(self) -> float:
        """Return the sum over thresholds of (R_n - R_{n-1}) P_n, which interpolates nothing."""
        return float(np.sum(np.diff(_from_zero(self.recall)) * self.precision))

    def precision_recall_area(self) -> float:
        """Return the area under the precision-recall curve, interpolated as Davis and Goadrich do.

        From a point A to the next one, B, false positives grow in proportion to true ones: after x more of these,
        precision is (TP_A + x) / (TP_A + FP_A + c x) with c = 1 + (FP_B - FP_A) / (TP_B - TP_A). Its integral over x
        from 0 to h = TP_B - TP_A is h/c + (TP_A - (TP_A + FP_A)/c) / c * ln(1 + c h / (TP_A + FP_A)).
        """
        tp, fp = _from_zero(self.true_positives), _from_zero(self.false_positives)
        h, more_fp = np.diff(tp), np.diff(fp)
        rises = h > 0  # elsewhere recall stays, and there is no area
        h, a, b, c = h[rises], tp[:-1][rises], (tp + fp)[:-1][rises], 1 + more_fp[rises] / h[rises]
        bends = np.zeros_like(h)
        some = b > 0  # before the first row there is nothing yet, and precision is 1/c all along
        bends[some] = (a - b / c)[some] / c[some] * np.log1p(c[some] * h[some] / b[some])
        return float(np.sum(h / c + bends) / tp[-1])

    def roc_points(self) -> NDArray[np.intp]:
        """Return the indices of at most `MOST_POINTS` points that keep the shape of the ROC curve."""
        return _evenly_along(self.false_positive_rate, self.recall)

    def precision_recall_points(self) -> NDArray[np.intp]:
        """Return the indices of at most `MOST_POINTS` points that keep the shape of the precision-recall curve."""
        return _evenly_along(self.recall, self.precision)


def curves(scores: ArrayLike, positive: ArrayLike, weights: ArrayLike | None = None) -> Curves | None:
    """Return the curves of scores (n,) of rows that are `positive` (n,) or not, with weights (n,) of at least 0.

    Returns None when the rows of one class weigh nothing, as neither curve is defined then, or a score is not finite.
    """
    s, y = np.asarray(scores), np.asarray(positive, dtype=bool)
    w = np.ones(len(s)) if weights is None else np.asarray(weights, dtype=np.float64)
    counts = w > 0
    s, y, w = s[counts], y[counts], w[counts]
    if not (y.any() and not y.all() and np.isfinite(s).all()):
        return None
    order = np.argsort(-s, kind="stable")
    s, y, w = s[order], y[order], w[order]
    last = np.append(np.flatnonzero(np.diff(s)), len(s) - 1)  # of each group of equal scores
    return Curves(s[last], np.cumsum(w * y)[last], np.cumsum(w * ~y)[last])


def _from_zero(values: Numbers) -> Numbers:
    return np.concatenate(([0.0], values))


def _evenly_along(x: Numbers, y: Numbers) -> NDArray[np.intp]:
    """Return indices of at most `MOST_POINTS` points, the first and the last among them, evenly along the curve.

    Along means by |dx| + |dy|, so that no point left out lies further from one that is kept than a 199th of the whole.
    """
    if len(x) <= MOST_POINTS:
        return np.arange(len(x))
    way = _from_zero(np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    found = np.searchsorted(way, np.linspace(0.0, way[-1], MOST_POINTS), side="left")
    return np.unique(np.minimum(found, len(x) - 1))
