"""Datasets as JSON: `inputs` with `targets`, or `rows` of a table. The JSON has been parsed, so it fits in memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.column_plans import in_order, plan_roles
from service.datasets.options import Limits, ReadOptions
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnType, Role, Table
from service.errors import Fault, Invalid

MAX_FAULTS = 10
DOUBLE = np.dtype("<f8")


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
        return writer.finish()


def _targets(targets: list[Any], options: ReadOptions) -> tuple[NDArray[np.float64], list[Plan]]:
    if all(isinstance(row, list) for row in targets):
        if all(len(row) == 1 and isinstance(row[0], str | bool) for row in targets):
            return _targets([row[0] for row in targets], options)
        Y = number_rows(targets, "targets", "target")
        names = ["target"] if Y.shape[1] == 1 else [f"target_{index + 1}" for index in range(Y.shape[1])]
        return Y, [Plan(name, Role.TARGET, ColumnType.NUMBER, None, options.target_type) for name in names]
    column, plan = column_of("target", Role.TARGET, targets, options, Limits(), missing_allowed=False)
    return column[:, None], [plan]


def number_rows(rows: list[Any], field: str, column: str) -> NDArray[np.float64]:
    """Return rows of numbers as an array (n, width); raise `Invalid` with the row and column of each fault."""
    faults: list[Fault] = []
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    if width == 0:
        raise Invalid(f"{field}, row 1: must be a list of numbers", [Fault("must be a list of numbers", row=1)])
    for number, row in enumerate(rows, 1):
        if len(faults) >= MAX_FAULTS:
            break
        if not isinstance(row, list):
            faults.append(Fault("must be a list of numbers", row=number))
        elif len(row) != width:
            faults.append(Fault(f"must have {width} values as the first row has, got {len(row)}", row=number))
        elif set(map(type, row)) - {int, float}:
            faults += [
                Fault(f"must be a number, got {_show(value)}", row=number, column=f"{column}_{index}")
                for index, value in enumerate(row, 1)
                if type(value) not in (int, float)
            ]
    if faults:
        raise Invalid(f"{field}, row {faults[0].row}: {faults[0].detail}", faults)
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
    roles = plan_roles(names, options.target, options.weight, options.drop)
    arrays, plans = [], []
    for name, role in roles.items():
        array, plan = column_of(name, role, table[names.index(name)], options, limits)
        arrays.append(array)
        plans.append(plan)
    with TableWriter(destination, plans, DOUBLE, options.scale) as writer:
        writer.append(np.column_stack(arrays))
        return writer.finish()


def check_names(names: Sequence[str], limits: Limits) -> None:
    """Raise `Invalid` when a column has no name, two have the same one, or there are too many columns."""
    if len(names) > limits.max_columns:
        raise Invalid(f"must have at most {limits.max_columns:,} columns, got {len(names):,}")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise Invalid(f"column {number} has no name in the header")
        if "\x00" in name or any("\ud800" <= character <= "\udfff" for character in name):
            raise Invalid(f"the name of column {number} must not hold NUL or half of a surrogate pair")
        if name in seen:
            raise Invalid(f"two columns are named `{name}`")
        seen.add(name)


def _names_of(rows: list[Any]) -> list[str]:
    if not isinstance(rows[0], dict):
        raise Invalid.at("#/columns", "is missing: rows that are lists need their columns' names")
    return list(rows[0])


def _by_column(names: list[str], rows: list[Any]) -> list[list[Any]]:
    faults = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            if row.keys() != set(names):
                odd = sorted(row.keys() ^ set(names))[0]
                faults.append(Fault("is missing" if odd not in row else "is not a column", row=number, column=odd))
        elif not isinstance(row, list):
            faults.append(Fault("must be a list or an object", row=number))
        elif len(row) != len(names):
            faults.append(Fault(f"must have {len(names)} values, got {len(row)}", row=number))
    if faults:
        raise Invalid(f"rows, row {faults[0].row}: {faults[0].detail}", faults)
    return [[row[name] if isinstance(row, dict) else row[index] for row in rows] for index, name in enumerate(names)]


def column_of(
    name: str, role: Role, values: list[Any], options: ReadOptions, limits: Limits, missing_allowed: bool = True
) -> tuple[NDArray[np.float64], Plan]:
    """Return one column as numbers: numbers unchanged, texts or booleans as codes of categories.

    Raises
    ------
    Invalid
        When values have different types, or are missing without `missing_allowed`.
    """
    kinds = {type(value) for value in values} - {type(None)}
    class_or_value = options.target_type if role is Role.TARGET else None
    faults = []
    if type(None) in {type(value) for value in values} and not missing_allowed:
        faults = [Fault("must not be null", row=n, column=name) for n, v in enumerate(values, 1) if v is None]
    elif kinds <= {int, float}:
        try:
            array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        except OverflowError:
            raise Invalid(f"column `{name}` holds a whole number too large for a float64") from None
        return array, Plan(name, role, ColumnType.NUMBER, None, class_or_value)
    elif kinds <= {str, bool} and role is not Role.WEIGHT:
        texts = [None if value is None else _text(value, number, name) for number, value in enumerate(values, 1)]
        categories = in_order({text for text in texts if text is not None})
        if len(categories) > limits.max_categories:
            raise Invalid(
                f"column `{name}` has over {limits.max_categories:,} different texts; drop it or name it less"
            )
        codes = {text: float(code) for code, text in enumerate(categories)}
        array = np.array([np.nan if text is None else codes[text] for text in texts])
        return array, Plan(name, role, ColumnType.CATEGORY, categories, class_or_value)
    else:
        wanted = (int, float) if kinds & {int, float} or role is Role.WEIGHT else (str, bool)
        word = "a number" if wanted == (int, float) else "text"
        faults = [
            Fault(f"must be {word}, got {_show(value)}", row=number, column=name)
            for number, value in enumerate(values, 1)
            if value is not None and type(value) not in wanted
        ]
    raise Invalid(f"column `{name}`, row {faults[0].row}: {faults[0].detail}", faults)


def _text(value: str | bool, row: int, column: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        fault = Fault("must not hold NUL or half of a surrogate pair", row=row, column=column)
        raise Invalid(f"column `{column}`, row {row}: {fault.detail}", [fault])
    return value


def _show(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) < 40 else text[:37] + "..."
