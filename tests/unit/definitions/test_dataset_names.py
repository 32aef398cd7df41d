"""Datasets are named `name` or `name@version`, or by a version next to the name."""

from typing import Any

import pytest
from pydantic import BaseModel

from service.definitions.dataset_names import DatasetReference, parse_reference
from service.definitions.explaining import EvaluateRequest
from service.definitions.requests import ForkRequest, JobRequest
from service.definitions.training_parts import Validation
from service.definitions.validation import check
from service.errors import Fault, Invalid

ROWS = {"inputs": [[1]], "targets": [1]}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("churn", DatasetReference("churn")),
        ("churn@1", DatasetReference("churn", 1)),
        ("a.b_c-1@999999999", DatasetReference("a.b_c-1", 999_999_999)),
        ("x" * 64 + "@12", DatasetReference("x" * 64, 12)),
    ],
)
def test_what_a_name_means(text: str, named: DatasetReference) -> None:
    assert parse_reference(text) == named
    assert str(named) == text


@pytest.mark.parametrize("text", ["", "@1", "Churn", "churn@", "churn@latest", "churn@1@2", "x" * 65])
def test_other_text_names_no_dataset(text: str) -> None:
    assert parse_reference(text) is None


@pytest.mark.parametrize("number", ["0", "01", "-1", "1.0", "1000000000", " 1", "1 ", "1\n", "\u0661"])
def test_a_version_is_a_plain_number(number: str) -> None:
    assert parse_reference(f"churn@{number}") is None


@pytest.mark.parametrize("model", [JobRequest, ForkRequest, EvaluateRequest, Validation])
def test_a_version_is_given_in_the_name_or_beside_it(model: type[BaseModel]) -> None:
    for body in ({"dataset": "churn@2"}, {"dataset": "churn", "dataset_version": 2.0}):
        assert check(model, body).reference() == DatasetReference("churn", 2)  # type: ignore[attr-defined]
    both = {"dataset": "churn@2", "dataset_version": 2}
    assert check(model, both).reference() == DatasetReference("churn", 2)  # type: ignore[attr-defined]
    assert check(model, {"dataset": "churn"}).reference() == DatasetReference("churn")  # type: ignore[attr-defined]


def test_what_looks_like_a_version_and_is_none_is_answered_with_the_form_of_one() -> None:
    with pytest.raises(Invalid) as raised:
        check(JobRequest, {"dataset": "churn@latest"})
    words = "must be a dataset's name, or `name@version` with the number of a version"
    assert raised.value.faults == (Fault(f'{words}, got "churn@latest"', pointer="#/dataset"),)


@pytest.mark.parametrize(
    ("model", "body", "detail"),
    [
        (JobRequest, {"dataset": "churn@2"}, "must be 2, as `dataset` says `churn@2`, or be left out, got 3"),
        (JobRequest, {"dataset": ROWS}, "goes with the name of a stored dataset in `dataset`"),
        (ForkRequest, {}, "goes with the name of a stored dataset in `dataset`"),
        (Validation, {"fraction": 0.5}, "goes with the name of a stored dataset in `dataset`"),
    ],
)
def test_a_version_that_does_not_go_with_the_dataset_is_the_fault(
    model: type[BaseModel], body: dict[str, Any], detail: str
) -> None:
    with pytest.raises(Invalid) as raised:
        check(model, {**body, "dataset_version": 3})
    assert raised.value.faults == (Fault(detail, pointer="#/dataset_version"),)


def test_a_version_beside_a_wrong_name_is_no_second_fault() -> None:
    with pytest.raises(Invalid) as raised:
        check(EvaluateRequest, {"dataset": "Churn", "dataset_version": 3})
    assert [fault.pointer for fault in raised.value.faults] == ["#/dataset"]
