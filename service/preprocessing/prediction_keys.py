"""Checks the keys of rows to predict that are objects: which columns they leave out, and what else they have."""

from collections.abc import Sequence
from typing import Any

from service.errors import Fault, Faults
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_faults import left_out, readable

MOST_FORMS = 1000  # sets of keys of rows that lack a column
MAX_KEYS = 1000  # of an object that are compared with a column's name


def check_keys(inputs: Sequence[InputColumn], rows: list[Any], faults: Faults, where: str, fills: bool) -> list[str]:
    """Return the keys of rows that are no columns; raise `Invalid` for the columns that rows leave out.

    `fills` is whether missing values are filled.
    What a set of keys leaves out is found once, and of rows with keys of their own for the first `MOST_FORMS`.
    """
    names = {column.name for column in inputs}
    extra: dict[str, None] = {}
    absent_of: dict[frozenset[str], tuple[str, ...]] = {}
    absent_from: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() == names:
            continue
        keys = frozenset(row)
        if keys not in absent_of:
            extra |= dict.fromkeys(readable(name) for name in row if name not in names)
            absent_of[keys] = tuple(column.name for column in inputs if column.name not in row)
        if absent_of[keys]:
            absent_from.setdefault(absent_of[keys], []).append(number)
            if len(absent_of) > MOST_FORMS:
                break
    _refuse_absent(absent_from, rows, names, faults, where, fills)
    return list(extra)


def _refuse_absent(
    absent_from: dict[tuple[str, ...], list[int]],
    rows: list[Any],
    names: set[str],
    faults: Faults,
    where: str,
    fills: bool,
) -> None:
    """Raise `Invalid` with a fault for each set of columns that rows, given by their numbers, leave out."""
    way_out = "; send null for a value that is not known" if fills else ""
    for absent, numbers in absent_from.items():
        others = [name for name in list(rows[numbers[0]])[:MAX_KEYS] if name not in names]
        detail = left_out(absent, others, len(numbers)) + way_out
        faults.add(Fault(detail, pointer=f"#/{where}/{numbers[0]}"))
    faults.check()
