"""How a CSV is laid out: delimiters, headers, encodings, quotes and rows of a wrong number of cells."""

import numpy as np
import pytest

from service.definitions.columns import Role
from service.errors import Invalid, Malformed
from tests.unit.datasets.csv.refusals import refusal


def test_a_first_line_with_a_number_asks_whether_it_is_a_header(read) -> None:
    for text in ("1,2,3\n4,5,6\n", "a,2024-01-31\nb,2024-02-01\n", "a;1,5\nb;2,5\n"):
        error = refusal(read, text, delimiter=";" if ";" in text else ",")
        assert error.faults[0].pointer == "?header"
        assert "`header=false`" in error.detail and "`header=true`" in error.detail


def test_a_file_without_a_header_has_numbered_columns_and_keeps_its_first_row(read) -> None:
    table, rows = read("1,2,3\n4,5,6\n", header=False)
    assert [column.name for column in table.columns] == ["column_1", "column_2", "column_3"]
    np.testing.assert_array_equal(rows, [[1, 2, 3], [4, 5, 6]])
    assert read("7,8\n", header=False)[0].rows == 1


def test_numbers_may_be_names_when_the_client_says_so(read) -> None:
    table, rows = read("2019,2020\n4,5\n", header=True)
    assert [column.name for column in table.columns] == ["2019", "2020"]
    np.testing.assert_array_equal(rows, [[4, 5]])


@pytest.mark.parametrize("drop", [(), ("c",)])
def test_a_header_that_comes_again_is_no_row(read, drop: tuple[str, ...]) -> None:
    error = refusal(read, "a,c,b\nx,q,y\na,c,b\nz,q,y\n", drop=drop)
    assert error.faults[0].row == 2 and "is the header again" in error.detail


def test_a_header_with_an_unnamed_column_that_comes_again_is_no_row(read) -> None:
    assert refusal(read, ",a,y\n0,p,q\n,a,y\n1,r,s\n", drop=("column_1",)).faults[0].row == 2


def test_a_cell_may_equal_its_columns_name(read) -> None:
    assert read("a,b\nx,b\na,y\nz,y\n")[0].columns[0].categories == ("a", "x", "z")


def test_the_index_of_pandas_is_named_for_what_it_is(read) -> None:
    text = ",a,y\n0,1,2\n1,3,4\n"
    assert "`to_csv(..., index=False)`" in refusal(read, text).detail
    for way_out in ({"drop": ("column_1",)}, {"types": ["column_1:ignore"]}):
        table, rows = read(text, **way_out)
        assert [column.name for column in table.columns] == ["a", "y"]
        np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])


def test_a_row_of_sums_or_a_second_header_among_numbers_is_said_to_be_no_data(read) -> None:
    error = refusal(read, "a,y\n" + "1,2\n" * 20 + "Total,40\n")
    assert error.faults[0].row == 21 and "got 'Total'; remove the row if it holds sums" in error.detail
    error = refusal(read, "a,y\nm2,EUR\n" + "1,2\n" * 20)
    assert "got 'm2'; remove the row if it belongs to the header, say `missing=m2` if no value" in error.detail


@pytest.mark.parametrize(
    ("word", "in_url"), [("#N/A", "%23N/A"), ("#DIV/0!", "%23DIV/0!"), ("not known", "not%20known")]
)
def test_a_word_that_a_url_writes_otherwise_is_said_as_such(read, word: str, in_url: str) -> None:
    error = refusal(read, "a,y\n" + "1,2\n" * 20 + f"{word},40\n")
    assert f"say `missing={word}` (in a URL `missing={in_url}`) if no value is known" in error.detail
    assert "URL" not in refusal(read, "a,y\n" + "1,2\n" * 20 + "n/a,40\n").detail


def test_a_comment_in_place_of_the_header_is_said_to_be_none(read) -> None:
    error = refusal(read, "# exported, by x\na,b,y\n1,2,3\n")
    assert error.detail.startswith("row 1: must have 2 cells, got 3; remove the first line if it is a comment")


def test_types_said_of_columns_are_obeyed_or_contradicted(read) -> None:
    assert read("a,y\n1,1\n2,2\n", types=["a:category"])[0].columns[0].categories == ("1", "2")
    assert refusal(read, "a,y\n1,1\nx,2\nz,3\n", types=["a:number"]).faults[0].row == 2
    with pytest.raises(Invalid, match="did you mean `zip`"):
        read("zip,y\n1,1\n2,2\n", types=["zp:category"])
    with pytest.raises(Invalid, match="contradicts"):
        read("a,y\n1,1\n2,2\n", types=["y:category"], target_type="value")
    with pytest.raises(Invalid, match="both target and left out"):
        read("a,b,y\n1,1,1\n2,2,2\n", types=["y:ignore"], target=("y",))


def test_the_last_column_that_is_not_left_out_is_the_target(read) -> None:
    table, _ = read("a,b,y\n1,1,1\n2,2,2\n", types=["y:ignore"])
    assert [(column.name, column.role) for column in table.columns] == [("a", Role.INPUT), ("b", Role.TARGET)]


def test_categories_of_more_than_half_the_rows_are_named_in_a_warning(read) -> None:
    table, _ = read("id,c,y\n" + "".join(f"k{n},{'pq'[n % 2]},{n}\n" for n in range(10)))
    assert len(table.warnings) == 1 and "`id` has 10 different texts in 10 rows" in table.warnings[0]
    assert read("c,y\n" + "".join(f"k{n % 5},{n}\n" for n in range(10)))[0].warnings == ()


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('a,b,y\n1,2,"p\n2,3,q\n3,4,p\n', 1),
        ('a,b,y\n1,"x\nz",q\n\n2,3,"q\n3,4,p\n', 2),
        ('a,b,y\n1,2,"p"s\n2,3,q\n', 1),
        ('a,b,y\n1,2,p\n2,3,"q\n3,4,"p"\n', 2),
        ('a,b,y\n1,5" pipe,p\n2,3,"q\n', 2),
        ("a,b,y\n1,2,p\n2,x\rz,q\n", 2),
    ],
)
def test_quotes_and_returns_that_end_nothing_are_named_by_the_row_where_they_begin(read, text: str, row: int) -> None:
    assert refusal(read, text).faults[0].row == row


def test_an_unclosed_quote_in_the_header_is_refused(read) -> None:
    assert refusal(read, 'a,"b,y\n1,2,3\n').faults[0].row is None


def test_a_quote_after_a_very_long_cell_is_refused_without_a_row(read) -> None:
    assert refusal(read, f'a,y\n"{"x" * 200_000}",1\n"p,2\n').faults[0].row is None


def test_quotes_within_unquoted_cells_are_characters(read) -> None:
    assert read('a,y\n5" pipe,1\n3"x"4,2\n')[0].columns[0].categories == ('3"x"4', '5" pipe')


def test_ragged_rows_are_numbered_right_after_quoted_line_ends(read) -> None:
    error = refusal(read, 'a,b,y\n1,"x\ny\nz",3\n1,2\n1,2,3\n')
    assert [fault.row for fault in error.faults] == [2]


def test_ten_ragged_rows_end_the_work(read) -> None:
    error = refusal(read, "a,b,y\n" + "1,2\n" * 1000)
    assert len(error.faults) == 10 and "at least 9 more rows" in error.detail


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_all_lines_alike(read, delimiter: str) -> None:
    table, rows = read(f'a{delimiter}y\n"p,q;r\ts|t"{delimiter}1\nz{delimiter}2\n')
    assert table.read is not None and table.read.csv is not None and table.read.csv.delimiter == delimiter
    assert rows[:, 1].tolist() == [1, 2]


def test_two_delimiters_that_cut_alike_are_both_named(read) -> None:
    error = refusal(read, "1,5;a\n1,8;b\n", header=False)
    assert error.faults[0].pointer == "?delimiter"
    assert "`delimiter=comma` or `delimiter=semicolon`" in error.detail
    assert read("1,5;a\n1,8;b\n", header=False, delimiter=";")[1][:, 0].tolist() == [1.5, 1.8]


def test_the_line_with_which_excel_names_the_delimiter_is_refused(read) -> None:
    assert "`sep=;`" in refusal(read, "sep=;\r\na;y\r\n1;2\r\n").detail


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_the_encoding(read, encoding: str) -> None:
    table, _ = read("größe,y\nklein,1\nriesig €,2\n".encode(encoding))
    assert table.columns[0].name == "größe" and table.columns[0].categories == ("klein", "riesig €")


def test_other_encodings_are_read_when_they_are_said(read) -> None:
    text = "größe,y\nklein,1\nmäßig,2\n"
    with pytest.raises(Malformed, match=r"byte 2 is 0xf6.*`encoding=latin-1`"):
        read(text.encode("latin-1"))
    for encoding in ("latin-1", "windows-1252", "utf-16-le", "utf-16-be"):
        table, _ = read(text.encode(encoding), encoding=encoding)
        assert (
            table.columns[0].name == "größe"
            and table.read is not None
            and table.read.csv is not None
            and table.read.csv.encoding == encoding
        )
    with pytest.raises(Invalid, match="encoding=windows-1252"):
        read("a,y\n5 €,1\nx,2\n".encode("cp1252"), encoding="latin-1")
    with pytest.raises(Invalid, match="encoding=utf-16-le"):
        read(text.encode("utf-16-le"))
    with pytest.raises(Invalid, match="byte-order mark"):
        read(text.encode("utf-16"), encoding="latin-1")
