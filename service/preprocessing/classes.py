"""The classes of rows, read from the target column in blocks."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Column, Role, Table
from service.errors import Fault, Invalid
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks, row_number
from service.preprocessing.stored_rows import StoredRows

Classes = NDArray[np.intp]


def codes_of(column: Column) -> NDArray[np.float64]:
    """Return the number that the dataset stores for each class of a target column, ascending, as the labels are."""
    if column.whole_values is not None:
        return np.array(column.whole_values)
    return np.arange(len(column.categories or ()), dtype=np.float64)


def class_count(table: Table) -> int:
    """Return the number of classes of a table's targets: one column of them, or one-hot columns."""
    columns = table.having(Role.TARGET)
    return len(columns) if len(columns) > 1 else len(codes_of(columns[0]))


def class_blocks(array: StoredRows, table: Table, rows: Selection) -> Iterator[tuple[int, Classes]]:
    """Yield blocks of the rows' classes, as indices into the labels, each with the position of its first row.

    Raises
    ------
    Invalid
        With the first row that has no class.
    """
    at, columns = len(table.having(Role.INPUT)), table.having(Role.TARGET)
    for start, block in read_blocks(array, rows, READ_ROWS, slice(at, at + len(columns))):
        stored = block.astype(np.float64)
        missing = np.isnan(stored)
        if missing.any():
            position, column = np.unravel_index(int(missing.argmax()), missing.shape)
            row, name = row_number(rows, start + int(position)), columns[int(column)].name
            fault = Fault("is missing", row=row, column=name)
            raise Invalid(f"column `{name}`, row {row}: {fault.detail}", [fault])
        yield start, np.searchsorted(codes_of(columns[0]), stored[:, 0]) if len(columns) == 1 else stored.argmax(axis=1)
