"""Rows of a CSV whose columns are known: the rules of datasets, and what the columns are is checked."""

from pathlib import Path

import numpy as np
import pytest

from service.datasets.csv.rows import CsvRows, read_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind
from service.errors import Invalid

KINDS = {"a": ColumnKind.NUMBER, "c": ColumnKind.CATEGORY, "d": ColumnKind.DATE}


@pytest.fixture
def rows(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(text: str, kinds: dict[str, ColumnKind] = KINDS, **options: object) -> CsvRows:
        path = tmp_path / "in.csv"
        path.write_text(text)
        return read_rows(path, kinds, ReadOptions(**options), Limits(), tmp_path / "recoded")  # type: ignore[arg-type]

    return run


def test_numbers_dates_and_texts_are_read_in_the_rules_of_datasets(rows) -> None:
    found = rows("d;c;a\n1970-01-02;01;1,5\n-;;NA\n2024-01-31;NA;2\n")
    np.testing.assert_array_equal(found.numbers["a"], [1.5, np.nan, 2])
    np.testing.assert_array_equal(found.numbers["d"], [1, np.nan, 19753])
    assert found.texts == {"c": ["01", None, "NA"]}
    assert (found.names, found.rows) == (("d", "c", "a"), 3)


def test_other_columns_are_named_and_absent_ones_absent(rows) -> None:
    found = rows(",a,z\n0,1,x\n")
    assert found.names == ("column_1", "a", "z")
    assert list(found.numbers) == ["a"] and found.texts == {}


def test_the_known_names_decide_between_delimiters(rows) -> None:
    assert rows("a,b;c,d\n1,2;3,1970-01-02\n", {"a": ColumnKind.NUMBER, "d": ColumnKind.DATE}).rows == 1


def test_without_a_header_the_columns_are_in_the_known_order(rows) -> None:
    assert rows("1,x,1970-01-02\n", header=False).texts == {"c": ["x"]}
    with pytest.raises(Invalid, match="must have 3 cells"):
        rows("1,x\n", header=False)


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("a,c,d\n1,x,1970-01-02\nfour,x,1970-01-02\n", 2, "a"),
        ("a,c,d\n1,x,today\n", 1, "d"),
        ("a,c,d\n1,x,20240131\n", 1, "d"),
        ("a,c\n1\n", 1, None),
    ],
)
def test_faults_are_named_by_row_and_column(rows, text: str, row: int, column: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        rows(text)
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (row, column)


@pytest.mark.parametrize("text", ["b,b,a\n1,2,3\n", "a,c,d\n"])
def test_two_columns_of_one_name_and_no_rows_are_refused(rows, text: str) -> None:
    with pytest.raises(Invalid):
        rows(text)


@pytest.mark.parametrize("text", ["a;c\n1.134;x\n", "a;c\n1.134;x\n12.500;y\n", "a\tc\n5\tx\n1.134\ty\n"])
def test_points_that_may_group_thousands_are_refused(rows, text: str) -> None:
    with pytest.raises(Invalid, match=r"`1.134` is 1.134, or a number of thousands.*`decimal=.` or `thousands=.`"):
        rows(text)
    assert 1.134 in rows(text, decimal=".").numbers["a"]
    assert 1134 in rows(text, thousands=".").numbers["a"]


@pytest.mark.parametrize("text", ["a;c\n1.134;x\n1.5;y\n", "a;c\n0.134;x\n", "a,c\n1.134,x\n", "a;c\n7;1.134\n"])
def test_points_that_are_decimal_points_are_read(rows, text: str) -> None:
    assert rows(text).numbers["a"][0] == float(text.split("\n")[1].replace(",", ";").split(";")[0])
