"""What the columns of a CSV are: the notation of numbers, missing values, codes, ids and dates."""

import numpy as np
import pytest

from service.definitions.columns import ColumnType
from tests.unit.datasets.csv.refusals import refusal


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('p,y\n349.64,1\n"1,163.74",2\n"1,163",3\n', [349.64, 1163.74, 1163]),
        ("p;y\n1,5;a\n1,234;b\n-,75;b\n7;a\n", [1.5, 1.234, -0.75, 7]),
        ("p\ty\n1,5\ta\n1e3\tb\n", [1.5, 1000]),
        ("p;y\n1.5;a\n1234.25;b\n", [1.5, 1234.25]),
        ("p;y\n1.234;a\n5;b\n", [1.234, 5]),
    ],
)
def test_the_notation_of_numbers_is_found(read, text: str, values: list[float]) -> None:
    np.testing.assert_array_equal(read(text)[1][:, 0], values)


@pytest.mark.parametrize(
    ("text", "options", "values"),
    [
        ('p,y\n"1,234",1\n"12,5",2\n', {"decimal": ","}, [1.234, 12.5]),
        ('p,y\n"1,234",1\n"5",2\n', {"thousands": ","}, [1234, 5]),
        ("p;y\n1.234,5;1\n12.345;2\n", {"decimal": ",", "thousands": "."}, [1234.5, 12345]),
        ("p;y\n1.234,5;1\n12.345;2\n", {"thousands": "."}, [1234.5, 12345]),
        ("p;y\n1 234,5;1\n1\u00a0234\u202f567;2\n", {"decimal": ",", "thousands": "space"}, [1234.5, 1234567]),
        ("p,y\n1'234.5,1\n5,2\n", {"thousands": "'"}, [1234.5, 5]),
        ("p,y\n1_234,1\n5,2\n", {"thousands": "_"}, [1234, 5]),
    ],
)
def test_the_notation_of_numbers_may_be_said(read, text: str, options: dict[str, str], values: list[float]) -> None:
    np.testing.assert_array_equal(read(text, **options)[1][:, 0], values)


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("p;y\n1,234;1\n5,678;2\n", "`1,234` is 1234 with `thousands=,` and 1.234 with `decimal=,`"),
        ('p,y\n"1,234",1\n"5,678",2\n', "`1,234` is 1234 with `thousands=,` and 1.234 with `decimal=,`"),
        ('p,y\n"1,5",1\n"2,75",2\n', "`decimal=,`"),
        ("p;q;y\n1,5;1.5;1\n2,75;2;2\n", "`decimal=,`"),
        ("p;y\n1.234,5;1\n2;2\n", "`decimal=,` and `thousands=.`"),
        ("p;y\n1,5;1\n1.234,5;2\n", "`decimal=,` and `thousands=.`"),
        ("p,y\n$100,1\n$200,2\n", "currency"),
        ("p,y\n1.50 \u20ac,1\n2.50 \u20ac,2\n", "currency"),
        ("p,y\n10%,1\n20%,2\n", "percentage"),
        ("p,y\n\u22125,1\n\u22126,2\n", "U+002D"),
        ("p,y\n(100),1\n5,2\n", "U+002D"),
        ("p,y\n1\u00a0234,1\n5,2\n", "`thousands=space`"),
        ("p,y\n1'234,1\n5,2\n", "`thousands='`"),
        ("p,y\n\u0661\u0662,1\n\u0663,2\n", "digits other than 0 to 9"),
    ],
)
def test_numbers_in_another_notation_are_never_categories(read, text: str, way_out: str) -> None:
    error = refusal(read, text)
    assert (error.faults[0].row, error.faults[0].column) == (1, "p")
    assert way_out in error.detail and "`types=p:category`" in error.detail
    assert read(text, types=["p:category"])[0].columns[0].type is ColumnType.CATEGORY


def test_row_201_is_not_overruled_by_the_200_before(read) -> None:
    error = refusal(read, "p;y\n" + "1,5;2\n" * 200 + "1.5;2\n")  # a point: then the comma is no decimal separator
    assert error.faults[0].row == 1 and "`decimal=,`" in error.detail
    error = refusal(read, "p,y\n" + "1,2\n" * 200 + "oops,2\n")
    assert error.faults[0].row == 201
    assert read("p,y\n" + "1,2\n" * 200 + "01,2\n")[0].columns[0].categories == ("01", "1")


def test_words_for_missing_values_are_missing_among_numbers(read) -> None:
    words = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", "  ", " NA "]
    table, rows = read("a,y\n1,0\n" + "".join(f"{word},0\n" for word in words))
    assert table.columns[0].type is ColumnType.NUMBER and table.columns[0].missing == len(words)
    assert np.isnan(rows[1:, 0]).all()


def test_in_a_column_of_text_only_the_empty_cell_is_missing(read) -> None:
    table, _ = read("country,y\nNA,1\nDE,2\n,3\n")
    assert table.columns[0].categories == ("DE", "NA") and table.columns[0].missing == 1


@pytest.mark.parametrize("cells", [["", ""], ["NA", ""], ["?", "-"]])
def test_a_column_of_missing_values_alone_is_refused(read, cells: list[str]) -> None:
    text = "a,b,y\n" + "".join(f"1,{cell},2\n" for cell in cells)
    error = refusal(read, text)
    assert error.faults[0].column == "b" and "`drop=b`" in error.detail
    assert read(text, drop=("b",))[0].rows == 2


def test_the_clients_words_are_missing_in_every_column_besides_the_usual_ones(read) -> None:
    table, _ = read("a,b,y\n-999,none,1\n-999.0,x,2\nNA,x,3\n7,z,4\n", missing=("-999", "none"))
    assert [column.missing for column in table.columns] == [3, 1, 0]
    assert table.columns[1].categories == ("x", "z")


def test_a_mistake_among_numbers_and_missing_values_is_a_fault(read) -> None:
    error = refusal(read, "a,y\n" + "1,2\nNA,2\n" * 20 + "oops,2\n")
    assert (error.faults[0].row, error.faults[0].column) == (41, "a")
    assert "`missing=oops`" in error.detail


def test_leading_zeros_make_codes_that_stay_as_they_are_written(read) -> None:
    table, rows = read("zip,y\n01569,1\n1569,2\n-05,3\n01569,4\n")
    assert table.columns[0].categories == ("-05", "01569", "1569")
    assert len(set(rows[:, 0])) == 3
    for text in ("0", "-0", "0.5", "00.5", "0e5"):
        assert read(f"a,y\n{text},1\n2,2\n")[0].columns[0].type is ColumnType.NUMBER
    assert read("zip,y\n01569,1\n1569,2\n", types=["zip:number"])[1][:, 0].tolist() == [1569, 1569]


def test_codes_far_behind_numbers_are_found_in_another_pass(read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.datasets.csv.reader.BLOCK_BYTES", 200)
    table, rows = read("zip,y\n" + "".join(f"{n},1\n" for n in range(100, 300)) + "0100,1\n")
    assert len(table.columns[0].categories or ()) == 201
    assert rows[0, 0] != rows[-1, 0]


def test_ids_beyond_2_to_the_53_are_two_ids(read) -> None:
    text = "x,id\n1,9007199254740993\n2,9007199254740992\n"
    table, _ = read(text)
    assert table.columns[1].categories == ("9007199254740992", "9007199254740993")
    table, _ = read(text, target_type="value")
    assert table.columns[1].type is ColumnType.NUMBER


def test_an_input_beyond_2_to_the_53_is_refused_with_the_ways_out(read) -> None:
    text = "id,y\n7,1\n9007199254740993,2\n9007199254740992,3\n"
    error = refusal(read, text)
    assert (error.faults[0].row, error.faults[0].column) == (2, "id")
    assert read(text, types=["id:number"])[1][1:, 0].tolist() == [2.0**53] * 2
    assert len(read(text, types=["id:category"])[0].columns[0].categories or ()) == 3
    assert [column.name for column in read("z," + text.replace("\n", "\n1,")[:-2], types=["id:ignore"])[0].columns] == [
        "z",
        "y",
    ]
    assert read("a,y\n9007199254740992,1\n1e300,2\n")[0].columns[0].type is ColumnType.NUMBER


def test_text_codes_stay_apart_when_categories_are_asked_for(read) -> None:
    table, rows = read("x,y\n1,2\n1,2.10\n1,2.1\n", types=["y:category"])
    assert table.columns[1].categories == ("2", "2.1", "2.10")
    assert rows[:, 1].tolist() == [0, 2, 1]


def test_iso_dates_are_days_since_1970(read) -> None:
    table, rows = read("d,y\n1970-01-02,1\n2024-01-31T12:00,2\n1969-12-31 18:00:00,3\n,4\n")
    np.testing.assert_array_equal(rows[:, 0], [1, 19753.5, -0.25, np.nan])
    assert table.columns[0].is_date and table.columns[0].type is ColumnType.NUMBER
    table, rows = read("d,y\n2024-01-31T12:00:00+12:00,1\n2024-01-31T00:00Z,2\n")
    assert rows[:, 0].tolist() == [19753, 19753]


def test_dates_with_and_without_an_offset_in_one_column_are_refused(read) -> None:
    assert "offset" in refusal(read, "d,y\n2024-01-31T12:00Z,1\n2024-01-31T12:00,2\n").detail


def test_what_is_no_date_among_dates_is_named(read) -> None:
    error = refusal(read, "d,y\n" + "2024-01-31,1\n" * 20 + "2024-02-30,2\n")
    assert (error.faults[0].row, error.faults[0].column) == (21, "d")
    error = refusal(read, "d,y\n2024-01-31,1\nsoon,2\nlater,3\n", types=["d:date"])
    assert [fault.row for fault in error.faults] == [2, 3]
    assert read("d,y\n2024-01-31,1\nsoon,2\nlater,3\n")[0].columns[0].type is ColumnType.CATEGORY


@pytest.mark.parametrize("number", ["20240131", "19753", "19753.5", "1706659200000"])
def test_numbers_in_a_column_of_dates_are_faults_and_not_missing(read, number: str) -> None:
    error = refusal(read, f"d,y\n{number},1\n{number},2\n", types=["d:date"])
    assert [(fault.row, fault.column) for fault in error.faults] == [(1, "d"), (2, "d")]
    assert error.detail.startswith(f"column `d`, row 1: must be an ISO 8601 date such as 2024-01-31, got '{number}'")
