"""CSV: what columns are taken for, what is missing, and that every mistake is named by row and column."""

import numpy as np
import pytest

from service.datasets.options import Limits
from service.definitions.columns import ColumnType, Role
from service.errors import Invalid, Malformed


def test_numbers_and_categories_are_distinguished(read) -> None:
    table, rows = read("a,colour,y\n1,red,0.5\n-2.5e3,green,1\n.5,red,2.\n")
    assert [column.type for column in table.columns] == [ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.NUMBER]
    assert [column.role for column in table.columns] == [Role.INPUT, Role.INPUT, Role.TARGET]
    assert table.columns[1].categories == ("green", "red")
    np.testing.assert_array_equal(rows, [[1, 1, 0.5], [-2500, 0, 1], [0.5, 1, 2]])


def test_statistics_agree_with_numpy(read) -> None:
    random = np.random.default_rng(1)
    values = random.normal(5, 3, size=(500, 3))
    table, rows = read("a,b,y\n" + "\n".join(",".join(map(repr, row.tolist())) for row in values) + "\n")
    np.testing.assert_array_equal(rows, values)
    for index, column in enumerate(table.columns):
        assert column.minimum == values[:, index].min()
        assert column.maximum == values[:, index].max()
        assert column.mean == pytest.approx(values[:, index].mean(), rel=1e-12)
        assert column.standard_deviation == pytest.approx(values[:, index].std(), rel=1e-12)


def test_empty_cells_are_missing_and_left_out_of_the_statistics(read) -> None:
    table, rows = read('a,c,y\n1,x,1\n,"",2\n3,y,3\n')
    assert [column.missing for column in table.columns] == [1, 1, 0]
    assert table.columns[0].mean == 2.0
    assert np.isnan(rows[1, :2]).all()


def test_categories_that_are_numbers_are_in_numeric_order(read) -> None:
    table, _ = read("a,y\n" + "\n".join(f"1,{n}" for n in (10, 9, 100)) + "\n", target_type="class")
    assert table.columns[1].whole_values == (9.0, 10.0, 100.0)


@pytest.mark.parametrize("blank_before", ["", "\n"])
def test_ragged_rows_are_named_by_their_number(read, blank_before: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(blank_before + "a,b,y\n1,2,3\n1,2\n1,2,3\n1,2,3,4\n")
    assert [fault.row for fault in caught.value.faults] == [2, 4]
    assert "must have 3 cells, got 2" in caught.value.faults[0].detail


@pytest.mark.parametrize("text", ["-nan", "NAN", "Infinity", "-inf", "1e999"])
def test_what_is_not_finite_is_never_data(read, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(f"a,y\n1,2\n{text},3\n")
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "a")


@pytest.mark.parametrize("text", ["true", "1_000", "0x10", "oops"])
def test_a_single_odd_cell_among_numbers_is_a_mistake_with_row_and_column(read, text: str) -> None:
    lines = ["1,2"] * 20
    lines[6] = f"{text},2"
    with pytest.raises(Invalid) as caught:
        read("a,y\n" + "\n".join(lines) + "\n")
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (7, "a")


@pytest.mark.parametrize(("text", "value"), [("+5", 5.0), ("1e-400", 0.0), ("5.", 5.0), (" 5 ", 5.0), ("-0", -0.0)])
def test_unusual_decimals_are_numbers(read, text: str, value: float) -> None:
    table, rows = read(f"a,y\n{text},1\n2,2\n")
    assert table.columns[0].type is ColumnType.NUMBER
    assert rows[0, 0] == value and np.signbit(rows[0, 0]) == np.signbit(value)


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_cells_that_look_like_formulas_are_data(read, first: str) -> None:
    table, _ = read(f"a,y\n{first}SUM(A1),1\nplain,2\n")
    assert f"{first}SUM(A1)" in (table.columns[0].categories or ())


def test_two_columns_of_one_name_are_refused(read) -> None:
    with pytest.raises(Invalid, match="two columns are named `a`"):
        read("a,a,y\n1,2,3\n1,2,3\n")


def test_a_column_without_a_name_is_refused(read) -> None:
    with pytest.raises(Invalid, match="column 2 has no name"):
        read("a,,y\n1,2,3\n1,2,3\n")


def test_nul_is_refused_with_its_place(read) -> None:
    with pytest.raises(Invalid, match="byte 5 is NUL"):
        read(b"a,y\n1\x00,2\n")


@pytest.mark.parametrize("data", [b"a,y\n\xff,2\n", b"a,y\n1,2\nx,\xc3", b"\xffa,y\n1,2\n"])
def test_what_is_not_utf8_is_malformed(read, data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(read, end: str, mark: bytes) -> None:
    table, rows = read(mark + end.join(["a,y", "1,2", "3,4", ""]).encode())
    assert [column.name for column in table.columns] == ["a", "y"]
    np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])


def test_no_newline_at_the_end_is_fine(read) -> None:
    assert read("a,y\n1,2\n3,4")[0].rows == 2


def test_one_line_hints_at_what_curl_does(read) -> None:
    with pytest.raises(Invalid, match=r"-T file.*--data-binary"):
        read("a,b,y1,2,34,5,6")


@pytest.mark.parametrize("text", ["", "\n\n", "a,y\n", "a,y\r\n\r\n"])
def test_empty_is_refused(read, text: str) -> None:
    with pytest.raises(Invalid):
        read(text)


def test_a_quoted_header_may_hold_commas_and_line_ends(read) -> None:
    table, rows = read('"a\nb","c,d",y\n1,2,3\n4,5,6\n')
    assert [column.name for column in table.columns] == ["a\nb", "c,d", "y"]
    np.testing.assert_array_equal(rows, [[1, 2, 3], [4, 5, 6]])


def test_blank_lines_before_the_header_are_skipped(read) -> None:
    table, rows = read("\n\na,y\n1,2\n3,4\n")
    np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])
    assert table.columns[0].type is ColumnType.NUMBER


def test_roles_follow_the_options(read) -> None:
    table, _ = read("a,b,c,w\n1,2,3,1\n4,5,6,2\n", target=("a", "b"), weight="w")
    assert [(column.name, column.role) for column in table.columns] == [
        ("c", Role.INPUT),
        ("a", Role.TARGET),
        ("b", Role.TARGET),
        ("w", Role.WEIGHT),
    ]
    table, _ = read("a,b,c\n1,2,3\n4,5,6\n", target=("none",), drop=("b",))
    assert [column.name for column in table.columns] == ["a", "c"]


def test_weights_that_are_text_are_named(read) -> None:
    with pytest.raises(Invalid) as caught:
        read("a,y,w\n1,2,heavy\n3,4,light\n", weight="w", target=("y",))
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (1, "w")


def test_an_unknown_column_gets_a_guess(read) -> None:
    with pytest.raises(Invalid, match="did you mean `species`"):
        read("a,species\n1,x\n2,y\n", target=("speces",))


def test_no_inputs_left_is_refused(read) -> None:
    with pytest.raises(Invalid, match="no column is left"):
        read("y\n1\n2\n")


def test_too_many_columns_or_categories_are_refused(read) -> None:
    with pytest.raises(Invalid, match="at most 2 columns"):
        read("a,b,y\n1,2,3\n", limits=Limits(max_columns=2))
    with pytest.raises(Invalid, match="over 2 different texts"):
        read("a,y\nx,1\ny,2\nz,3\n", limits=Limits(max_categories=2))


def test_the_hash_distinguishes_content_and_reading(read) -> None:
    text = "a,b,y\n1,2,0\n3,4,1\n"
    same, again = read(text)[0].sha256, read(text.replace("1,2", "1.0,2"))[0].sha256
    assert same == again
    others = [
        read(text, scale=2.0),
        read(text, target=("a",)),
        read(text, target_type="class"),
        read(text.replace("3", "5")),
        read(text.replace("b", "c")),
    ]
    assert len({same, *(table.sha256 for table, _ in others)}) == 6


def test_scale_divides_neither_rows_nor_statistics(read) -> None:
    table, rows = read("a,y\n0,255\n255,0\n", scale=255.0)
    assert (table.columns[0].maximum, table.columns[1].maximum, table.scale) == (255.0, 255.0, 255.0)
    assert rows[1, 0] == 255


def test_statistics_stay_finite_for_the_largest_numbers(read) -> None:
    with np.errstate(all="ignore"):
        try:
            table, _ = read("a,y\n1.7e308,1\n-1.7e308,2\n")
        except Invalid:
            return
    column = table.columns[0]
    figures = (column.minimum, column.maximum, column.mean, column.standard_deviation)
    assert all(figure is None or np.isfinite(figure) for figure in figures)


def test_the_answer_says_how_the_file_was_read(read) -> None:
    table, _ = read("zip;when;price;y\n01569;2024-01-31;1,5;a\n1569;1970-01-02;2,25;b\n", missing=("none",))
    assert table.read is not None and table.read.to_dict() == {
        "format": "csv",
        "encoding": "utf-8",
        "delimiter": ";",
        "header": True,
        "decimal": ",",
        "thousands": None,
        "missing": ["NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", "", "none"],
        "dates": ["when"],
        "codes": ["zip"],
    }


def test_a_table_with_defaults_keeps_the_hash_of_earlier_releases(read) -> None:
    table, _ = read("a,colour,y\n1,red,0.5\n,green,1\n.5,red,2.\n")
    assert table.sha256 == "2641aea76beee3b30bc8dc4515c5c6b719af93d8e89d9d15ad5a14c5dece463c"
