"""The split of a dataset's rows into those that train, those that validate and those that test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.backprop.randomness import Purpose, generator
from service.definitions.columns import Table
from service.definitions.resolved import Splitting
from service.definitions.training_parts import HeldOut
from service.errors import Invalid
from service.preprocessing.row_selection import (
    READ_ROWS,
    InterruptibleRows,
    RowList,
    RowRanges,
    Selection,
    smallest_type,
)
from service.preprocessing.stored_rows import StoredRows
from service.preprocessing.strata import drawn_by_class


@dataclass(frozen=True)
class Split:
    """The rows of one dataset by their use; None for a part that is absent or another dataset's."""

    training: Selection
    validation: Selection | None
    test: Selection | None


def split(table: Table, array: StoredRows, splitting: Splitting, check: Callable[[], None] = lambda: None) -> Split:
    """Return a job's training rows, and its validation and test rows from the same dataset.

    Ranges are removed from the training rows first; then the fraction that tests is drawn from these with the job's
    seed, then the fraction that validates, from each class with `stratify`. `check` is called between the blocks of
    rows that are read for this, and may raise.

    Raises
    ------
    Invalid
        When no rows are left to train on, as in a fork that is to train only on rows that its parent tests on.
    """

    def drawn(rows: Selection, part: HeldOut, purpose: Purpose) -> tuple[Selection, Selection]:
        order = np.arange(len(rows), dtype=smallest_type(table.rows))
        generator(splitting.seed, purpose).shuffle(order)
        assert part.fraction is not None
        if part.stratify:
            is_drawn = drawn_by_class(array, table, InterruptibleRows(rows, check), order, part.fraction)
        else:
            is_drawn = np.zeros(len(rows), dtype=np.bool_)
            is_drawn[order[: round(len(rows) * part.fraction)]] = True
        indices = _indices(rows, table.rows)
        return RowList(indices[is_drawn]), RowList(indices[~is_drawn])

    rows: Selection = _of_ranges(splitting.training_ranges(table.rows))
    validation, test = _range(splitting.validation), _range(splitting.test)
    if splitting.test is not None and splitting.test.fraction is not None:
        if splitting.test_from is None:
            test, rows = drawn(rows, splitting.test, Purpose.TEST)
        else:
            test, _ = drawn(_of_ranges(splitting.test_from), splitting.test, Purpose.TEST)
            rows = _without(rows, test, table.rows)
            validation = None if validation is None else _without(validation, test, table.rows)
    if splitting.validation is not None and splitting.validation.fraction is not None:
        validation, rows = drawn(rows, splitting.validation, Purpose.SPLIT)
    if not len(rows):
        raise Invalid("no rows are left to train on apart from those that are held out")
    return Split(rows, validation, test)


def _of_ranges(ranges: list[list[int]]) -> RowRanges:
    return RowRanges(*(range(first, last) for first, last in ranges))


def _range(part: HeldOut | None) -> Selection | None:
    return None if part is None or part.rows is None else RowRanges(range(*part.rows))


def _without(rows: Selection, gone: Selection, total: int) -> RowList:
    """Return the rows that are not among `gone`, of a dataset of `total` rows."""
    stays = np.ones(total, dtype=np.bool_)
    stays[_indices(gone, total)] = False
    indices = _indices(rows, total)
    return RowList(indices[stays[indices]])


def _indices(rows: Selection, total: int) -> NDArray[np.unsignedinteger[Any]]:
    """Return the indices (n,) of selected rows in the smallest type that holds those of `total` rows."""
    indices = np.empty(len(rows), dtype=smallest_type(total))
    for start in range(0, len(rows), READ_ROWS):
        stop = min(start + READ_ROWS, len(rows))
        indices[start:stop] = rows.at(np.arange(start, stop, dtype=np.intp))
    return indices
