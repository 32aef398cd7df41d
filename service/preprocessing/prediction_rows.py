"""Converts the rows of a prediction's request into raw input columns for preprocessing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.definitions.validation import show
from service.errors import Fault, Invalid
from service.preprocessing.fit import InputColumn, Preprocessing
from service.preprocessing.prediction_faults import as_text, left_out, pointer_step, readable, unknown_category, way_out

MAX_FAULTS = 10
MAX_KEYS = 1000  # of an object that are compared with a column's name
MAX_UNKNOWN = 100  # categories never seen in training that an answer lists


@dataclass(frozen=True)
class Unknown:
    """A category never seen in training: the row that has it, counted from 0, its column and its value as sent."""

    row: int
    column: str
    value: str | bool


@dataclass(frozen=True)
class PredictionRows:
    """Rows to predict, as raw input columns (n, columns) in the units of the training dataset as it was sent.

    Attributes
    ----------
    values
        Numbers and codes of categories. NaN where a value is missing or a category is unknown.
    ignored
        Keys of rows that are no input columns.
    unknown, unknown_count
        The first `MAX_UNKNOWN` categories never seen in training, and how many there are.
    """

    values: NDArray[np.float64]
    ignored: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    unknown_count: int = 0


@dataclass
class _Found:
    """What is wrong with rows, or unknown, while they are read; `fills` tells whether missing values are filled."""

    fills: bool
    faults: list[Fault] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    unknown_count: int = 0

    def is_full(self) -> bool:
        return len(self.faults) >= MAX_FAULTS

    def rows(self, values: NDArray[np.float64], ignored: Sequence[str] = ()) -> PredictionRows:
        """Return the rows; raise `Invalid` if anything is wrong with them."""
        if self.faults:
            first = self.faults[0]
            raise Invalid(f"{first.pointer}: {first.detail}", self.faults[:MAX_FAULTS])
        return PredictionRows(values, tuple(ignored), tuple(self.unknown), self.unknown_count)


def rows_from_lists(preprocessing: Preprocessing, rows: list[Any], where: str) -> PredictionRows:
    """Return lists in the order of the input columns, sent as the field `where`, as raw input columns.

    Raises
    ------
    Invalid
        With a JSON pointer to each fault.
    """
    width = len(preprocessing.inputs)
    plain = all(column.type is ColumnType.NUMBER and column.fill is None for column in preprocessing.inputs)
    if plain and all(type(row) is list and len(row) == width and set(map(type, row)) <= {int, float} for row in rows):
        return PredictionRows(_finite(rows))
    found = _Found(preprocessing.missing != "error")
    values = np.zeros((len(rows), width))
    for number, row in enumerate(rows):
        pointer = f"#/{where}/{number}"
        if not isinstance(row, list):
            found.faults.append(Fault(f"must be a list of {width} values", pointer=pointer))
        elif len(row) != width:
            detail = f"must have {width} values, one an input column, got {len(row)}"
            found.faults.append(Fault(detail, pointer=pointer))
        else:
            for index, (column, value) in enumerate(zip(preprocessing.inputs, row, strict=True)):
                values[number, index] = _value(column, value, number, f"{pointer}/{index}", found)
        if found.is_full():
            break
    return found.rows(values)


def rows_from_array(preprocessing: Preprocessing, array: NDArray[Any]) -> PredictionRows:
    """Return an array of numbers (n, ...), with a row's numbers in the order of the input columns; NaN is missing.

    Raises
    ------
    Invalid
        With row, counted from 1, and column of each fault.
    """
    columns = preprocessing.inputs
    values = array.reshape(len(array), -1).astype(np.float64)
    if texts := [column.name for column in columns if column.type is ColumnType.CATEGORY]:
        raise Invalid(f"column `{texts[0]}` holds text, and an NPZ numbers alone; send the rows as JSON or CSV")
    if values.shape[1] != len(columns):
        raise Invalid(f"a row must have {len(columns)} values, one an input column, got {values.shape[1]}")
    needed = np.array([column.fill is None for column in columns])
    wrong = np.isinf(values) | (np.isnan(values) & needed)
    faults = []
    for row, index in np.argwhere(wrong)[:MAX_FAULTS]:
        detail = "is missing" + way_out(None) if np.isnan(values[row, index]) else "must be a finite number"
        faults.append(Fault(detail, row=int(row) + 1, column=columns[index].name))
    if faults:
        raise Invalid(f"column `{faults[0].column}`, row {faults[0].row}: {faults[0].detail}", faults)
    return PredictionRows(values)


def rows_from_objects(preprocessing: Preprocessing, rows: list[Any], where: str) -> PredictionRows:
    """Return objects by column, sent as the field `where`, as raw input columns; every object has every column."""
    names = {column.name for column in preprocessing.inputs}
    columns = [(index, column, pointer_step(column.name)) for index, column in enumerate(preprocessing.inputs)]
    found = _Found(preprocessing.missing != "error")
    absent_from: dict[tuple[str, ...], list[int]] = {}
    extra: dict[str, None] = {}
    values = np.zeros((len(rows), len(columns)))
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            found.faults.append(Fault("must be an object, as the first row is", pointer=f"#/{where}/{number}"))
            continue
        if row.keys() != names:
            extra |= dict.fromkeys(readable(name) for name in row if name not in names)
            if absent := tuple(column.name for _, column, _ in columns if column.name not in row):
                absent_from.setdefault(absent, []).append(number)
        for index, column, step in columns:
            if column.name in row:
                pointer = f"#/{where}/{number}/{step}"
                values[number, index] = _value(column, row[column.name], number, pointer, found)
        if found.is_full():
            break
    found.faults[:0] = _absent(absent_from, rows, names, found.fills, where)
    return found.rows(values, list(extra))


def _absent(
    absent_from: dict[tuple[str, ...], list[int]], rows: list[Any], names: set[str], fills: bool, where: str
) -> list[Fault]:
    """Return a fault for each set of columns that rows, given by their numbers, leave out."""
    faults = []
    for absent, numbers in list(absent_from.items())[:MAX_FAULTS]:
        others = [name for name in list(rows[numbers[0]])[:MAX_KEYS] if name not in names]
        faults.append(Fault(left_out(absent, others, len(numbers), fills), pointer=f"#/{where}/{numbers[0]}"))
    return faults


def refuse_unknown(preprocessing: Preprocessing, rows: PredictionRows, where: str, by_name: bool) -> None:
    """Raise `Invalid` for categories never seen in training, with pointers into the field `where`.

    `by_name` says that rows were sent as objects rather than as lists.
    """
    if not rows.unknown:
        return
    columns = {column.name: (index, column) for index, column in enumerate(preprocessing.inputs)}
    faults = []
    for unknown in rows.unknown[:MAX_FAULTS]:
        index, column = columns[unknown.column]
        pointer = f"#/{where}/{unknown.row}/{pointer_step(column.name) if by_name else index}"
        faults.append(Fault(unknown_category(column, unknown.value), pointer=pointer))
    raise Invalid(f"{faults[0].pointer}: {faults[0].detail}", faults)


def _value(column: InputColumn, value: Any, row: int, pointer: str, found: _Found) -> float:
    """Return a number, or a category's code; NaN for one that is missing or unknown."""
    if column.type is ColumnType.CATEGORY:
        return _code(column, value, row, pointer, found)
    if value is None and column.fill is not None:
        return float("nan")
    if type(value) not in (int, float):
        found.faults.append(
            Fault(f"`{column.name}` must be a number, got {show(value)}{way_out(value)}", pointer=pointer)
        )
        return 0.0
    try:
        return float(value)
    except OverflowError:
        found.faults.append(Fault(f"`{column.name}` must be a finite number", pointer=pointer))
        return 0.0


def _code(column: InputColumn, value: Any, row: int, pointer: str, found: _Found) -> float:
    """Return the code of a category; NaN, as it becomes all zeros, for one that is missing or unknown."""
    if value is None and found.fills:
        return float("nan")
    if isinstance(value, bool):
        spellings = column.truths[value]
        if len(spellings) > 1:
            detail = f"`{column.name}` has {' and '.join(map(show, spellings))}; send one of them as text"
            found.faults.append(Fault(detail, pointer=pointer))
            return 0.0
        code = column.codes.get(spellings[0]) if spellings else None
    elif isinstance(value, str):
        code = column.codes.get(value)
    else:
        found.faults.append(
            Fault(f"`{column.name}` must be text, got {show(value)}{as_text(column, value)}", pointer=pointer)
        )
        return 0.0
    if code is not None:
        return float(code)
    if found.unknown_count < MAX_UNKNOWN:
        found.unknown.append(Unknown(row, column.name, value))
    found.unknown_count += 1
    return float("nan")


def _finite(rows: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise Invalid("a whole number is too large for a float64") from None
