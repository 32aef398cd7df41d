"""Fits the transforms of input columns on the training rows."""

from collections.abc import Sequence

import numpy as np

from service.definitions.columns import Column, ColumnType
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.missing import missing as missing_value
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks
from service.preprocessing.statistics import ColumnStatistics
from service.preprocessing.stored_rows import StoredRows


def fit_inputs(
    statistics: ColumnStatistics, columns: Sequence[Column], scale: float, choice: str, missing: str
) -> tuple[str, tuple[InputColumn, ...]]:
    """Return what the choice of a scaling became, and the fitted input columns.

    Parameters
    ----------
    statistics
        Those of the training rows as they are stored, with the input columns first.
    scale
        What stored numbers are divided by to get the units of what is fitted.
    choice, missing
        `numbers` and `missing` of the job's `preprocessing`.
    """
    numbers = choice
    if choice == "auto":
        numbers = "none" if statistics.lies_within(0, len(columns), scale) else "standardize"
    fitted = (_fit_input(column, statistics, index, scale, numbers, missing) for index, column in enumerate(columns))
    return numbers, tuple(fitted)


def _scaling(choice: str, statistics: ColumnStatistics, index: int, scale: float) -> tuple[float, float]:
    """Return offset and divisor in the column's own units; a constant column is only shifted."""
    if choice == "standardize":
        offset, divisor = statistics.mean[index], statistics.deviation[index]
    elif choice == "min_max":
        offset, divisor = statistics.low[index], statistics.high[index] - statistics.low[index]
    else:
        return 0.0, 1.0
    return float(offset / scale), float(divisor / scale) if divisor > 0 else 1.0


def _fit_input(
    column: Column,
    statistics: ColumnStatistics,
    index: int,
    scale: float,
    numbers: str,
    missing: str,
) -> InputColumn:
    first = statistics.first_missing(index)
    if missing == "error" and first is not None:
        raise missing_value(column, first)
    if column.type is ColumnType.CATEGORY:
        return InputColumn(column.name, column.type, column.categories)
    fill = None
    if missing in ("mean", "indicator"):
        fill = float(statistics.mean[index] / scale)
    elif missing == "median":
        fill = _median(statistics.array, statistics.rows, index) / scale
    indicator = missing == "indicator" and column.missing > 0
    offset, divisor = _scaling(numbers, statistics, index, scale)
    return InputColumn(column.name, column.type, None, offset, divisor, fill, indicator, column.is_date)


def _median(array: StoredRows, rows: Selection, index: int) -> float:
    """Return the median of the stored values, 0 if all are missing; one column of the training rows is in memory."""
    values = np.empty(len(rows), dtype=array.dtype)
    count = 0
    for _, block in read_blocks(array, rows, READ_ROWS, slice(index, index + 1)):
        present = block[~np.isnan(block)]
        values[count : count + len(present)] = present
        count += len(present)
    return float(np.median(values[:count].astype(np.float64, copy=False), overwrite_input=True)) if count else 0.0
