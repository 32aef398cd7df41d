"""What single cells are taken for."""

import numpy as np
import pyarrow as pa
import pytest

from service.datasets.csv import cells
from service.datasets.csv.cells import Cell

KINDS = {
    Cell.WORD: ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", ""],
    Cell.CODE: ["01569", "-05", "+00"],
    Cell.WHOLE: ["0", "-0", "+5", "1e5", "12345678901234567890"],
    Cell.POINT_THREE: ["1.234", "-12.345"],
    Cell.POINT: ["1.5", "5.", ".5", "-2.5e3", "00.5", "0.123", "1234.567"],
    Cell.COMMA_THREE: ["1,234", "-12,345"],
    Cell.COMMA_THREE_UNGROUPED: ["0,123", "1234,567", ",123"],
    Cell.COMMA: ["1,5", ",5", "5,", "-1,5e3"],
    Cell.GROUPED_BY_COMMA: ["1,163.74", "1,234,567", "12,34,567", "1,234."],
    Cell.GROUPED_BY_POINT: ["1.163,74", "1.234.567"],
    Cell.DATE: ["2024-01-31", "2024-01-31T10:20", "2024-01-31 10:20:30.5Z", "2024-01-31T10:20+02:00"],
    Cell.NO_DATE: ["2024-02-30", "2024-31-01"],
    Cell.INFINITE: ["inf", "-Infinity", "-nan", "NAN"],
    Cell.BEYOND: ["1e999", "-1e400"],
    Cell.CURRENCY: ["$100", "-$5", "$-5", "1.50 €", "USD 5", "5 EUR", "£1,234.50", "($100)", "\u00a51\u00a0000"],
    Cell.PERCENT: ["10%", "12,5 %", "-3.5%", "5\u2030"],
    Cell.SPACED: ["1 234", "1\u00a0234,5", "1\u202f234.5", "1 234.50", "1 234,43"],
    Cell.APOSTROPHES: ["12'345", "1\u2019234.5", "1'234.50", "1'234.43"],
    Cell.UNDERSCORES: ["1_000"],
    Cell.OTHER_MINUS: ["\u22125", "\u20135.5", "(100)", "100-"],
    Cell.OTHER_DIGITS: ["\u0661\u0662", "\uff11\uff12"],
    Cell.TEXT: [
        "x",
        "A12",
        "1.2.3",
        "12.05.2020",
        "10:30",
        "5kg",
        "0x10",
        "10 20",
        "10 3",
        "1-2",
        ",",
        ".",
        "e5",
        "é5",
        "--5",
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_cell_is_recognised(kind: Cell) -> None:
    found = cells.classify(pa.array(KINDS[kind]), pa.array([], pa.string()))
    assert [Cell(number) for number in found] == [kind] * len(found)


def test_the_clients_words_come_first_and_null_is_missing() -> None:
    found = cells.classify(pa.array(["5", None, "x", "NA"]), pa.array(["5", "x"]))
    assert found.tolist() == [Cell.MISSING, Cell.MISSING, Cell.MISSING, Cell.WORD]


@pytest.mark.parametrize(
    ("texts", "has_codes"),
    [(["1", "007"], True), ([None, "-07"], True), (["0", "-0", "", "0.5", "0e5"], False), ([], False), (["00"], True)],
)
def test_leading_zeros_are_seen_among_numbers(texts: list[str | None], has_codes: bool) -> None:
    assert cells.has_codes(pa.array([*texts, "1"], pa.string())) is has_codes
    assert cells.has_codes(pa.array(["09", *texts, "1"], pa.string()).slice(1)) is has_codes


def test_commas_become_points_in_a_slice_too() -> None:
    array = pa.array(["1,5", None, "x,y", "2"])
    assert cells.with_points(array).to_pylist() == ["1.5", None, "x.y", "2"]
    assert cells.with_points(array.slice(1, 2)).to_pylist() == [None, "x.y"]
    assert array.to_pylist()[0] == "1,5"


def test_the_first_and_last_bytes_of_texts() -> None:
    first, last = cells.edges(pa.array(["ab", None, "", "c"]))
    np.testing.assert_array_equal(first, [ord("a"), 0, 0, ord("c")])
    np.testing.assert_array_equal(last, [ord("b"), 0, 0, ord("c")])
