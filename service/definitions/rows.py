"""Resolves which rows a job trains on, validates on and tests on, without reading them."""

from dataclasses import dataclass
from typing import TypeVar

from service.definitions.columns import Table
from service.definitions.targets import TO_HAVE_CLASSES
from service.definitions.training import TrainingDefinition
from service.definitions.training_parts import HeldOut, HeldOutTest, Validation
from service.errors import Invalid

VALIDATE_FROM_ROWS = 100

Part = TypeVar("Part", bound=HeldOut)


@dataclass(frozen=True)
class RowUse:
    """How many rows train, what validates and what tests, with defaults, and how many rows serve for neither."""

    training_rows: int
    validation: Validation | None
    test: HeldOutTest | None
    left_out: int


def resolve_rows(table: Table, training: TrainingDefinition, classes: bool) -> RowUse:
    """Return how the rows of a dataset are used; `classes` says whether targets are classes.

    Ranges are held out first, then the fraction that tests is drawn, then the fraction that validates.
    """
    start, end = training.rows or (0, table.rows)
    if end > table.rows:
        raise Invalid.at("#/training/rows", f"must end at {table.rows} at most, the dataset's rows, got {end}")
    validation, test = training.validation, training.test
    if "validation" not in training.model_fields_set and end - start >= VALIDATE_FROM_ROWS:
        validation = Validation(fraction=0.2)
    left_out = table.rows - (end - start)
    rows = end - start
    if test is not None:
        test = _stratified(test, classes, "test")
        _check_apart(test, validation)
    if validation is not None:
        validation = _stratified(validation, classes, "validation")
    for name, part in (("validation", validation), ("test", test)):
        outside = _outside(part, start, end, table.rows, name)
        left_out -= outside
        rows -= 0 if part is None or part.rows is None else part.rows[1] - part.rows[0] - outside
    rows -= _drawn(test, rows, "test")
    rows -= _drawn(validation, rows, "validation")
    if rows < 1:
        raise Invalid.at("#/training/validation" if test is None else "#/training/test", "leaves no rows to train on")
    return RowUse(rows, validation, test, left_out)


def _outside(part: HeldOut | None, start: int, end: int, rows: int, name: str) -> int:
    """Return how many rows of a range that is held out lie outside the rows `start` to `end`."""
    if part is None or part.rows is None:
        return 0
    first, last = part.rows
    if last > rows:
        raise Invalid.at(f"#/training/{name}/rows", f"must end at {rows} at most, got {last}")
    return last - first - max(0, min(end, last) - max(start, first))


def _drawn(part: HeldOut | None, rows: int, name: str) -> int:
    """Return how many of the rows are drawn for a part that is held out."""
    if part is None or part.fraction is None:
        return 0
    drawn = round(rows * part.fraction)
    if drawn < 1:
        verb = {"test": "test", "validation": "validate"}[name]
        raise Invalid.at(f"#/training/{name}/fraction", f"of {rows} rows leaves none to {verb} on")
    return drawn


def _check_apart(test: HeldOutTest, validation: Validation | None) -> None:
    """Raise `Invalid` when rows test that also validate: the validation chooses the best epoch."""
    if validation is None:
        return
    if test.dataset is not None and validation.dataset is not None and test.reference() == validation.reference():
        raise Invalid.at("#/training/test/dataset", f"`{test.dataset}` validates, so it chooses the best epoch")
    if test.rows is None or validation.rows is None:
        return
    first, last = max(test.rows[0], validation.rows[0]), min(test.rows[1], validation.rows[1])
    if first < last:
        raise Invalid.at("#/training/test/rows", f"rows {first} to {last} validate, so they choose the best epoch")


def _stratified(part: Part, classes: bool, name: str) -> Part:
    """Fill in `stratify`, which is only allowed with a fraction and by default is whether the targets are classes."""
    where = f"#/training/{name}/stratify"
    if part.fraction is None:
        if part.stratify:
            raise Invalid.at(where, "goes with `fraction` only")
        return part.model_copy(update={"stratify": None})
    if part.stratify and not classes:
        raise Invalid.at(where, f"needs classes, and the targets are values; {TO_HAVE_CLASSES}")
    return part.model_copy(update={"stratify": classes if part.stratify is None else part.stratify})
