"""Warnings about columns that are read as text and perhaps should not be."""

from pathlib import Path

import pytest

from service.datasets.csv.reader import read_csv
from service.datasets.csv.text_warnings import is_sum
from service.datasets.options import Limits, ReadOptions, types_of


@pytest.fixture
def warnings(tmp_path: Path):  # type: ignore[no-untyped-def]
    def of(cells: list[str], types: tuple[str, ...] = (), **options: object) -> list[str]:
        """Return the warnings about the column c, without those that it has many different texts."""
        (tmp_path / "in.csv").write_text("c;y\n" + "".join(f"{cell};{row}\n" for row, cell in enumerate(cells)))
        read = ReadOptions(delimiter=";", types=types_of(list(types), "?types"), **options)  # type: ignore[arg-type]
        table = read_csv(tmp_path / "in.csv", read, Limits(), tmp_path / "out.npy")
        return [warning for warning in table.warnings if "different texts" not in warning]

    return of


@pytest.mark.parametrize(
    "date", ["31.01.2024", "01/31/2024", "1/2/24", "31-01-2024", "31.01.2024 10:20", "1.2.2024, 8:30:00"]
)
def test_dates_in_other_forms_than_iso_are_named(warnings, date: str) -> None:
    (warning,) = warnings([date] * 10)
    assert f"`c` looks like dates, such as `{date}`, and is read as text" in warning
    assert "write them as 2024-01-31" in warning
    assert warnings([date] * 10, ("c:category",)) == []


@pytest.mark.parametrize("text", ["1.2/2024", "192.168.1.1", "10:30", "2024-13", "1-2", "room 1/2/2024"])
def test_other_texts_with_digits_are_no_dates(warnings, text: str) -> None:
    assert warnings([text] * 10) == []


def test_words_that_make_text_of_a_column_of_numbers_are_named(warnings) -> None:
    cells = ["1.5"] * 12 + ["n/a", "--", "n/a", "below 1", ""]
    (warning,) = warnings(cells)
    assert "`c` is read as text, as 4 of its cells are no numbers (`n/a`, `--`, `below 1`) and 12 are" in warning
    assert "`missing=`" in warning and "`types=c:number`" in warning and "`types=c:category`" in warning
    assert warnings(cells, missing=("n/a", "--", "below 1")) == []
    assert warnings(cells, ("c:category",)) == []
    assert warnings(["1"] * 5 + ["a", "b", "c", "d", "e", "f"]) == []


def test_points_that_may_group_thousands_are_named(warnings) -> None:
    (warning,) = warnings(["12.345", "7.000", "-800"])
    assert "column `c`: `12.345` is read as 12.345, and every point in the file has three digits behind it" in warning
    assert "`thousands=.`" in warning and "`decimal=.`" in warning
    assert len(warnings(["12.345 ", "7.000", ""])) == 1
    assert warnings(["12.345", "7.000"], thousands=".") == warnings(["12.345", "7.000"], decimal=".") == []


@pytest.mark.parametrize("cell", ["1.5", "0.123", "1234.567", "12.3456", "1e-3", ".123", " 1.5"])
def test_one_decimal_point_shows_that_points_group_nothing(warnings, cell: str) -> None:
    shows = [] if "." in cell else ["1.5"]
    assert warnings(["12.345", cell, *shows, "7.000"]) == warnings([cell, *shows, "12.345"]) == []


def test_codes_with_leading_zeros_are_text_without_a_warning(warnings) -> None:
    assert warnings(["01067"] * 12 + ["n/a"] * 3) == []


def test_a_row_of_sums_is_named(warnings) -> None:
    (warning,) = warnings(["Bonn", "Ulm", "Total"])
    assert "`c` has the text `Total`; if its row holds sums, remove it" in warning
    assert is_sum(" Summe: ") and not is_sum("totally")
