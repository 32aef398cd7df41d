"""The ROC and the precision-recall curve of an evaluation, as its answer has them."""

from typing import Any

from numpy.typing import NDArray

from service.backprop.curves import curves
from service.explain.answers import CurvesAnswer, PrecisionRecallPointAnswer, RocPointAnswer

MOST_ROWS = 5_000_000  # whose scores are held and sorted for one answer


def curves_answer(
    positive: str | int, scored: tuple[NDArray[Any], NDArray[Any]], weights: NDArray[Any] | None
) -> CurvesAnswer | None:
    """Return both curves of scores, with which rows are of the `positive` class, and the rows' weights.

    Returns None where they are not defined.
    """
    found = curves(*scored, weights)
    if found is None:
        return None
    thresholds = found.thresholds.tolist()
    fpr, recall, precision = (values.tolist() for values in (found.false_positive_rate, found.recall, found.precision))
    roc: list[RocPointAnswer] = [
        {"threshold": thresholds[at], "false_positive_rate": fpr[at], "true_positive_rate": recall[at]}
        for at in found.roc_points()
    ]
    precise: list[PrecisionRecallPointAnswer] = [
        {"threshold": thresholds[at], "precision": precision[at], "recall": recall[at]}
        for at in found.precision_recall_points()
    ]
    return {
        "positive": positive,
        "roc": {"area": found.roc_area(), "points": roc},
        "precision_recall": {
            "area": found.precision_recall_area(),
            "average_precision": found.average_precision(),
            "points": precise,
        },
    }
