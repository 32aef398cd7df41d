"""Datasets as JSON: `inputs` with `targets`, or `rows` of a table. The JSON has been parsed, so it fits in memory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.column_plans import (
    DOUBLE,
    LARGEST_WHOLE,
    ColumnRequest,
    check_names,
    report,
    requests_of,
    write_table,
)
from service.datasets.json_columns import JsonColumn, how_changed, show
from service.datasets.options import TO_HAVE_MORE, Limits, ReadOptions
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnType, Role, Table, input_names, target_names
from service.definitions.how_read import HowRead
from service.errors import Fault, Faults, Invalid


def read_json_arrays(
    inputs: list[Any], targets: list[Any] | None, options: ReadOptions, limits: Limits, destination: Path
) -> Table:
    """Store `inputs`, rows of numbers, with `targets`: rows of numbers, or one number, text or boolean for each row."""
    if not inputs:
        raise Invalid.at("#/inputs", "must have at least one row")
    _check_features(inputs, "inputs", limits)
    X = number_rows(inputs, "inputs", "input")
    plans = [Plan(name, Role.INPUT, ColumnType.NUMBER) for name in input_names(X.shape[1])]
    blocks = [X]
    if targets is not None:
        if len(targets) != len(inputs):
            raise Invalid.at("#/targets", f"must have {len(inputs)} rows as `inputs` has, got {len(targets)}")
        Y, target_plans = _targets(targets, options, limits)
        blocks.append(Y)
        plans += target_plans
    with TableWriter(destination, plans, DOUBLE, options.scale) as writer:
        writer.append(np.hstack(blocks))
        return writer.finish(HowRead("json"))


def _targets(targets: list[Any], options: ReadOptions, limits: Limits) -> tuple[NDArray[np.float64], list[Plan]]:
    if all(isinstance(row, list) for row in targets):
        if all(len(row) == 1 and isinstance(row[0], str | bool) for row in targets):
            return _targets([row[0] for row in targets], options, limits)
        _check_features(targets, "targets", limits)
        Y = number_rows(targets, "targets", "target")
        names = target_names(Y.shape[1])
        return Y, [Plan(name, Role.TARGET, ColumnType.NUMBER, None, options.target_type) for name in names]
    faults = Faults()
    for row, value in enumerate(targets, 1):
        if value is None:
            faults.add(Fault("must not be null", row=row, column="target"))
    faults.check()
    column = JsonColumn(ColumnRequest("target", Role.TARGET, None, options.target_type), limits)
    column.survey(targets, 1)
    planned = column.plan()
    return planned.convert(targets)[:, None], [planned.plan]


def _check_features(rows: list[Any], field: str, limits: Limits) -> None:
    """Raise `Invalid` when the first row, as long as all others, has more numbers than are taken."""
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    if width > limits.max_features:
        detail = f"must have at most {limits.max_features:,} values a row, got {width:,}: {TO_HAVE_MORE}"
        raise Invalid.at(f"#/{field}/0", detail)


def number_rows(rows: list[Any], field: str, column: str) -> NDArray[np.float64]:
    """Return rows of numbers as an array (n, width); raise `Invalid` with the row and column of each fault."""
    faults = Faults()
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    if width == 0:
        raise Invalid(f"{field}, row 1: must be a list of numbers", [Fault("must be a list of numbers", row=1)])
    known: object = None  # the same list again needs no second look
    for number, row in enumerate(rows, 1):
        if row is known is not None:
            continue
        if not isinstance(row, list):
            faults.add(Fault(f"must be a list of numbers, as rows of `{field}` are", row=number))
        elif len(row) != width:
            detail = f"must have {width} values as the first row of `{field}` has, got {len(row)}"
            faults.add(Fault(detail, row=number))
        elif (kinds := set(map(type, row))) - {int, float}:
            for index, value in enumerate(row, 1):
                if type(value) not in (int, float):
                    faults.add(Fault(f"must be a number, got {show(value)}", row=number, column=f"{column}_{index}"))
        elif int in kinds and max(max(row), -min(row)) > LARGEST_WHOLE:
            _check_whole(row, number, column, faults)
        else:
            known = row
    faults.check()
    return np.array(rows, dtype=np.float64)


def _check_whole(row: list[Any], number: int, column: str, faults: Faults) -> None:
    """Add a fault for each whole number of a row that a float64 would change."""
    for index, value in enumerate(row, 1):
        if type(value) is int and (changed := how_changed(value)):
            faults.add(Fault(f"is {changed}: {show(value)}", row=number, column=f"{column}_{index}"))


def read_json_rows(
    columns: list[str] | None, rows: list[Any], options: ReadOptions, limits: Limits, destination: Path
) -> Table:
    """Store `rows`: lists in the order of `columns`, or objects by column; null is a missing value."""
    if not rows:
        raise Invalid.at("#/rows", "must have at least one row")
    names = columns if columns is not None else _names_of(rows)
    check_names(names, limits)
    table = dict(zip(names, _by_column(names, rows), strict=True))
    requests = requests_of(names, options)
    surveyed = [JsonColumn(request, limits) for request in requests.values()]
    for column in surveyed:
        column.survey(table[column.request.name], 1)
    planned = [column.plan() for column in surveyed]
    block = [table[name] for name in requests]
    return write_table(destination, planned, [block], options.scale, report("json", planned), limits)


def _names_of(rows: list[Any]) -> list[str]:
    if not isinstance(rows[0], dict):
        raise Invalid.at("#/columns", "is missing: rows that are lists need their columns' names")
    return list(rows[0])


def _by_column(names: list[str], rows: list[Any]) -> list[list[Any]]:
    faults, known = Faults(), set(names)
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            if row.keys() != known:
                odd = sorted(row.keys() ^ known)[0]
                faults.add(Fault("is missing" if odd not in row else "is not a column", row=number, column=odd))
        elif not isinstance(row, list):
            faults.add(Fault("must be a list or an object", row=number))
        elif len(row) != len(names):
            faults.add(Fault(f"must have {len(names)} values, got {len(row)}", row=number))
    faults.check()
    return [[row[name] if isinstance(row, dict) else row[index] for row in rows] for index, name in enumerate(names)]
