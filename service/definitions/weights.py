"""Checks weights of rows, as far as the statistics of their column show, and weights of classes."""

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.guessing import guess
from service.definitions.targets import TO_HAVE_CLASSES
from service.errors import Fault, Faults, Invalid, escaped

MAX_GUESSES = 100  # with more labels, messages neither suggest nor list any


def check_sample_weights(table: Table, left_out: int, where: str = "#/dataset") -> None:
    """Raise `Invalid` when the column of weights holds text, or values that are missing, negative or all 0.

    `left_out` rows are used neither for training nor for validation. When there are any, faults that may lie in them
    alone are left to the check that reads the rows.
    """
    for column in table.having(Role.WEIGHT):
        fault = _fault(column, left_out)
        if fault is not None:
            raise Invalid.at(where, f"column `{column.name}` {fault}")


def _fault(column: Column, left_out: int) -> str | None:
    if column.type is ColumnType.CATEGORY:
        return "must hold numbers to weigh rows by, and holds text"
    if column.missing > left_out:
        return f"has {column.missing} missing values, but every row needs a weight"
    if column.minimum is not None and column.minimum < 0 and not left_out:
        return f"holds {column.minimum:g}, but a weight must be at least 0"
    if column.maximum is not None and column.maximum <= 0:
        return f"holds {column.maximum:g} at most, but some weight must be above 0"
    return None


def check_class_weights(choice: str | dict[str, float] | None, labels: tuple[str | int, ...] | None) -> None:
    """Raise `Invalid` unless the job's `class_weights` fit the `labels` of its targets; None for values."""
    where = "#/training/class_weights"
    if choice is None:
        return
    if labels is None:
        raise Invalid.at(where, f"needs classes, and the targets are values; {TO_HAVE_CLASSES}")
    if isinstance(choice, str):
        return
    known = dict.fromkeys(map(str, labels))
    faults = Faults()
    for label in choice:
        if label not in known:
            detail = f"`{label}` is no class of the targets{_guess(label, list(known))}"
            faults.add(Fault(detail, pointer=f"{where}/{escaped(label)}"))
    faults.check()
    if not any(choice.get(label, 1.0) for label in known):
        raise Invalid.at(where, "must be above 0 for some class, and all weigh 0")


def _guess(label: str, known: list[str]) -> str:
    return guess(label, known) if len(known) <= MAX_GUESSES else ""
