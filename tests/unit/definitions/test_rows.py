"""How many rows train, validate and test, and which combinations are refused."""

from typing import Any

import pytest

from service.definitions.columns import Table
from service.definitions.rows import resolve_rows
from service.definitions.training import TrainingDefinition
from service.definitions.training_parts import HeldOutTest, Validation
from service.definitions.validation import check
from service.errors import Invalid


def use(training: Any, classes: bool = False, rows: int = 200) -> Any:
    return resolve_rows(Table(rows, (), "float64", 1.0, "", 0), check(TrainingDefinition, training), classes)


def test_a_number_is_short_for_a_fraction_and_classes_are_drawn_by_their_shares() -> None:
    found = use({"test": 0.1}, classes=True)
    assert found.test == HeldOutTest(fraction=0.1, stratify=True)
    assert found.validation == Validation(fraction=0.2, stratify=True)
    assert use({"test": {"fraction": 0.1, "stratify": False}}, classes=True).test == HeldOutTest(
        fraction=0.1, stratify=False
    )
    assert use({"test": {"dataset": "other"}}, classes=True).test == HeldOutTest(dataset="other")


@pytest.mark.parametrize(
    ("training", "rows"),
    [
        ({"validation": None}, 200),
        ({}, 160),
        ({"test": 0.1}, 144),
        ({"test": 0.1, "validation": None}, 180),
        ({"test": {"rows": [0, 50]}}, 120),
        ({"test": 0.5, "validation": {"rows": [100, 200]}}, 50),
        ({"rows": [0, 100], "test": {"rows": [90, 150]}, "validation": {"rows": [0, 10]}}, 80),
        ({"test": {"dataset": "other"}}, 160),
    ],
)
def test_the_training_rows_are_those_that_are_left(training: Any, rows: int) -> None:
    assert use(training).training_rows == rows


@pytest.mark.parametrize(
    ("training", "pointer", "says"),
    [
        ({"test": {"rows": [100, 300]}}, "/test/rows", "must end at 200 at most, got 300"),
        ({"test": 0.001}, "/test/fraction", "of 200 rows leaves none to test on"),
        ({"test": {"rows": [0, 200]}, "validation": None}, "/test", "leaves no rows to train on"),
        ({"test": {"fraction": 0.1, "stratify": True}}, "/test/stratify", "needs classes"),
        ({"test": {"rows": [0, 9], "stratify": True}}, "/test/stratify", "goes with `fraction` only"),
        (
            {"test": {"rows": [0, 50]}, "validation": {"rows": [40, 90]}},
            "/test/rows",
            "rows 40 to 50 validate, so they choose the best epoch",
        ),
        (
            {"test": {"dataset": "other"}, "validation": {"dataset": "other"}},
            "/test/dataset",
            "`other` validates, so it chooses the best epoch",
        ),
    ],
)
def test_what_cannot_test_is_refused(training: Any, pointer: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as caught:
        use(training)
    assert caught.value.faults[0].pointer == f"#/training{pointer}"


@pytest.mark.parametrize("training", [{"test": {}}, {"test": {"fraction": 0.1, "rows": [0, 2]}}, {"test": 1.0}])
def test_test_rows_are_chosen_in_one_way(training: Any) -> None:
    with pytest.raises(Invalid):
        check(TrainingDefinition, training)
