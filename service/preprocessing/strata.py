"""Stratified drawing of rows: the same share of every class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Table
from service.preprocessing.classes import class_blocks, class_count
from service.preprocessing.row_selection import Selection, smallest_type
from service.preprocessing.stored_rows import StoredRows

DRAW_ROWS = 65_536

Counts = NDArray[np.intp]


def drawn_by_class(
    array: StoredRows, table: Table, rows: Selection, order: NDArray[np.unsignedinteger[Any]], share: float
) -> NDArray[np.bool_]:
    """Return which of `rows` are drawn (n,): of each class the first ones, as many as its quota, in `order`.

    `order` (n,) holds the shuffled positions of the rows.
    """
    classes = np.empty(len(rows), dtype=smallest_type(class_count(table)))
    for start, block in class_blocks(array, table, rows):
        classes[start : start + len(block)] = block
    quota = quotas(_counts(classes), share)
    drawn = np.zeros(len(rows), dtype=np.bool_)
    seen = np.zeros(len(quota), dtype=np.intp)
    for start in range(0, len(order), DRAW_ROWS):
        positions = order[start : start + DRAW_ROWS]
        by_class = np.argsort(classes[positions], kind="stable")
        sorted_classes = classes[positions][by_class]
        rank = np.arange(len(positions)) - np.searchsorted(sorted_classes, sorted_classes)
        drawn[positions[by_class]] = seen[sorted_classes] + rank < quota[sorted_classes]
        seen += np.bincount(sorted_classes, minlength=len(quota))
    return drawn


def quotas(counts: Counts, share: float) -> Counts:
    """Return how many rows of each class are drawn: round(rows * share) in all, by the largest remainder method.

    Of equal remainders the earlier class takes precedence. One row of every class is left undrawn as long as the other
    classes suffice for the total.
    """
    quota: Counts = np.floor(counts * share).astype(np.intp)
    by_remainder = np.argsort(-(counts * share - quota), kind="stable")
    short = round(int(counts.sum()) * share) - int(quota.sum())
    for most in (np.maximum(counts - 1, 0), counts):
        while short > 0 and (quota < most).any():
            takers = [index for index in by_remainder if quota[index] < most[index]][:short]
            quota[takers] += 1
            short -= len(takers)
    return quota


def _counts(classes: NDArray[Any]) -> Counts:
    """Count the rows of each class, in blocks, as `bincount` converts its input to 8 bytes a row."""
    counts = np.zeros(int(classes.max()) + 1, dtype=np.intp)
    for start in range(0, len(classes), DRAW_ROWS):
        counts += np.bincount(classes[start : start + DRAW_ROWS], minlength=len(counts))
    return counts
