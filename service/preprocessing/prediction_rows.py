"""Converts the rows of a prediction's request into raw input columns for preprocessing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.errors import Fault, Invalid
from service.preprocessing.fit import InputColumn, Preprocessing

MAX_FAULTS = 10


def rows_from_lists(preprocessing: Preprocessing, rows: list[Any], field: str) -> NDArray[np.float64]:
    """Return lists in the order of the input columns as an array (n, columns).

    Raises
    ------
    Invalid
        With a JSON pointer to each fault.
    """
    width = len(preprocessing.inputs)
    plain = all(column.type is ColumnType.NUMBER and column.fill is None for column in preprocessing.inputs)
    if plain and all(type(row) is list and len(row) == width and set(map(type, row)) <= {int, float} for row in rows):
        return _finite(rows)
    faults: list[Fault] = []
    values = np.zeros((len(rows), width))
    for number, row in enumerate(rows):
        where = f"#/{field}/{number}"
        if not isinstance(row, list):
            faults.append(Fault(f"must be a list of {width} values", pointer=where))
        elif len(row) != width:
            faults.append(Fault(f"must have {width} values, one an input column, got {len(row)}", pointer=where))
        else:
            for index, (column, value) in enumerate(zip(preprocessing.inputs, row, strict=True)):
                values[number, index] = _value(column, value, f"{where}/{index}", faults)
        if len(faults) >= MAX_FAULTS:
            break
    _raise(faults)
    return values


def rows_from_objects(
    preprocessing: Preprocessing, rows: list[Any], field: str
) -> tuple[NDArray[np.float64], list[str]]:
    """Return objects by column as an array (n, columns), and those of their keys that are no input columns."""
    names = {column.name for column in preprocessing.inputs}
    faults: list[Fault] = []
    extra: dict[str, None] = {}
    values = np.zeros((len(rows), len(preprocessing.inputs)))
    for number, row in enumerate(rows):
        where = f"#/{field}/{number}"
        if not isinstance(row, dict):
            faults.append(Fault("must be an object, as the first row is", pointer=where))
            continue
        extra |= dict.fromkeys(name.encode("utf-8", "backslashreplace").decode() for name in row if name not in names)
        for index, column in enumerate(preprocessing.inputs):
            if column.name in row:
                values[number, index] = _value(column, row[column.name], f"{where}/{column.name}", faults)
            elif column.fill is None:
                faults.append(Fault(f"column `{column.name}` is missing", pointer=where))
            else:
                values[number, index] = np.nan
    _raise(faults)
    return values, list(extra)


def _value(column: InputColumn, value: Any, pointer: str, faults: list[Fault]) -> float:
    if value is None and (column.fill is not None or column.type is ColumnType.CATEGORY):
        return float("nan")
    if column.type is ColumnType.CATEGORY:
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
        if not isinstance(text, str):
            faults.append(Fault(f"`{column.name}` must be text, got {value!r}", pointer=pointer))
            return 0.0
        categories = column.categories or ()
        return float(categories.index(text)) if text in categories else float("nan")
    if type(value) not in (int, float):
        shown = "null" if value is None else repr(value)
        faults.append(Fault(f"`{column.name}` must be a number, got {shown}"[:120], pointer=pointer))
        return 0.0
    try:
        return float(value)
    except OverflowError:
        faults.append(Fault(f"`{column.name}` must be a finite number", pointer=pointer))
        return 0.0


def _finite(rows: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise Invalid("a whole number is too large for a float64") from None


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(f"{faults[0].pointer}: {faults[0].detail}", faults)
