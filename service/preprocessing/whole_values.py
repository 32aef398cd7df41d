"""The distinct whole values of columns that become targets, which are stored for those sent as targets only."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import MAX_WHOLE_VALUES, Column, ColumnType, Role, Table
from service.definitions.job_columns import JobColumns, view
from service.preprocessing.batches import open_rows
from service.preprocessing.row_selection import READ_ROWS, RowRanges, read_blocks


def with_whole_values(path: Path, table: Table, columns: JobColumns) -> JobColumns:
    """Return the columns with the whole values of those targets that the dataset at `path` was sent with as others.

    Rows are read only for a column that may hold classes, and no further than to a value that shows it does not.
    """
    if columns.target_type == "value":
        return columns
    targets, found = frozenset(columns.target), {}
    indices = {
        column.name: index
        for index, column in enumerate(table.columns)
        if column.name in targets and _may_be_whole(column, table.scale, len(targets) > 1)
    }
    array = open_rows(path) if indices else None
    for name, index in indices.items():
        if array is not None and (values := whole_values(array, index)) is not None:
            found[name] = values
    return columns.model_copy(update={"whole_values": found})


def view_of_another(path: Path, table: Table, columns: JobColumns, where: str) -> Table:
    """Return the table of another dataset, at `path`, as if it had been sent with these columns.

    Raises
    ------
    Invalid
        At the JSON pointer `where`, when it lacks one of them.
    """
    return view(table, with_whole_values(path, table, columns), where)


def whole_values(array: NDArray[Any], index: int) -> tuple[float, ...] | None:
    """Return the distinct values of a stored column, ascending; None where `Column.whole_values` is None."""
    seen: NDArray[np.float64] = np.empty(0)
    for _, block in read_blocks(array, RowRanges(range(len(array))), READ_ROWS, slice(index, index + 1)):
        seen = np.union1d(seen, block[:, 0].astype(np.float64))
        if len(seen) > MAX_WHOLE_VALUES or not (np.isfinite(seen) & (seen == np.trunc(seen))).all():
            return None
    return tuple(seen.tolist())


def _may_be_whole(column: Column, scale: float, is_one_of_several: bool) -> bool:
    """Return whether a column that was not sent as a target may hold whole values alone, by its statistics.

    Of one of several targets nothing but -1, 0 and 1 is asked for. Statistics of older releases were divided by the
    scale, and are rounded where it is not 1.
    """
    if column.role is Role.TARGET or column.type is not ColumnType.NUMBER or column.missing:
        return False
    bounds = (column.minimum, column.maximum)
    if scale != 1:
        return True
    if is_one_of_several and any(bound is not None and abs(bound) > 1 for bound in bounds):
        return False
    return all(bound is not None and bound.is_integer() for bound in bounds)
