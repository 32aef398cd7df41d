"""Rows sent to be predicted: pointers to what is wrong, missing and unseen as training had them."""

from typing import Any

import numpy as np
import pytest

from service.definitions.columns import ColumnType
from service.errors import Invalid
from service.preprocessing.fit import InputColumn, Preprocessing, TargetColumn
from service.preprocessing.prediction_rows import rows_from_lists, rows_from_objects

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY


def of(*inputs: InputColumn) -> Preprocessing:
    return Preprocessing("none", "none", "error", inputs, (TargetColumn("y"),), None, None, False)


PLAIN = of(InputColumn("a", NUMBER), InputColumn("b", NUMBER))
MIXED = of(InputColumn("a", NUMBER, fill=1.0), InputColumn("c", CATEGORY, ("false", "red", "true")))


def test_lists_are_taken_in_the_order_of_the_columns() -> None:
    np.testing.assert_array_equal(rows_from_lists(PLAIN, [[1, 2.5], [3, 4]], "instances"), [[1, 2.5], [3, 4]])


@pytest.mark.parametrize("bad", [True, "1", None, [1], {}])
@pytest.mark.parametrize("as_objects", [False, True])
def test_what_is_no_number_is_pointed_at(bad: Any, as_objects: bool) -> None:
    with pytest.raises(Invalid) as caught:
        if as_objects:
            rows_from_objects(PLAIN, [{"a": 1, "b": 2}, {"a": 1, "b": bad}], "instances")
        else:
            rows_from_lists(PLAIN, [[1, 2], [1, bad]], "instances")
    assert caught.value.faults[0].pointer == ("#/instances/1/b" if as_objects else "#/instances/1/1")


@pytest.mark.parametrize("bad", [[1], [1, 2, 3], [], 5, None, "ab", {"a": 1}])
def test_a_row_of_another_shape_is_pointed_at(bad: Any) -> None:
    with pytest.raises(Invalid) as caught:
        rows_from_lists(PLAIN, [[1, 2], bad], "inputs")
    assert caught.value.faults[0].pointer == "#/inputs/1"


@pytest.mark.parametrize("preprocessing", [PLAIN, MIXED])
def test_huge_whole_numbers_are_refused(preprocessing: Preprocessing) -> None:
    with pytest.raises(Invalid):
        rows_from_lists(preprocessing, [[10**400, 1 if preprocessing is PLAIN else "red"]], "instances")


def test_missing_and_unseen_become_nan() -> None:
    rows = rows_from_lists(MIXED, [[None, "red"], [2, "blue"], [3, True], [3, None]], "instances")
    np.testing.assert_array_equal(rows, [[np.nan, 1], [2, np.nan], [3, 2], [3, np.nan]])


def test_a_number_is_no_category() -> None:
    with pytest.raises(Invalid, match="must be text"):
        rows_from_lists(MIXED, [[1, 5]], "instances")


def test_objects_name_missing_columns_and_list_extra_ones() -> None:
    values, extra = rows_from_objects(PLAIN, [{"b": 2, "a": 1, "z": 3}, {"a": 3, "b": 4, "q": 1}], "instances")
    np.testing.assert_array_equal(values, [[1, 2], [3, 4]])
    assert extra == ["z", "q"]
    with pytest.raises(Invalid, match="column `b` is missing"):
        rows_from_objects(PLAIN, [{"a": 1}], "instances")


def test_a_column_that_may_be_missing_may_be_left_out() -> None:
    values, _ = rows_from_objects(MIXED, [{"c": "red"}], "instances")
    np.testing.assert_array_equal(values, [[np.nan, 1]])


def test_at_most_ten_faults_are_reported() -> None:
    with pytest.raises(Invalid) as caught:
        rows_from_objects(PLAIN, [{}] * 1000, "instances")
    assert len(caught.value.faults) == 10
