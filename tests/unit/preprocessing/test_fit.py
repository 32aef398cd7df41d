"""What is fitted on training rows: scaling, filling of missing values, one-hot categories and classes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.errors import Invalid
from service.preprocessing.batches import open_rows
from service.preprocessing.fit import Preprocessing, fit
from service.preprocessing.row_selection import RowList, RowRanges

AUTO = {"numbers": "auto", "targets": "auto", "missing": "error"}


@pytest.fixture
def fitted(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(  # type: ignore[no-untyped-def]
        rows: list[dict[str, Any]],
        choice: dict[str, str] | None = None,
        labels=None,
        single=False,
        train=None,
        **options,
    ):
        table = read_json_rows(None, rows, ReadOptions(**options), Limits(), tmp_path / "rows")
        array = open_rows(tmp_path / "rows")
        chosen = RowRanges(range(table.rows)) if train is None else RowList(np.array(train, dtype=np.uint16))
        return fit(table, array, chosen, {**AUTO, **(choice or {})}, labels, single), array

    return run


def inputs_of(preprocessing: Preprocessing, raw: Any) -> np.ndarray:
    raw = np.asarray(raw, dtype=np.float64)
    X = np.full((len(raw), preprocessing.features), np.nan)
    preprocessing.transform_inputs(raw, X)
    return X


def table(*values: float, y: float = 0.0) -> list[dict[str, Any]]:
    return [{"a": value, "y": y} for value in values]


@pytest.mark.parametrize(
    ("values", "became"),
    [((-1, 1), "none"), ((0, 0.5), "none"), ((0, 1.0000001), "standardize"), ((-1.5, 0), "standardize")],
)
def test_auto_standardizes_when_a_value_lies_outside_minus_one_to_one(fitted, values: Any, became: str) -> None:
    assert fitted(table(*values))[0].numbers == became


def test_rows_are_not_read_where_the_dataset_has_all_statistics(tmp_path: Path) -> None:
    read = read_json_rows(None, table(0, 1, 0.5), ReadOptions(), Limits(), tmp_path / "rows")
    no_rows = np.empty((0, 2))
    assert fit(read, no_rows, RowRanges(range(3)), AUTO, None, False).numbers == "none"
    with pytest.raises(IndexError):
        fit(read, no_rows, RowList(np.array([2])), {**AUTO, "numbers": "standardize"}, None, False)


def test_auto_looks_at_training_rows_only(fitted) -> None:
    assert fitted(table(0, 1, 900), train=[0, 1])[0].numbers == "none"


def test_auto_for_targets_is_chosen_separately_and_never_scales_classes(fitted) -> None:
    rows = [{"a": 0, "y": 5}, {"a": 1, "y": 9}]
    assert (fitted(rows)[0].numbers, fitted(rows)[0].target_values) == ("none", "standardize")
    classes, _ = fitted(rows, labels=(5, 9))
    assert classes.target_values == "none" and classes.outputs == 2 and classes.codes == (5.0, 9.0)


def test_standardize_agrees_with_numpy_on_the_training_rows(fitted) -> None:
    values = np.random.default_rng(2).normal(50, 7, 300)
    preprocessing, array = fitted(table(*values.tolist()), train=range(200))
    X = inputs_of(preprocessing, array[:, :1])
    np.testing.assert_allclose(X[:, 0], (values - values[:200].mean()) / values[:200].std(), rtol=1e-9, atol=1e-12)


def test_min_max_spans_zero_to_one(fitted) -> None:
    preprocessing, array = fitted(table(2, 4, 10), {"numbers": "min_max"})
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :1])[:, 0], [0, 0.25, 1])


def test_none_leaves_numbers_alone(fitted) -> None:
    preprocessing, array = fitted(table(2, 4), {"numbers": "none"})
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :1])[:, 0], [2, 4])


@pytest.mark.parametrize("choice", ["standardize", "min_max"])
def test_a_constant_column_stays_finite(fitted, choice: str) -> None:
    preprocessing, array = fitted(table(7, 7, 7), {"numbers": choice})
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :1]), np.zeros((3, 1)))


def test_targets_are_restored_in_their_own_units(fitted) -> None:
    rows = [{"a": 0, "y": value} for value in (10.0, 20.0, 60.0)]
    preprocessing, array = fitted(rows)
    Y = np.empty((3, 1))
    preprocessing.transform_targets(array[:, 1:], Y)
    assert Y.mean() == pytest.approx(0) and Y.std() == pytest.approx(1)
    np.testing.assert_allclose(preprocessing.restore(Y)[:, 0], [10, 20, 60], rtol=1e-12)


def test_categories_become_one_hot_and_an_unseen_one_all_zeros(fitted) -> None:
    rows = [{"c": text, "y": 0} for text in ("red", "blue", "green")]
    preprocessing, array = fitted(rows)
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :1]), np.eye(3)[[2, 0, 1]])
    np.testing.assert_array_equal(inputs_of(preprocessing, [[np.nan], [7]]), np.zeros((2, 3)))


def test_missing_is_an_error_named_by_row_and_column(fitted) -> None:
    with pytest.raises(Invalid) as caught:
        fitted([{"a": 1, "y": 0}, {"a": None, "y": 0}])
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "a")
    fitted([{"a": 1, "y": 0}, {"a": None, "y": 0}], train=[0])


@pytest.mark.parametrize(("choice", "filled"), [("mean", 4.0), ("median", 2.0)])
def test_missing_is_filled(fitted, choice: str, filled: float) -> None:
    rows = [{"a": value, "y": 0} for value in (1, 2, 9, None)]
    preprocessing, array = fitted(rows, {"missing": choice, "numbers": "none"})
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :1])[:, 0], [1, 2, 9, filled])


def test_an_indicator_says_where_a_value_was_missing(fitted) -> None:
    rows = [{"a": value, "b": 1, "y": 0} for value in (1, None, 3)]
    preprocessing, array = fitted(rows, {"missing": "indicator", "numbers": "none"})
    np.testing.assert_array_equal(inputs_of(preprocessing, array[:, :2]), [[1, 0, 1], [2, 1, 1], [3, 0, 1]])
    assert preprocessing.features == 3


def test_a_missing_target_is_always_an_error(fitted) -> None:
    with pytest.raises(Invalid) as caught:
        fitted([{"a": 1, "y": 0.5}, {"a": 1, "y": None}], {"missing": "mean"})
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "y")


def test_scale_counts_before_auto_is_decided(fitted) -> None:
    rows = table(0, 255)
    assert fitted(rows, scale=255.0)[0].numbers == "none"
    preprocessing, array = fitted(rows, {"numbers": "standardize"}, scale=255.0)
    np.testing.assert_allclose(inputs_of(preprocessing, array[:, :1] / 255.0)[:, 0], [-1, 1])


def test_classes_are_one_hot_or_one_output_for_two(fitted) -> None:
    rows = [{"a": 0, "y": value} for value in ("no", "yes", "no")]
    many, array = fitted(rows, labels=("no", "yes"))
    Y = np.empty((3, 2))
    many.transform_targets(array[:, 1:], Y)
    np.testing.assert_array_equal(Y, [[1, 0], [0, 1], [1, 0]])
    one, array = fitted(rows, labels=("no", "yes"), single=True)
    Y = np.empty((3, 1))
    one.transform_targets(array[:, 1:], Y)
    np.testing.assert_array_equal(Y[:, 0], [0, 1, 0])
    assert one.label_of(np.array([[0.4], [0.6]])) == ["no", "yes"]
    assert many.label_of(np.array([[0.7, 0.3], [0.1, 0.9]])) == ["no", "yes"]


def test_the_second_of_two_classes_begins_at_the_threshold(fitted) -> None:
    one, _ = fitted([{"a": 0, "y": value} for value in ("no", "yes")], labels=("no", "yes"), single=True)
    assert one.label_of(np.array([[0.49], [0.5]])) == ["no", "yes"]
    assert replace(one, threshold=0.0).label_of(np.array([[-0.01], [0.0]])) == ["no", "yes"]


def test_what_was_fitted_before_thresholds_and_weights_of_classes_still_loads(fitted) -> None:
    one, _ = fitted([{"a": 0, "y": value} for value in ("no", "yes")], labels=("no", "yes"), single=True)
    record = one.to_dict()
    del record["threshold"], record["class_weights"]
    assert Preprocessing.from_dict(record) == one


def test_what_was_fitted_survives_storing(fitted) -> None:
    rows = [{"a": value, "c": text, "y": text} for value, text in ((1, "x"), (None, "y"), (30, "z"))]
    preprocessing, _ = fitted(rows, {"missing": "indicator"}, labels=("x", "y", "z"))
    assert Preprocessing.from_dict(preprocessing.to_dict()) == preprocessing
    weighed = preprocessing.with_class_weights(np.array([1, 0.5, 2]))
    assert weighed.class_weights == (1, 0.5, 2)
    assert Preprocessing.from_dict(json.loads(json.dumps(weighed.to_dict()))) == weighed


def test_an_older_record_does_not_know_its_scale(fitted) -> None:
    preprocessing, _ = fitted(table(0, 255), scale=255.0)
    record = json.loads(json.dumps(preprocessing.to_dict()))
    assert Preprocessing.from_dict(record) == preprocessing and preprocessing.scale == 255.0
    del record["scale"]
    assert Preprocessing.from_dict(record).scale is None


def test_the_scale_divides_numbers_and_no_categories(fitted) -> None:
    rows = [{"a": 51.0 * index, "c": "uvw"[index % 3], "y": 0} for index in range(6)]
    preprocessing, array = fitted(rows, {"numbers": "none", "missing": "mean"}, scale=255.0)
    X = np.empty((6, 4))
    preprocessing.transform_sent(np.asarray(array[:, :2]), X)
    np.testing.assert_allclose(X[:, 0], np.arange(6) / 5)
    np.testing.assert_array_equal(X[:, 1:], np.tile(np.eye(3), (2, 1)))


@pytest.mark.parametrize("choice", ["none", "standardize", "min_max"])
def test_numbers_that_are_sent_become_what_divided_numbers_become_without_a_scale(fitted, choice: str) -> None:
    sent = [7.0, 200.0, 13.0, 255.0]
    scaled, _ = fitted(table(*sent), {"numbers": choice}, scale=255.0)
    divided, _ = fitted(table(*(value / 255.0 for value in sent)), {"numbers": choice})
    new = np.array([[3.0], [100.0]])
    ours, theirs = np.empty((2, 1)), np.empty((2, 1))
    scaled.transform_sent(new, ours)
    divided.transform_sent(new / 255.0, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def test_a_missing_number_is_filled_in_the_units_it_is_sent_in(fitted) -> None:
    rows = [{"a": value, "y": 0} for value in (50.0, 150.0, None)]
    for missing in ("mean", "median", "indicator"):
        preprocessing, _ = fitted(rows, {"numbers": "standardize", "missing": missing}, scale=10.0)
        X = np.empty((2, preprocessing.features))
        preprocessing.transform_sent(np.array([[np.nan], [100.0]]), X)
        assert X[0, 0] == X[1, 0] == 0.0
