"""Preprocessing that a file brings along is what a job could have fitted, or is refused before anything is stored."""

import json
from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import ColumnType
from service.export.stored_fitted import checked_preprocessing
from service.models.signature import example
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from tests.unit.export.cases import CATEGORY, NUMBER, cases, fitted, numbers

CLASSES = fitted(numbers(3))
WHY = r"name|columns|NUL|category twice|finite|divisor of 0|scaling|class|values with"
VALUES = fitted(numbers(3), labels=None, codes=None)


def checked(preprocessing: Preprocessing) -> Preprocessing:
    record = {**preprocessing.to_dict(), "decision": preprocessing.decision}
    return checked_preprocessing(json.loads(json.dumps(record)))


def with_input(name: str = "x0", type: ColumnType = NUMBER, **fields: Any) -> Preprocessing:
    return replace(CLASSES, inputs=(InputColumn(name, type, **fields), *CLASSES.inputs[1:]))


@pytest.mark.parametrize("name", cases())
def test_what_jobs_fit_is_taken(name: str) -> None:
    found = cases()[name].exported.preprocessing
    assert checked(found) == found


@pytest.mark.parametrize(
    "wrong",
    [
        with_input("x\0y"),
        with_input("\ud800"),
        with_input(""),
        with_input("a" * 1001),
        with_input("x1"),
        with_input(type=CATEGORY, categories=("a", "\0")),
        with_input(type=CATEGORY, categories=("a", "a")),
        with_input(mean=float("inf")),
        with_input(divisor=0.0),
        with_input(divisor=5e-324),
        replace(with_input(fill=1e300), scale=1e10),
        replace(with_input(offset=1e300), scale=1e10),
        replace(CLASSES, scale=5e-324),
        replace(CLASSES, numbers="auto"),
        replace(CLASSES, missing="never"),
        replace(CLASSES, target_values="log"),
        replace(CLASSES, labels=("a", "a", "b")),
        replace(CLASSES, labels=("a", "\0", "b")),
        replace(CLASSES, labels=(1, 2, 2**63)),
        replace(CLASSES, codes=(0.0,)),
        replace(CLASSES, targets=(TargetColumn("a"), TargetColumn("b"))),
        replace(CLASSES, decision=0.5),
        replace(VALUES, single_output=True),
        replace(VALUES, targets=(TargetColumn("a"), TargetColumn("a"))),
        replace(VALUES, targets=(TargetColumn("a", 1e308, 1e308),)),
    ],
)
def test_what_no_job_fits_is_refused(wrong: Preprocessing) -> None:
    with pytest.raises(ValueError, match=WHY):
        checked(wrong)


def test_a_date_beyond_all_years_has_an_example() -> None:
    found = example(with_input("seen", is_date=True, mean=1e300))["instances"][0]
    assert found["seen"] == 1e300
