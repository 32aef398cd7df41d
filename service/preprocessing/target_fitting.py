"""Fits the scaling of value targets on the training rows, and checks what only the rows can show of targets."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.backprop.losses import Loss
from service.definitions.columns import Column, Role, Table
from service.definitions.target_scaling import Reach, no_signs, outside_unit
from service.definitions.targets import BITS
from service.errors import Fault, Invalid
from service.preprocessing.missing import missing as missing_value
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks, row_number
from service.preprocessing.statistics import ColumnStatistics
from service.preprocessing.stored_rows import StoredRows

Numbers = NDArray[np.float64]
ROUNDING = 1e-6  # by which a scaled target may lie outside 0 to 1


def fit_targets(
    statistics: ColumnStatistics, columns: Sequence[Column], start: int, choice: str, reach: Reach
) -> tuple[str, list[tuple[float, float]]]:
    """Return what the choice of a scaling became, and the offset and the divisor of each target column.

    Parameters
    ----------
    start
        The index of the first target column in `statistics`.

    Raises
    ------
    Invalid
        When a target is missing, or the client's choice leads to where the output does not reach.
    """
    scaling, to = choice, BITS
    if choice == "auto":
        scaling = "none"
        if not reach.as_they_are and not statistics.lies_within(start, start + len(columns), 1.0, reach.unscaled):
            scaling, to = reach.scaling()
    fitted = []
    for index, column in enumerate(columns, start):
        check_present(statistics, column, index)
        offset, divisor = _scale(scaling, to, statistics, index)
        if choice == "standardize":
            scaled = (float((bound[index] - offset) / divisor) for bound in (statistics.low, statistics.high))
            reach.check(choice, column.name, (next(scaled), next(scaled)))
        fitted.append((offset, divisor))
    return scaling, fitted


def check_present(statistics: ColumnStatistics, column: Column, index: int) -> None:
    """Raise `Invalid` when the column has no value in one of the rows."""
    if (row := statistics.first_missing(index)) is not None:
        raise missing_value(column, row)


def _scale(scaling: str, to: tuple[float, float], statistics: ColumnStatistics, index: int) -> tuple[float, float]:
    """Return offset and divisor; `min_max` maps to the interval `to`. A constant column is only shifted."""
    if scaling == "standardize":
        offset, divisor = float(statistics.mean[index]), float(statistics.deviation[index])
        return offset, divisor if divisor > 0 else 1.0
    if scaling == "min_max":
        low = float(statistics.low[index])
        divisor = float(statistics.high[index] - statistics.low[index]) / (to[1] - to[0])
        return (low - to[0] * divisor, divisor) if divisor > 0 else (low, 1.0)
    return 0.0, 1.0


def check_loss_takes(table: Table, array: StoredRows, rows: Selection, loss: Loss, scales: Numbers) -> None:
    """Raise `Invalid` for targets in `rows` that the loss does not take.

    Parameters
    ----------
    scales
        Offsets and divisors (2, targets) of the fitted scaling.
    """
    if not (loss.unit_targets or loss.sign_targets):
        return
    columns, offsets, divisors = table.having(Role.TARGET), scales[0], scales[1]
    if loss.unit_targets and all(_stays_unit(column, *scales[:, at]) for at, column in enumerate(columns)):
        return
    low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
    for _, block in _target_blocks(table, array, rows):
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
        if loss.sign_targets:
            odd = ~np.isin(block, (-1.0, 0.0, 1.0)).all(axis=0)
            both = (block == 0).any(axis=0) & (block == -1).any(axis=0)
            for at in np.flatnonzero(odd | both):
                raise Invalid(no_signs(loss, columns[int(at)].name))
    if not loss.unit_targets:
        return
    outside = ((low - offsets) / divisors < -ROUNDING) | ((high - offsets) / divisors > 1 + ROUNDING)
    for at in np.flatnonzero(outside):
        raise Invalid(outside_unit(loss, columns[int(at)].name, (float(low[at]), float(high[at]))))


def _stays_unit(column: Column, offset: float, divisor: float) -> bool:
    """Return whether a column's values over the whole dataset are scaled to 0 to 1."""
    if column.minimum is None or column.maximum is None:
        return False
    return (column.minimum - offset) / divisor >= 0 and (column.maximum - offset) / divisor <= 1


def check_one_hot(table: Table, array: StoredRows, rows: Selection) -> None:
    """Raise `Invalid` with the first of `rows` whose targets are not 0 and 1 with one 1; not read if that is known."""
    if table.target_sums_are_one:
        return
    for start, block in _target_blocks(table, array, rows):
        right = np.isin(block, BITS).all(axis=1) & (block.sum(axis=1) == 1)
        if not right.all():
            row = row_number(rows, start + int(right.argmin()))
            detail = "the target columns must hold 0 and 1, one 1 a row, to be classes"
            raise Invalid(f"row {row}: {detail}", [Fault(detail, row=row)])


def _target_blocks(table: Table, array: StoredRows, rows: Selection) -> Iterator[tuple[int, Numbers]]:
    at, count = len(table.having(Role.INPUT)), len(table.having(Role.TARGET))
    for start, block in read_blocks(array, rows, READ_ROWS, slice(at, at + count)):
        yield start, block.astype(np.float64)
