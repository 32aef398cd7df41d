"""The classes of rows, read from the target column in blocks."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Column, Role, Table
from service.errors import Fault, Invalid
from service.preprocessing.row_selection import Selection, read_blocks, row_number

READ_ROWS = 65_536

Classes = NDArray[np.intp]


def codes_of(column: Column) -> NDArray[np.float64]:
    """Return the number that the dataset stores for each class of a target column, ascending, as the labels are."""
    if column.whole_values is not None:
        return np.array(column.whole_values)
    return np.arange(len(column.categories or ()), dtype=np.float64)


def class_blocks(array: NDArray[Any], table: Table, rows: Selection) -> Iterator[tuple[int, Classes]]:
    """Yield blocks of the rows' classes, as indices into the labels, each with the position of its first row.

    Raises
    ------
    Invalid
        With the first row that has no class.
    """
    at = len(table.having(Role.INPUT))
    column = table.columns[at]
    codes = codes_of(column)
    for start, block in read_blocks(array, rows, READ_ROWS, slice(at, at + 1)):
        stored = block[:, 0].astype(np.float64)
        missing = np.isnan(stored)
        if missing.any():
            row = row_number(rows, start + int(missing.argmax()))
            fault = Fault("is missing", row=row, column=column.name)
            raise Invalid(f"column `{column.name}`, row {row}: {fault.detail}", [fault])
        yield start, np.searchsorted(codes, stored)
