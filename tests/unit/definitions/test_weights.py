"""Weights that cannot weigh rows are refused when the job is sent, as far as the column's statistics tell."""

from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.rows import rows_left_out
from service.definitions.training import TrainingDefinition
from service.definitions.validation import check
from service.definitions.weights import check_sample_weights
from service.errors import Invalid

W = Column("w", Role.WEIGHT, ColumnType.NUMBER, minimum=0.0, maximum=2.0)


def table(*columns: Column) -> Table:
    return Table(50, columns, "float64", 1.0, "0" * 64, 0)


@pytest.mark.parametrize(
    ("column", "left_out", "says"),
    [
        (replace(W, minimum=-1.5), 0, "column `w` holds -1.5, but a weight must be at least 0"),
        (replace(W, missing=3), 0, "column `w` has 3 missing values, but every row needs a weight"),
        (replace(W, missing=3), 2, "column `w` has 3 missing values"),
        (replace(W, maximum=0.0), 20, "column `w` holds 0 at most, but some weight must be above 0"),
        (replace(W, minimum=-2.0, maximum=-1.0), 20, "column `w` holds -1 at most"),
        (replace(W, minimum=None, maximum=None, missing=50), 20, "column `w` has 50 missing values"),
        (Column("w", Role.WEIGHT, ColumnType.CATEGORY, categories=("x",)), 0, "holds text"),
    ],
)
def test_what_is_surely_wrong_is_told_at_once(column: Column, left_out: int, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check_sample_weights(table(column), left_out)
    assert caught.value.faults[0].pointer == "#/dataset"


@pytest.mark.parametrize(
    ("column", "left_out"), [(W, 0), (replace(W, minimum=-1.5), 1), (replace(W, missing=3), 3), (W, 49)]
)
def test_what_the_rows_left_out_may_hide_waits_for_the_rows(column: Column, left_out: int) -> None:
    check_sample_weights(table(column), left_out)


def test_without_weights_there_is_nothing_to_check() -> None:
    check_sample_weights(table(), 0)


@pytest.mark.parametrize(
    ("training", "left_out"),
    [
        ({}, 0),
        ({"rows": [0, 50]}, 0),
        ({"rows": [10, 30]}, 30),
        ({"rows": [10, 30], "validation": 0.5}, 30),
        ({"rows": [10, 30], "validation": {"rows": [0, 5]}}, 25),
        ({"rows": [10, 30], "validation": {"rows": [25, 50]}}, 10),
        ({"validation": {"rows": [25, 50]}}, 0),
    ],
)
def test_rows_left_out_are_neither_trained_on_nor_validate(training: Any, left_out: int) -> None:
    definition = check(TrainingDefinition, training)
    assert rows_left_out(table(), definition, definition.validation) == left_out
