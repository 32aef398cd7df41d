"""Errors for missing values where none is allowed."""

import numpy as np

from service.definitions.columns import Column, Role, Table
from service.errors import Fault, Invalid
from service.preprocessing.row_selection import READ_ROWS, Selection, read_blocks, row_number
from service.preprocessing.stored_rows import StoredRows


def missing(column: Column, row: int | None) -> Invalid:
    """Return the error for a value that is missing in `row`, counted from 1."""
    detail = "is missing"
    if column.role is Role.INPUT:
        detail += "; set training.preprocessing.missing to mean, median or indicator to fill inputs"
    return Invalid(f"column `{column.name}`, row {row}: {detail}", [Fault(detail, row=row, column=column.name)])


def check_complete(table: Table, array: StoredRows, rows: Selection, choice: str) -> None:
    """Raise `Invalid` for the first missing value in `rows` that `choice`, the job's `missing`, does not fill."""
    for index, column in enumerate(table.columns):
        if not column.missing or (column.role is Role.INPUT and choice != "error"):
            continue
        for start, block in read_blocks(array, rows, READ_ROWS, slice(index, index + 1)):
            missing_here = np.isnan(block[:, 0])
            if missing_here.any():
                raise missing(column, row_number(rows, start + int(missing_here.argmax())))
