"""Datasets as JSON: `inputs` with `targets`, or `rows` of a table. The JSON has been parsed, so it fits in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.column_plans import (
    DOUBLE,
    LARGEST_WHOLE,
    ColumnRequest,
    category_plan,
    is_text_beyond_doubles,
    number_plan,
    requests_of,
    warnings_of,
)
from service.datasets.options import Limits, ReadOptions
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnKind, ColumnType, Role, Table
from service.errors import Fault, Faults, Invalid
from service.preprocessing.dates import day_of


def read_json_arrays(
    inputs: list[Any], targets: list[Any] | None, options: ReadOptions, limits: Limits, destination: Path
) -> Table:
    """Store `inputs`, rows of numbers, with `targets`: rows of numbers, or one number, text or boolean for each row."""
    if not inputs:
        raise Invalid.at("#/inputs", "must have at least one row")
    X = number_rows(inputs, "inputs", "input")
    plans = [Plan(f"input_{index + 1}", Role.INPUT, ColumnType.NUMBER) for index in range(X.shape[1])]
    if X.shape[1] > limits.max_columns:
        raise Invalid.at("#/inputs", f"must have at most {limits.max_columns:,} columns, got {X.shape[1]:,}")
    blocks = [X]
    if targets is not None:
        if len(targets) != len(inputs):
            raise Invalid.at("#/targets", f"must have {len(inputs)} rows as `inputs` has, got {len(targets)}")
        Y, target_plans = _targets(targets, options)
        blocks.append(Y)
        plans += target_plans
    with TableWriter(destination, plans, DOUBLE, options.scale) as writer:
        writer.append(np.hstack(blocks))
        return writer.finish({"format": "json", "dates": []})


def _targets(targets: list[Any], options: ReadOptions) -> tuple[NDArray[np.float64], list[Plan]]:
    if all(isinstance(row, list) for row in targets):
        if all(len(row) == 1 and isinstance(row[0], str | bool) for row in targets):
            return _targets([row[0] for row in targets], options)
        Y = number_rows(targets, "targets", "target")
        names = ["target"] if Y.shape[1] == 1 else [f"target_{index + 1}" for index in range(Y.shape[1])]
        return Y, [Plan(name, Role.TARGET, ColumnType.NUMBER, None, options.target_type) for name in names]
    request = ColumnRequest("target", Role.TARGET, None, options.target_type)
    column, plan = column_of(request, targets, Limits(), missing_allowed=False)
    return column[:, None], [plan]


def number_rows(rows: list[Any], field: str, column: str) -> NDArray[np.float64]:
    """Return rows of numbers as an array (n, width); raise `Invalid` with the row and column of each fault."""
    faults = Faults()
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    if width == 0:
        raise Invalid(f"{field}, row 1: must be a list of numbers", [Fault("must be a list of numbers", row=1)])
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            faults.add(Fault(f"must be a list of numbers, as rows of `{field}` are", row=number))
        elif len(row) != width:
            detail = f"must have {width} values as the first row of `{field}` has, got {len(row)}"
            faults.add(Fault(detail, row=number))
        elif set(map(type, row)) - {int, float}:
            for index, value in enumerate(row, 1):
                if type(value) not in (int, float):
                    faults.add(Fault(f"must be a number, got {_show(value)}", row=number, column=f"{column}_{index}"))
    faults.check()
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise Invalid(f"{field}: holds a whole number too large for a float64") from None


def read_json_rows(
    columns: list[str] | None, rows: list[Any], options: ReadOptions, limits: Limits, destination: Path
) -> Table:
    """Store `rows`: lists in the order of `columns`, or objects by column; null is a missing value."""
    if not rows:
        raise Invalid.at("#/rows", "must have at least one row")
    names = columns if columns is not None else _names_of(rows)
    check_names(names, limits)
    table = _by_column(names, rows)
    arrays, plans = [], []
    for name, request in requests_of(names, options).items():
        array, plan = column_of(request, table[names.index(name)], limits)
        arrays.append(array)
        plans.append(plan)
    read = {"format": "json", "dates": [plan.name for plan in plans if plan.is_date]}
    warnings = [warning for plan in plans for warning in warnings_of(plan, len(rows))]
    with TableWriter(destination, plans, DOUBLE, options.scale) as writer:
        writer.append(np.column_stack(arrays))
        return writer.finish(read, warnings)


def check_names(names: Sequence[str], limits: Limits) -> None:
    """Raise `Invalid` when a column has no name, two have the same one, or there are too many columns."""
    if len(names) > limits.max_columns:
        raise Invalid(f"must have at most {limits.max_columns:,} columns, got {len(names):,}")
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise Invalid(f"column {number} has no name in the header")
        if "\x00" in name or any("\ud800" <= character <= "\udfff" for character in name):
            raise Invalid(f"the name of column {number} must not hold NUL or half of a surrogate pair")
        if name in seen:
            raise Invalid(f"two columns are named `{name}`: the columns {seen[name]} and {number}; rename one of them")
        seen[name] = number


def _names_of(rows: list[Any]) -> list[str]:
    if not isinstance(rows[0], dict):
        raise Invalid.at("#/columns", "is missing: rows that are lists need their columns' names")
    return list(rows[0])


def _by_column(names: list[str], rows: list[Any]) -> list[list[Any]]:
    faults = Faults()
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            if row.keys() != set(names):
                odd = sorted(row.keys() ^ set(names))[0]
                faults.add(Fault("is missing" if odd not in row else "is not a column", row=number, column=odd))
        elif not isinstance(row, list):
            faults.add(Fault("must be a list or an object", row=number))
        elif len(row) != len(names):
            faults.add(Fault(f"must have {len(names)} values, got {len(row)}", row=number))
    faults.check()
    return [[row[name] if isinstance(row, dict) else row[index] for row in rows] for index, name in enumerate(names)]


def column_of(
    request: ColumnRequest, values: list[Any], limits: Limits, missing_allowed: bool = True
) -> tuple[NDArray[np.float64], Plan]:
    """Return one column as numbers: numbers unchanged, dates as days, other texts or booleans as codes of categories.

    Raises
    ------
    Invalid
        When values have different types, or are missing without `missing_allowed`.
    """
    name = request.name
    kinds = {type(value) for value in values}
    faults = Faults()
    if type(None) in kinds and not missing_allowed:
        for number, value in enumerate(values, 1):
            if value is None:
                faults.add(Fault("must not be null", row=number, column=name))
        faults.check()
    kinds -= {type(None)}
    if not kinds:
        if request.kind in (None, ColumnKind.CATEGORY) and not request.must_be_number:
            raise Invalid.from_faults([Fault(f"has only null; leave it out with `drop={name}`", column=name)])
        return _numbers(name, values), number_plan(request, request.kind is ColumnKind.DATE)
    if request.kind is ColumnKind.CATEGORY and kinds <= {int, float, str, bool}:
        return _categories(request, [_as_text(value) for value in values], limits)
    if kinds <= {int, float} and request.kind is not ColumnKind.DATE:
        if _is_text(request, values):
            return _categories(request, [_as_text(value) for value in values], limits)
        return _numbers(name, values), number_plan(request)
    if kinds <= {str, bool} and not request.must_be_number:
        days = _days(request, values) if kinds == {str} else None
        if days is not None:
            return days, number_plan(request, is_date=True)
        if request.kind is None:
            return _categories(request, [_as_text(value) for value in values], limits)
    wanted = _wanted(request, kinds)
    for number, value in enumerate(values, 1):
        if value is not None and (type(value) not in wanted or _is_no_date(request, value)):
            faults.add(Fault(f"must be {WORDS[wanted]}, got {_show(value)}", row=number, column=name))
    faults.check()
    raise AssertionError("a column without faults has been read")


NUMBERS, TEXTS, DATES = (int, float), (str, bool), (str,)
WORDS = {NUMBERS: "a number", TEXTS: "text", DATES: "an ISO 8601 date such as 2024-01-31"}


def _wanted(request: ColumnRequest, kinds: set[type]) -> tuple[type, ...]:
    """Return the types that the values of a column must have, which they do not all have."""
    if request.kind is ColumnKind.DATE:
        return DATES
    if request.kind is ColumnKind.CATEGORY:
        return TEXTS
    return NUMBERS if kinds & set(NUMBERS) or request.must_be_number else TEXTS


def _is_no_date(request: ColumnRequest, value: Any) -> bool:
    return request.kind is ColumnKind.DATE and day_of(value) is None


def _numbers(name: str, values: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except OverflowError:
        raise Invalid(f"column `{name}` holds a whole number too large for a float64") from None


def _is_text(request: ColumnRequest, values: list[Any]) -> bool:
    """Return whether whole numbers beyond 2^53 make a target text; raise `Invalid` for an input with one."""
    for number, value in enumerate(values, 1):
        if type(value) is int and abs(value) > LARGEST_WHOLE:
            return abs(value) < 10**300 and is_text_beyond_doubles(request, str(value), number)
    return False


def _days(request: ColumnRequest, values: list[Any]) -> NDArray[np.float64] | None:
    """Return the days of a column of dates, NaN for null; None when a text is none or classes are wanted."""
    if request.class_or_value == "class" and request.kind is None:
        return None
    days = [np.nan if value is None else day_of(value) for value in values]
    return None if None in days else np.array(days, dtype=np.float64)


def _categories(request: ColumnRequest, texts: list[str | None], limits: Limits) -> tuple[NDArray[np.float64], Plan]:
    for number, text in enumerate(texts, 1):
        if text is not None:
            _check_text(text, number, request.name)
    plan = category_plan(request, {text for text in texts if text is not None}, limits)
    codes = {text: float(code) for code, text in enumerate(plan.categories or ())}
    return np.array([np.nan if text is None else codes[text] for text in texts]), plan


def _as_text(value: Any) -> str | None:
    """Return a value as the text of a category, as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _check_text(text: str, row: int, column: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid.from_faults([Fault("must not hold NUL or half of a surrogate pair", row=row, column=column)])


def _show(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) < 40 else text[:37] + "..."
