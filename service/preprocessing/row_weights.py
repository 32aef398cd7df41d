"""Weights of rows and classes in the loss."""

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Role, Table
from service.errors import Fault, Invalid
from service.preprocessing.classes import class_blocks
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks, row_number
from service.preprocessing.stored_rows import StoredRows

Weights = NDArray[np.float64]


def sample_weights(array: StoredRows, table: Table, rows: Selection) -> Weights | None:
    """Return the weights (n,) of rows; None when the dataset has no column of weights.

    Raises
    ------
    Invalid
        When a weight is missing or negative, or all of them are 0.
    """
    if not table.having(Role.WEIGHT):
        return None
    at = len(table.columns) - 1
    name = table.columns[at].name
    weights = np.empty(len(rows))
    for start, block in read_blocks(array, rows, READ_ROWS, slice(at, at + 1)):
        weights[start : start + len(block)] = block[:, 0]
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        position = int(wrong.argmax())
        row, value = row_number(rows, position), weights[position]
        detail = "is missing, but every row needs a weight" if np.isnan(value) else f"must be at least 0, got {value:g}"
        raise Invalid(f"column `{name}`, row {row}: {detail}", [Fault(detail, row=row, column=name)])
    if not weights.any():
        detail = f"must be above 0 in some row, and is 0 in all of the {len(rows):,} from row {row_number(rows, 0)} on"
        raise Invalid(f"column `{name}` {detail}", [Fault(detail, column=name)])
    return weights


def class_weights(
    choice: str | dict[str, float] | None,
    labels: tuple[str | int, ...] | None,
    array: StoredRows,
    table: Table,
    rows: Selection,
    samples: Weights | None = None,
) -> Weights | None:
    """Return the weight of each class (classes,), in the order of `labels`; None when all have the same weight.

    Parameters
    ----------
    choice
        The job's `class_weights`. `balanced` means n / (classes * rows of the class) over the classes that occur
        (King and Zeng 2001); a class that does not occur has weight 1.
    rows
        The training rows.
    samples
        The weights (n,) of the training rows, if they have any.

    Raises
    ------
    Invalid
        When the weights of all training rows are 0.
    """
    if choice is None or labels is None:
        return None
    if isinstance(choice, str):
        counts = _by_class(array, table, rows, len(labels), None)
        even = len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.where(counts > 0, even, 1.0)
    weights = np.array([choice.get(str(label), 1.0) for label in labels])
    if not weights.all() and not (_by_class(array, table, rows, len(labels), samples)[weights > 0] > 0).any():
        raise Invalid("all training rows weigh 0: class_weights must be above 0 for a class among them")
    return weights


def _by_class(array: StoredRows, table: Table, rows: Selection, classes: int, samples: Weights | None) -> Weights:
    """Return the number of rows of each class (classes,), or the sum of their weights `samples`."""
    totals = np.zeros(classes)
    for start, block in class_blocks(array, table, rows):
        weights = None if samples is None else samples[start : start + len(block)]
        totals += np.bincount(block, weights, minlength=classes)
    return totals
