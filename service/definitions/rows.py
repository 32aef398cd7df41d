"""Resolves which rows a job trains on and which it validates on, without reading them."""

from service.definitions.columns import Table
from service.definitions.targets import TO_HAVE_CLASSES
from service.definitions.training import TrainingDefinition
from service.definitions.training_parts import Validation
from service.errors import Invalid

VALIDATE_FROM_ROWS = 100


def resolve_rows(table: Table, training: TrainingDefinition, classes: bool) -> tuple[int, Validation | None]:
    """Return the number of training rows, and the validation with its defaults.

    `classes` says whether targets are classes.
    """
    start, end = training.rows or (0, table.rows)
    if end > table.rows:
        raise Invalid.at("#/training/rows", f"must end at {table.rows} at most, the dataset's rows, got {end}")
    validation = training.validation
    if "validation" not in training.model_fields_set and end - start >= VALIDATE_FROM_ROWS:
        validation = Validation(fraction=0.2)
    if validation is not None:
        validation = _stratified(validation, classes)
    rows = end - start
    if validation is not None and validation.rows is not None:
        first, last = validation.rows
        if last > table.rows:
            raise Invalid.at("#/training/validation/rows", f"must end at {table.rows} at most, got {last}")
        rows -= max(0, min(end, last) - max(start, first))
    if validation is not None and validation.fraction is not None:
        held_out = round(rows * validation.fraction)
        if held_out < 1:
            raise Invalid.at("#/training/validation/fraction", f"of {rows} rows leaves none to validate on")
        rows -= held_out
    if rows < 1:
        raise Invalid.at("#/training/validation", "leaves no rows to train on")
    return rows, validation


def rows_left_out(table: Table, training: TrainingDefinition, validation: Validation | None) -> int:
    """Return how many rows of the dataset neither train nor validate."""
    start, end = training.rows or (0, table.rows)
    used = end - start
    if validation is not None and validation.rows is not None:
        first, last = validation.rows
        used += last - first - max(0, min(end, last) - max(start, first))
    return table.rows - used


def _stratified(validation: Validation, classes: bool) -> Validation:
    """Fill in `stratify`, which is only allowed with a fraction and by default is whether the targets are classes."""
    where = "#/training/validation/stratify"
    if validation.fraction is None:
        if validation.stratify:
            raise Invalid.at(where, "goes with `fraction` only")
        return validation.model_copy(update={"stratify": None})
    if validation.stratify and not classes:
        raise Invalid.at(where, f"needs classes, and the targets are values; {TO_HAVE_CLASSES}")
    return validation.model_copy(update={"stratify": classes if validation.stratify is None else validation.stratify})
