"""Columns of a file as rows to predict: what is left out, missing or never seen in training."""

import numpy as np
import pytest

from service.definitions.columns import ColumnType
from service.errors import Invalid
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn
from service.preprocessing.prediction_columns import rows_from_columns
from service.preprocessing.prediction_rows import PredictionRows, Unknown

NUMBERS = {"a": np.array([1.0, np.nan, 3.0])}
TEXTS = {"c": ["red", "blue", None]}


def rows_of(missing: str, names: tuple[str, ...] = ("c", "a", "id")) -> PredictionRows:
    fill = None if missing == "error" else 9.0
    inputs = (
        InputColumn("a", ColumnType.NUMBER, fill=fill),
        InputColumn("c", ColumnType.CATEGORY, ("green", "red")),
    )
    preprocessing = Preprocessing("none", "none", missing, inputs, (TargetColumn("y"),), None, None, False)
    return rows_from_columns(preprocessing, names, 3, NUMBERS, TEXTS)


def test_columns_become_rows_in_the_order_of_the_inputs() -> None:
    rows = rows_of("mean")
    np.testing.assert_array_equal(rows.values, [[1, 1], [np.nan, np.nan], [3, np.nan]])
    assert rows.ignored == ("id",) and rows.unknown == (Unknown(1, "c", "blue"),)


def test_missing_cells_are_named_where_training_filled_nothing() -> None:
    with pytest.raises(Invalid) as caught:
        rows_of("error")
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(2, "a"), (3, "c")]
    assert "preprocessing.missing" in caught.value.faults[0].detail


def test_columns_that_the_file_leaves_out_are_one_fault() -> None:
    with pytest.raises(Invalid) as caught:
        rows_of("mean", names=("A", "id"))
    says = "columns `a` (did you mean it by `A`?), `c` are missing; leave cells empty where the value is not known"
    assert [fault.detail for fault in caught.value.faults] == [says]
