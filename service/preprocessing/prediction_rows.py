"""Converts the rows of a prediction's request into raw input columns for preprocessing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.definitions.guessing import show
from service.errors import MAX_FAULTS, Fault, Faults, Invalid, escaped
from service.preprocessing.dates import FIRST_DAY, LAST_DAY, day_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_faults import as_text, readable, unknown_category, way_out
from service.preprocessing.prediction_keys import check_keys

NUMBERS = frozenset({int, float})
MAX_UNKNOWN = 100  # categories never seen in training that an answer lists


@dataclass(frozen=True)
class Unknown:
    """A category never seen in training: the row that has it, counted from 0, its column and its value as sent.

    Half of a surrogate pair, which JSON can hold and an answer cannot, is written out as `\\ud800`.
    """

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


class RowFindings(Faults):
    """The faults and unknown categories of rows that are read; `fills` is whether missing values are filled."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.fills = preprocessing.missing != "error"
        self.unknown: list[Unknown] = []
        self.unknown_count = 0

    def add_unknown(self, row: int, column: str, value: str | bool) -> None:
        """Count a category never seen in training, and list it among the first."""
        if self.unknown_count < MAX_UNKNOWN:
            self.unknown.append(Unknown(row, column, readable(value) if isinstance(value, str) else value))
        self.unknown_count += 1

    def rows(self, values: NDArray[np.float64], ignored: Sequence[str] = ()) -> PredictionRows:
        """Return the rows; raise `Invalid` if anything is wrong with them."""
        self.check()
        unknown = sorted(self.unknown, key=lambda unknown: unknown.row)
        return PredictionRows(values, tuple(ignored), tuple(unknown), self.unknown_count)


def rows_from_lists(preprocessing: Preprocessing, rows: list[Any], where: str) -> PredictionRows:
    """Return lists in the order of the input columns, sent as the field `where`, as raw input columns.

    Raises
    ------
    Invalid
        With a JSON pointer to each fault.
    """
    width = len(preprocessing.inputs)
    numbers: Iterable[int] = range(len(rows))
    if preprocessing.needs_only_numbers:
        numbers = list(islice(_not_plain(rows, width), MAX_FAULTS))
        if not numbers:
            return PredictionRows(_finite(rows))
    found = RowFindings(preprocessing)
    values = np.zeros((len(rows), width))
    for number in numbers:  # of plain columns only rows with a fault
        row = rows[number]
        pointer = f"#/{where}/{number}"
        if not isinstance(row, list):
            found.add(Fault(f"must be a list of {width} values", pointer=pointer))
        elif len(row) != width:
            detail = f"must have {width} values, one an input column, got {len(row)}"
            found.add(Fault(detail, pointer=pointer))
        else:
            for index, (column, value) in enumerate(zip(preprocessing.inputs, row, strict=True)):
                values[number, index] = _value(column, value, number, f"{pointer}/{index}", found)
    return found.rows(values)


def _not_plain(rows: list[Any], width: int) -> Iterator[int]:
    """Yield the numbers of rows that are no lists of so many numbers; the same list again needs no second look."""
    known: object = None
    for at, row in enumerate(rows):
        if row is known is not None:
            continue
        if _is_plain(row, width):
            known = row
        else:
            yield at


def _is_plain(row: Any, width: int) -> bool:
    return type(row) is list and len(row) == width and NUMBERS.issuperset(map(type, row))


def rows_from_array(preprocessing: Preprocessing, array: NDArray[Any]) -> PredictionRows:
    """Return an array of numbers (n, ...), with a row's numbers in the order of the input columns; NaN is missing.

    Raises
    ------
    Invalid
        With row, counted from 1, and column of each fault.
    """
    columns = preprocessing.inputs
    values = array.reshape(len(array), -1)
    if texts := [column.name for column in columns if column.type is ColumnType.CATEGORY]:
        raise Invalid(f"column `{texts[0]}` holds text, and an NPZ numbers alone; send the rows as JSON or CSV")
    if values.shape[1] != len(columns):
        raise Invalid(f"a row must have {len(columns)} values, one an input column, got {values.shape[1]}")
    values = values.astype(np.float64)
    needed = np.array([column.fill is None for column in columns])
    are_dates = np.array([column.is_date for column in columns])
    beyond = are_dates & ((values < FIRST_DAY) | (values >= LAST_DAY + 1))
    wrong = np.isinf(values) | (np.isnan(values) & needed) | beyond
    faults = Faults()
    for row, index in np.argwhere(wrong)[:MAX_FAULTS]:
        value = values[row, index]
        detail = "is missing" + way_out(None) if np.isnan(value) else "must be a finite number"
        if beyond[row, index]:
            detail = f"must be a date as days since 1970-01-01, such as 19753 for 2024-01-31, got {value:g}"
        faults.add(Fault(detail, row=int(row) + 1, column=columns[index].name))
    faults.check()
    return PredictionRows(values)


def rows_from_objects(preprocessing: Preprocessing, rows: list[Any], where: str) -> PredictionRows:
    """Return objects by column, sent as the field `where`, as raw input columns; every object has every column."""
    columns = [(index, column, escaped(column.name)) for index, column in enumerate(preprocessing.inputs)]
    found = RowFindings(preprocessing)
    extra = check_keys(preprocessing.inputs, rows, found, where, found.fills)
    values = np.zeros((len(rows), len(columns)))
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            found.add(Fault("must be an object, as the first row is", pointer=f"#/{where}/{number}"))
    one_by_one = []
    for index, column, step in columns:
        at_once = None if found else _at_once(column, rows)
        if at_once is None:
            one_by_one.append((index, column, step))
        else:
            values[:, index] = at_once
    for number, row in enumerate(rows) if one_by_one else ():
        for index, column, step in one_by_one if isinstance(row, dict) else ():
            pointer = f"#/{where}/{number}/{step}"
            values[number, index] = _value(column, row[column.name], number, pointer, found)
    return found.rows(values, extra)


def _at_once(column: InputColumn, rows: list[dict[str, Any]]) -> Any:
    """Return a column that has nothing but plain numbers, or known categories; None for any other."""
    cells = [row[column.name] for row in rows]
    kinds = set(map(type, cells))
    if column.type is ColumnType.CATEGORY:
        codes = list(map(column.codes.get, cells)) if kinds == {str} else [None]
        return None if None in codes else codes
    if column.is_date or not kinds <= NUMBERS:
        return None
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return None


def refuse_unknown(preprocessing: Preprocessing, rows: PredictionRows, where: str | None, by_name: bool) -> None:
    """Raise `Invalid` for categories never seen in training.

    Parameters
    ----------
    where
        The field that faults point into; None for a file, whose faults name row and column.
    by_name
        Whether rows were sent as objects rather than as lists.
    """
    columns = {column.name: (index, column) for index, column in enumerate(preprocessing.inputs)}
    faults = Faults()
    for unknown in rows.unknown:
        index, column = columns[unknown.column]
        detail = unknown_category(column, unknown.value)
        if where is None:
            faults.add(Fault(detail, row=unknown.row + 1, column=column.name))
        else:
            step = escaped(column.name) if by_name else index
            faults.add(Fault(detail, pointer=f"#/{where}/{unknown.row}/{step}"))
    faults.check()


def _value(column: InputColumn, value: Any, row: int, pointer: str, found: RowFindings) -> float:
    """Return a number, or a category's code; NaN for one that is missing or unknown."""
    if column.type is ColumnType.CATEGORY:
        return _code(column, value, row, pointer, found)
    if value is None and column.fill is not None:
        return float("nan")
    if column.is_date and (isinstance(value, str) or _is_no_day(value)):
        return _day(column, value, pointer, found)
    if type(value) not in (int, float):
        found.add(Fault(f"`{column.name}` must be a number, got {show(value)}{way_out(value)}", pointer=pointer))
        return 0.0
    try:
        return float(value)
    except OverflowError:
        found.add(Fault(f"`{column.name}` must be a finite number", pointer=pointer))
        return 0.0


def _is_no_day(value: Any) -> bool:
    """Return whether a number is a day of no year from 1 to 9999, as 20240131 and milliseconds since 1970 are not."""
    return type(value) in (int, float) and not FIRST_DAY <= value < LAST_DAY + 1


def _day(column: InputColumn, value: str | float, pointer: str, found: RowFindings) -> float:
    """Return the days since 1970-01-01 of an ISO 8601 date."""
    day = day_of(value.strip()) if isinstance(value, str) else None
    if day is None:
        detail = (
            f"`{column.name}` must be an ISO 8601 date such as 2024-01-31 or days since 1970-01-01, got {show(value)}"
        )
        found.add(Fault(detail, pointer=pointer))
        return 0.0
    return day


def _code(column: InputColumn, value: Any, row: int, pointer: str, found: RowFindings) -> float:
    """Return the code of a category; NaN, as it becomes all zeros, for one that is missing or unknown."""
    if value is None and found.fills:
        return float("nan")
    if isinstance(value, bool):
        spellings = column.truths[value]
        if len(spellings) > 1:
            detail = f"`{column.name}` has {' and '.join(map(show, spellings))}; send one of them as text"
            found.add(Fault(detail, pointer=pointer))
            return 0.0
        code = column.codes.get(spellings[0]) if spellings else None
    elif isinstance(value, str):
        code = column.codes.get(value)
    else:
        found.add(Fault(f"`{column.name}` must be text, got {show(value)}{as_text(column, value)}", pointer=pointer))
        return 0.0
    if code is not None:
        return float(code)
    found.add_unknown(row, column.name, value)
    return float("nan")


def _finite(rows: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise Invalid("a whole number is too large for a float64") from None
