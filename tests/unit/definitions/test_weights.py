"""Weights that cannot weigh rows or classes are refused when the job is sent, as far as statistics show."""

from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.rows import resolve_rows
from service.definitions.training import TrainingDefinition
from service.definitions.validation import check
from service.definitions.weights import check_class_weights, check_sample_weights
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
def test_what_is_surely_wrong_is_refused_at_once(column: Column, left_out: int, says: str) -> None:
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
        ({"rows": [10, 30], "test": 0.5}, 30),
        ({"rows": [10, 30], "test": {"rows": [0, 5]}}, 25),
        ({"rows": [10, 30], "test": {"rows": [25, 50]}, "validation": {"rows": [0, 5]}}, 5),
    ],
)
def test_rows_left_out_neither_train_nor_validate_nor_test(training: Any, left_out: int) -> None:
    definition = check(TrainingDefinition, training)
    assert resolve_rows(table(), definition, classes=False).left_out == left_out


@pytest.mark.parametrize(
    ("choice", "labels", "where", "says"),
    [
        ("balanced", None, "", "needs classes, and the targets are values"),
        ({"a": 1.0}, None, "", "needs classes"),
        ({"spam": 1.0, "hma": 2.0}, ("ham", "spam"), "/hma", "`hma` is no class .*; did you mean `ham`?"),
        ({"5": 1.0}, (1, 2), "/5", "`5` is no class of the targets; known are `1`, `2`"),
        ({"a/b~c": 1.0}, ("x", "y"), "/a~1b~0c", "is no class"),
        ({"x": 1.0}, tuple(range(1000)), "/x", "`x` is no class of the targets$"),
        ({"1": 0.0, "2": 0.0}, (1, 2), "", "must be above 0 for some class, and all weigh 0"),
    ],
)
def test_weights_of_classes_are_pointed_at(choice: Any, labels: Any, where: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        check_class_weights(choice, labels)
    assert caught.value.faults[0].pointer == f"#/training/class_weights{where}"


@pytest.mark.parametrize("choice", [None, "balanced", {}, {"1": 0.0}, {"1": 2.5, "2": 0.0}])
def test_weights_of_classes_that_fit_pass(choice: Any) -> None:
    check_class_weights(choice, (1, 2))


def test_every_unknown_class_is_reported() -> None:
    with pytest.raises(Invalid) as caught:
        check_class_weights({"c": 1.0, "a": 1.0, "d": 2.0}, ("a", "b"))
    assert [fault.pointer for fault in caught.value.faults] == [
        "#/training/class_weights/c",
        "#/training/class_weights/d",
    ]
