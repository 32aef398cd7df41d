"""Rows sent to be predicted: pointers to what is wrong, what is missing, and categories never seen in training."""

from typing import Any

import numpy as np
import pytest

from service.definitions.columns import ColumnType
from service.definitions.guessing import MOST_COMPARED
from service.errors import Invalid
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from service.preprocessing.prediction_rows import (
    Unknown,
    refuse_unknown,
    rows_from_array,
    rows_from_lists,
    rows_from_objects,
)

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY


def of(*inputs: InputColumn, missing: str = "error") -> Preprocessing:
    return Preprocessing("none", "none", missing, inputs, (TargetColumn("y"),), None, None, False)


PLAIN = of(InputColumn("a", NUMBER), InputColumn("b", NUMBER))
MIXED = of(InputColumn("a", NUMBER, fill=1.0), InputColumn("c", CATEGORY, ("false", "red", "true")), missing="mean")
CODES = of(InputColumn("zip/code", CATEGORY, ("01569", "1569", "2.10", "2.1")))


def faults_of(preprocessing: Preprocessing, rows: list[Any]) -> list[tuple[str | None, str]]:
    read = rows_from_objects if isinstance(rows[0], dict) else rows_from_lists
    with pytest.raises(Invalid) as caught:
        read(preprocessing, rows, "instances")
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


def test_lists_are_taken_in_the_order_of_the_columns() -> None:
    np.testing.assert_array_equal(rows_from_lists(PLAIN, [[1, 2.5], [3, 4]], "instances").values, [[1, 2.5], [3, 4]])


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
    np.testing.assert_array_equal(rows.values, [[np.nan, 1], [2, np.nan], [3, 2], [3, np.nan]])
    assert rows.unknown == (Unknown(1, "c", "blue"),) and rows.unknown_count == 1


@pytest.mark.parametrize(
    ("value", "example"), [(1569, "01569"), (2.1, "2.10"), (2, "01569"), (10**400, "01569"), (1e300, "01569")]
)
def test_a_number_is_no_category_as_several_texts_may_mean_it(value: float, example: str) -> None:
    for row, pointer in (([value], "#/instances/0/0"), ({"zip/code": value}, "#/instances/0/zip~1code")):
        found = faults_of(CODES, [row])
        assert [where for where, _ in found] == [pointer]
        assert found[0][1].startswith("`zip/code` must be text, got ")
        assert found[0][1].endswith(f'; send it as text, exactly as the dataset has it, as in "{example}"')


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE"])
def test_true_of_json_is_the_category_whichever_way_the_dataset_writes_it(spelling: str) -> None:
    categories = ("0", spelling) if spelling == "true" else (spelling, "x")
    rows = rows_from_lists(of(InputColumn("c", CATEGORY, categories)), [[True], [spelling]], "instances")
    assert rows.values[:, 0].tolist() == [categories.index(spelling)] * 2 and not rows.unknown


def test_true_of_json_is_refused_where_it_could_be_two_categories() -> None:
    column = InputColumn("c", CATEGORY, ("False", "True", "true"))
    assert rows_from_lists(of(column), [[False]], "instances").values[0, 0] == 0
    detail = '`c` has "True" and "true"; send one of them as text'
    assert faults_of(of(column), [[True]]) == [("#/instances/0/0", detail)]


def test_true_of_json_is_unknown_where_no_category_is_like_it() -> None:
    rows = rows_from_lists(of(InputColumn("c", CATEGORY, ("1", "0"))), [[True]], "instances")
    assert rows.unknown == (Unknown(0, "c", True),)


def test_null_is_refused_where_training_filled_nothing() -> None:
    column = InputColumn("c", CATEGORY, ("x", "y"))
    says = "no missing value was filled in training (`preprocessing.missing`), so none is here"
    assert faults_of(of(column), [[None]]) == [("#/instances/0/0", f"`c` must be text, got null; {says}")]
    assert faults_of(PLAIN, [[1, None]]) == [("#/instances/0/1", f"`b` must be a number, got null; {says}")]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("5", 'must be a number, got "5"; send 5 without quotes'),
        ("0.25", 'must be a number, got "0.25"; send 0.25 without quotes'),
        ("nan", 'must be a number, got "nan"'),
        ("five", 'must be a number, got "five"'),
        (True, "must be a number, got true"),
    ],
)
def test_what_is_no_number_is_said_with_the_way_out(value: Any, says: str) -> None:
    assert faults_of(PLAIN, [[1, value]]) == [("#/instances/0/1", f"`b` {says}")]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("fals", '"fals" is no category of `c`; did you mean "false"?'),
        ("RED", '"RED" is no category of `c`; did you mean "red"?'),
        ("blue", '"blue" is no category of `c`; there are "false", "red", "true"'),
    ],
)
def test_unknown_categories_are_errors_when_asked_for(value: str, says: str) -> None:
    for by_name, row, pointer in ((False, [1, value], "1"), (True, {"a": 1, "c": value}, "c")):
        read = rows_from_objects if by_name else rows_from_lists
        rows = read(MIXED, [row], "instances")
        with pytest.raises(Invalid) as caught:
            refuse_unknown(MIXED, rows, "instances", by_name)
        assert [(fault.pointer, fault.detail) for fault in caught.value.faults] == [(f"#/instances/0/{pointer}", says)]
    refuse_unknown(MIXED, rows_from_lists(MIXED, [[1, "red"]], "instances"), "instances", False)


def test_at_most_a_hundred_unknown_categories_are_listed_and_all_are_counted() -> None:
    rows = rows_from_lists(MIXED, [[1, f"x{index}"] for index in range(250)], "instances")
    assert len(rows.unknown) == 100 and rows.unknown_count == 250
    assert (rows.unknown[-1].row, rows.unknown[-1].value) == (99, "x99")


def test_objects_name_missing_columns_and_list_extra_ones() -> None:
    rows = rows_from_objects(PLAIN, [{"b": 2, "a": 1, "z": 3}, {"a": 3, "b": 4, "q": 1}], "instances")
    np.testing.assert_array_equal(rows.values, [[1, 2], [3, 4]])
    assert rows.ignored == ("z", "q")
    with pytest.raises(Invalid, match="column `b` is missing"):
        rows_from_objects(PLAIN, [{"a": 1}], "instances")


TENURE = of(InputColumn("tenure", NUMBER, fill=3.0), InputColumn("monthly charges", NUMBER, fill=1.0), missing="mean")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"Tenure": 4, "monthly charges": 1}, "column `tenure` (did you mean it by `Tenure`?) is missing"),
        ({"tenur": 4, "monthly charges": 1}, "column `tenure` (did you mean it by `tenur`?) is missing"),
        ({"x": 4, "monthly charges": 1}, "column `tenure` is missing"),
        ({"tenure": 4}, "column `monthly charges` is missing"),
        (
            {"TENURE ": 4, "MonthlyCharges": 1},
            "columns `tenure` (did you mean it by `TENURE `?), `monthly charges` (did you mean it by `MonthlyCharges`?)"
            " are missing",
        ),
        ({}, "columns `tenure`, `monthly charges` are missing"),
    ],
)
def test_a_column_that_is_left_out_is_refused_whatever_is_filled(row: dict[str, Any], says: str) -> None:
    assert faults_of(TENURE, [row]) == [("#/instances/0", f"{says}; send null for a value that is not known")]
    null = rows_from_objects(TENURE, [{"tenure": None, "monthly charges": 2}], "instances")
    np.testing.assert_array_equal(null.values, [[np.nan, 2]])


def test_a_column_that_all_rows_leave_out_is_one_fault() -> None:
    rows: list[Any] = [{"a": 1, "b": 2}, *[{"a": 1}] * 500, {}]
    assert faults_of(PLAIN, rows) == [
        ("#/instances/1", "column `b` is missing in 500 rows"),
        ("#/instances/501", "columns `a`, `b` are missing"),
    ]
    many = of(*(InputColumn(f"x{index}", NUMBER) for index in range(30)))
    assert faults_of(many, [{}])[0][1] == "columns `x0`, `x1`, `x2`, `x3`, `x4` and 25 more are missing"


def test_at_most_ten_faults_are_reported() -> None:
    assert len(faults_of(PLAIN, [{"a": 1, "b": "x"}] * 1000)) == 10
    found = faults_of(PLAIN, [*[{"a": "x", "b": "x"}] * 1000, {"a": 1}])
    assert found == [("#/instances/1000", "column `b` is missing")]  # cells are looked at once no column is missing


@pytest.mark.parametrize(
    ("value", "day"),
    [("2024-01-31", 19753.0), (" 2024-01-31 ", 19753.0), ("2024-01-31T12:00", 19753.5), (19753, 19753.0)],
)
def test_dates_are_taken_as_text_and_as_days(value: Any, day: float) -> None:
    dates = of(InputColumn("signup", NUMBER, is_date=True))
    for rows in (rows_from_lists(dates, [[value]], "instances"), rows_from_objects(dates, [{"signup": value}], "x")):
        assert rows.values.tolist() == [[day]]


@pytest.mark.parametrize("number", [20240131, 1706659200000, -719163, 2932897.0])
@pytest.mark.parametrize("fill", [None, 19753.0])
def test_numbers_that_are_days_of_no_year_are_refused_among_dates(number: float, fill: float | None) -> None:
    dates = of(InputColumn("signup", NUMBER, is_date=True, fill=fill))
    for rows in ([[number]], [{"signup": number}]):
        assert faults_of(dates, rows)[0][1].startswith("`signup` must be an ISO 8601 date such as 2024-01-31 or days")
    with pytest.raises(Invalid, match="row 2: must be a date as days since 1970-01-01, such as 19753 for 2024-01-31"):
        rows_from_array(dates, np.array([[19753.0], [number]]))
    assert rows_from_array(dates, np.array([[-719162.0], [2932896.5]])).values.tolist() == [[-719162], [2932896.5]]
    assert rows_from_lists(of(InputColumn("a", NUMBER)), [[number]], "x").values.tolist() == [[number]]


@pytest.mark.parametrize("value", ["2024-02-30", "31.01.2024", "", "soon"])
def test_what_is_no_date_is_refused(value: str) -> None:
    found = faults_of(of(InputColumn("signup", NUMBER, is_date=True)), [[value]])
    says = "`signup` must be an ISO 8601 date such as 2024-01-31 or days since 1970-01-01, got "
    assert found == [("#/instances/0/0", f'{says}"{value}"')]


def test_an_array_has_a_column_for_each_input_and_nan_is_missing() -> None:
    np.testing.assert_array_equal(rows_from_array(PLAIN, np.array([[[1], [2]]], dtype=np.uint8)).values, [[1, 2]])
    filled = of(InputColumn("a", NUMBER, fill=1.0), missing="mean")
    np.testing.assert_array_equal(rows_from_array(filled, np.array([[np.nan]])).values, [[np.nan]])
    for preprocessing, array, says in (
        (PLAIN, np.ones((2, 3)), "must have 2 values, one an input column, got 3"),
        (PLAIN, np.array([[1, 2], [3, np.nan]]), "column `b`, row 2: is missing"),
        (filled, np.array([[np.inf]]), "column `a`, row 1: must be a finite number"),
        (CODES, np.ones((1, 1)), "column `zip/code` holds text"),
    ):
        with pytest.raises(Invalid, match=says):
            rows_from_array(preprocessing, array)


def test_half_a_surrogate_pair_is_listed_as_text_that_can_be_sent() -> None:
    for rows in ([["\ud800"]], [{"zip/code": "\ud800"}]):
        read = rows_from_objects if isinstance(rows[0], dict) else rows_from_lists
        assert read(CODES, rows, "instances").unknown == (Unknown(0, "zip/code", "\\ud800"),)


def test_an_unknown_category_is_not_compared_with_a_hundred_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def none_close(word: str, names: list[str], *_: Any, **__: Any) -> list[str]:
        compared.extend(names)
        return []

    monkeypatch.setattr("difflib.get_close_matches", none_close)
    customers = of(InputColumn("id", CATEGORY, tuple(f"customer-{number:06}" for number in range(100_000))))
    for value, says in (("Customer-099999", 'did you mean "customer-099999"'), ("customer-", "there are")):
        with pytest.raises(Invalid, match=says):
            refuse_unknown(customers, rows_from_lists(customers, [[value]], "instances"), "instances", False)
    assert len(compared) == MOST_COMPARED
