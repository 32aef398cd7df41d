"""What the answer of a model says of its inputs and outputs, from which a form can be built."""

import json
from dataclasses import replace
from typing import Any

import pytest

from service.definitions.columns import ColumnType
from service.models.signature import example, signature
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn

AGE = InputColumn("age", ColumnType.NUMBER, fill=0.16, minimum=18.0, maximum=99.0, mean=40.7283951)
DAY = InputColumn("day", ColumnType.NUMBER, is_date=True, minimum=19723.0, maximum=19753.5, mean=19730.0)
CITY = InputColumn("city", ColumnType.CATEGORY, ("Bern", "Rome"))
OLD = InputColumn("old", ColumnType.NUMBER, offset=0.5, divisor=2.0)  # of a release that stored no statistics
KINDS = Preprocessing(
    "none", "none", "mean", (AGE, DAY, CITY, OLD), (TargetColumn("kind"),), ("a", "b"), (0.0, 1.0), True, scale=255.0
)


def network(activation: str, units: int = 1) -> dict[str, Any]:
    return {"inputs": 5, "layers": [{"type": "dense", "units": units, "activation": activation}]}


def test_inputs_have_what_a_form_needs_in_the_units_of_the_dataset() -> None:
    age, day, city, old = signature(network("sigmoid"), KINDS)["inputs"]
    assert age == {
        "name": "age",
        "type": "number",
        "minimum": 18.0,
        "maximum": 99.0,
        "mean": 40.7283951,
        "missing": "mean",
        "fill": 0.16 * 255,
    }
    assert day == {
        "name": "day",
        "type": "date",
        "minimum": "2024-01-01",
        "maximum": "2024-01-31T12:00:00Z",
        "mean": "2024-01-08",
        "missing": "error",
    }
    assert city == {"name": "city", "type": "category", "categories": ["Bern", "Rome"], "missing": "zeros"}
    assert old == {"name": "old", "type": "number", "missing": "error"}


def test_the_example_is_an_object_with_every_column() -> None:
    row = {"age": 40.7284, "day": "2024-01-08", "city": "Bern", "old": 127.5}
    assert example(KINDS) == {"instances": [row]} and json.dumps(example(KINDS))


@pytest.mark.parametrize(
    ("missing", "indicator", "said"),
    [("median", False, "median"), ("indicator", True, "indicator"), ("indicator", False, "mean")],
)
def test_a_missing_number_is_described_by_what_it_becomes(missing: str, indicator: bool, said: str) -> None:
    filled = replace(KINDS, missing=missing, inputs=(replace(AGE, indicator=indicator),))
    assert signature(network("sigmoid"), filled)["inputs"][0]["missing"] == said


@pytest.mark.parametrize(
    ("activation", "bounds"),
    [("sigmoid", {"minimum": 0.0, "maximum": 1.0}), ("tanh", {"minimum": -1.0, "maximum": 1.0}), ("linear", {})],
)
def test_an_output_of_classes_has_the_range_of_its_activation(activation: str, bounds: dict[str, float]) -> None:
    (output,) = signature(network(activation), KINDS)["outputs"]
    assert output == {"name": "kind", "type": "category", "classes": ["a", "b"], "width": 1, **bounds}


def test_a_value_has_the_range_that_its_scaled_output_reaches() -> None:
    targets = (TargetColumn("low", 10.0, 20.0), TargetColumn("high", 0.0, 5.0))
    values = replace(KINDS, labels=None, codes=None, single_output=False, targets=targets, target_values="min_max")
    low, high = signature(network("relu", 2), values)["outputs"]
    assert low == {"name": "low", "type": "number", "width": 1, "minimum": 10.0}
    assert high == {"name": "high", "type": "number", "width": 1, "minimum": 0.0}
    plain = signature(network("sigmoid", 2), replace(values, target_values="none"))["outputs"][0]
    assert (plain["minimum"], plain["maximum"]) == (0.0, 1.0)
