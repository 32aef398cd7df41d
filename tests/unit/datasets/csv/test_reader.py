"""CSV: what columns are taken for, what is missing, and that every mistake is named by row and column."""

from pathlib import Path

import numpy as np
import pytest

from service.datasets.csv.reader import read_csv
from service.datasets.options import Limits, ReadOptions, types_of
from service.definitions.columns import ColumnType, Role, Table
from service.errors import Invalid, Malformed
from service.preprocessing.batches import open_rows


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(text: str | bytes, limits: Limits | None = None, **options: object) -> tuple[Table, np.ndarray]:
        source, destination = tmp_path / "in.csv", tmp_path / "out.npy"
        if "types" in options:
            options["types"] = types_of(options["types"], "?types")  # type: ignore[arg-type]
        source.write_bytes(text.encode() if isinstance(text, str) else text)
        table = read_csv(source, ReadOptions(**options), limits or Limits(), destination)  # type: ignore[arg-type]
        return table, np.array(open_rows(destination))

    return run


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


def refusal(read, text: str | bytes, **options: object) -> Invalid:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid) as caught:
        read(text, **options)
    return caught.value


# how the answer says that the file was read


def test_the_answer_says_how_the_file_was_read(read) -> None:
    table, _ = read("zip;when;price;y\n01569;2024-01-31;1,5;a\n1569;1970-01-02;2,25;b\n", missing=("none",))
    assert table.read == {
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


# headers


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


# notation


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


# missing values


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


# kinds of columns


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


# rows


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


# delimiters and encodings


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_all_lines_alike(read, delimiter: str) -> None:
    table, rows = read(f'a{delimiter}y\n"p,q;r\ts|t"{delimiter}1\nz{delimiter}2\n')
    assert table.read is not None and table.read["delimiter"] == delimiter
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
        assert table.columns[0].name == "größe" and table.read is not None and table.read["encoding"] == encoding
    with pytest.raises(Invalid, match="encoding=windows-1252"):
        read("a,y\n5 €,1\nx,2\n".encode("cp1252"), encoding="latin-1")
    with pytest.raises(Invalid, match="encoding=utf-16-le"):
        read(text.encode("utf-16-le"))
    with pytest.raises(Invalid, match="byte-order mark"):
        read(text.encode("utf-16"), encoding="latin-1")
