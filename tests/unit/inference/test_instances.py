"""Rows in TensorFlow Serving's forms: whatever JSON they are, they are read or refused, and nothing else happens."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.definitions.columns import ColumnType
from service.errors import ServiceError
from service.inference.instances import native_rows, rows_of_columns
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn, TargetColumn

NUMBER = InputColumn("a", ColumnType.NUMBER)
TEXT = InputColumn("b", ColumnType.CATEGORY, ("x", "y"))
DATE = InputColumn("c", ColumnType.NUMBER, is_date=True)


def fitted(*columns: InputColumn) -> Preprocessing:
    return Preprocessing("none", "none", "error", columns, (TargetColumn("t"),), None, None, False)


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["x", "2024-01-31", ""])
    | st.fixed_dictionaries({"b64": st.text(max_size=4) | st.integers()}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
BODY = st.dictionaries(st.sampled_from(["instances", "inputs", "other"]), VALUE, max_size=2) | VALUE


@pytest.mark.parametrize("columns", [(NUMBER,), (TEXT,), (NUMBER, TEXT, DATE)], ids=["number", "text", "table"])
@given(body=BODY)
def test_any_json_is_read_or_refused(columns: tuple[InputColumn, ...], body: Any) -> None:
    preprocessing = fitted(*columns)
    with suppress(ServiceError):
        rows_of_columns(preprocessing, body)
    with suppress(ServiceError):
        native_rows(preprocessing, body)


def test_native_forms_pass_unchanged() -> None:
    for body in ({"instances": [[1, "x"]]}, {"inputs": [{"a": 1, "b": "x"}]}, {"instances": []}, {}, [1], None):
        assert native_rows(fitted(NUMBER, TEXT), body) == (body, False)
        assert rows_of_columns(fitted(NUMBER, TEXT), body) is None


def test_values_in_base64_and_lists_of_one_are_unpacked() -> None:
    rows = [{"a": [1], "b": {"b64": "eA=="}}, {"a": 2, "b": [{"b64": "eQ=="}]}]
    body, are_single = native_rows(fitted(NUMBER, TEXT), {"instances": rows})
    assert body == {"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]} and not are_single
    assert native_rows(fitted(TEXT), {"inputs": ["x", {"b64": "eQ=="}]}) == ({"inputs": [["x"], ["y"]]}, True)
