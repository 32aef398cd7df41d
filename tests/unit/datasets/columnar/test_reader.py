"""Parquet, Arrow streams and Arrow files: what each of Arrow's types becomes, exactly, and what is refused."""

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest

from service.datasets.columnar import arrow_messages
from service.datasets.columnar import reader as columnar
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind, ColumnType, Role, Table
from service.errors import Invalid, Malformed, TooLarge
from tests.unit.datasets.columnar.tables import READERS, Read, write

NAN = float("nan")
BIG = 2**53


Y = pa.array([0.5, 1.5, 2.5])
DAY = datetime.date(2024, 1, 31)
NOON = datetime.datetime(1969, 12, 31, 12)
DICTIONARY = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array(["lo", "hi", "never"]))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array([1, None, -3], pa.int64()), [1, NAN, -3]),
        (pa.array([BIG, -BIG, 0], pa.int64()), [BIG, -BIG, 0]),
        (pa.array([1, None, 255], pa.uint8()), [1, NAN, 255]),
        (pa.array([0.1, NAN, None], pa.float64()), [0.1, NAN, NAN]),
        (pa.array([0.5, None, 2], pa.float16()), [0.5, NAN, 2]),
        (pa.array([decimal.Decimal("349.64"), None, decimal.Decimal("-0.07")]), [349.64, NAN, -0.07]),
        (pa.array([DAY, None, DAY], pa.date32()), [19753, NAN, 19753]),
        (pa.array([DAY, None, DAY], pa.date64()), [19753, NAN, 19753]),
        (pa.array([NOON, None, NOON], pa.timestamp("s")), [-0.5, NAN, -0.5]),
        (pa.array([NOON, None, NOON], pa.timestamp("ns")), [-0.5, NAN, -0.5]),
        (pa.array([NOON, None, NOON], pa.timestamp("ms", "Europe/Berlin")), [-0.5, NAN, -0.5]),
        (pa.array(["2024-01-31", None, "2024-01-31T12:00"]), [19753, NAN, 19753.5]),
        (pa.array(["2024-01-31", None, "2024-01-31T13:00+01:00"]), [19753, NAN, 19753.5]),
    ],
)
def test_numbers_and_dates_are_numbers(read: Read, cells: pa.Array, expected: list[float]) -> None:
    table, rows = read(pa.table({"a": cells, "y": Y}))
    assert table.columns[0].type is ColumnType.NUMBER
    assert table.columns[0].missing == sum(value != value for value in expected)
    assert table.columns[0].is_date == (not isinstance(cells[0].as_py(), int | float | decimal.Decimal))
    np.testing.assert_array_equal(rows, np.column_stack([expected, [0.5, 1.5, 2.5]]))


@pytest.mark.parametrize(
    ("cells", "categories", "codes"),
    [
        (pa.array(["x", None, "a"]), ("a", "x"), [1, NAN, 0]),
        (pa.array(["10", "9", None], pa.large_string()), ("9", "10"), [1, 0, NAN]),
        (pa.array(["01569", "1569", ""]), ("", "01569", "1569"), [1, 2, 0]),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ("a", "b"), [1, 0, 1]),
        (DICTIONARY, ("hi", "lo"), [0, NAN, 1]),
        (pa.array([3, 20, 3]).dictionary_encode(), ("3", "20"), [0, 1, 0]),
        (pa.array([True, None, False]), ("false", "true"), [1, NAN, 0]),
        (pa.array([True, True, None]), ("true",), [0, 0, NAN]),
    ],
)
def test_texts_booleans_and_dictionaries_are_categories(
    read: Read, cells: pa.Array, categories: tuple[str, ...], codes: list[float]
) -> None:
    table, rows = read(pa.table({"a": cells, "y": Y}))
    assert table.columns[0].type is ColumnType.CATEGORY
    assert table.columns[0].categories == categories
    np.testing.assert_array_equal(rows[:, 0], codes)


def test_all_forms_of_a_table_are_the_same_dataset(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None, 3], "when": [DAY, DAY, None], "c": DICTIONARY, "y": ["p", "q", "p"]})
    found = []
    for form, reader in READERS.items():
        write(table, tmp_path / form, form)
        found.append(reader(tmp_path / form, ReadOptions(), Limits(), tmp_path / "out.npy"))
    assert len({(each.sha256, each.rows) for each in found}) == 1
    assert [each.read and each.read.format for each in found] == ["parquet", "arrow", "arrow"]


U8, F32 = pa.uint8(), pa.float32()


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [
        ({"a": pa.array([1, 2, 255], U8), "y": pa.array([0, 1, 9], pa.int64())}, "uint8"),
        ({"a": pa.array([1, 2, 255], U8), "y": ["p", "q", "p"]}, "uint8"),
        ({"a": pa.array([1, 2, 255], U8), "y": pa.array([0, 1, 256], pa.int64())}, "float64"),
        ({"a": pa.array([1, None, 255], U8), "y": pa.array([0, 1, 9], U8)}, "float64"),
        ({"a": pa.array([1, 2, 255], U8), "y": ["p", None, "p"]}, "float64"),
        ({"a": pa.array([0.1, None, 2], F32), "y": pa.array([0, 1, 9], pa.int64())}, "float32"),
        ({"a": pa.array([0.1, None, 2], F32), "b": pa.array([1, 2, 3], U8), "y": pa.array([0.5, 1, 9])}, "float32"),
        ({"a": pa.array([0.1, None, 2], F32), "y": pa.array([0.1, 1, 9])}, "float64"),
        ({"a": pa.array([0.1, None, 2], F32), "y": pa.array([1, 2, 2**24 + 1])}, "float64"),
        ({"a": pa.array([0.1, 1, 2], F32), "b": pa.array([1, 2, 3], pa.int16()), "y": Y}, "float64"),
        ({"a": pa.array([0.1, 1, 2], F32), "b": pa.array([NOON] * 3, pa.timestamp("us")), "y": Y}, "float64"),
        ({"a": ["p", "q", "p"], "y": pa.array([1, 2, 3], U8)}, "float64"),
    ],
)
def test_numbers_keep_their_precision_when_all_columns_allow(read: Read, columns: dict[str, Any], dtype: str) -> None:
    table, rows = read(pa.table(columns))
    assert (table.dtype, rows.dtype) == (dtype, np.dtype(dtype))
    if isinstance(columns["y"], pa.Array):
        np.testing.assert_array_equal(rows[:, -1].astype(np.float64), columns["y"].to_numpy(zero_copy_only=False))


def test_options_name_columns_as_for_csv(read: Read) -> None:
    table = pa.table({"w": [1.0, 2.0, 3.0], "y": ["p", "q", "p"], "id": [7, 8, 9], "a": [1, 2, 3]})
    found, rows = read(table, target=("y",), weight="w", drop=("id",))
    assert [(column.name, column.role) for column in found.columns] == [
        ("a", Role.INPUT),
        ("y", Role.TARGET),
        ("w", Role.WEIGHT),
    ]
    np.testing.assert_array_equal(rows, [[1, 0, 1], [2, 1, 2], [3, 0, 3]])
    with pytest.raises(Invalid, match="did you mean `a`"):
        read(table, target=("A",))


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (pa.array(["1", " 2.5 ", None]), "number", [1, 2.5, NAN]),
        (pa.array(["1", "2.5", "1"]).dictionary_encode(), "number", [1, 2.5, 1]),
        (pa.array([BIG + 1, 1, 2]), "number", [BIG, 1, 2]),
        (pa.array([True, None, False]), "number", [1, NAN, 0]),
        (pa.array(["2024-01-31", None, "2024-01-30"]), "date", [19753, NAN, 19752]),
        (pa.array([DAY, None, DAY]), "date", [19753, NAN, 19753]),
        (pa.array([10, 9, None]), "category", ("9", "10")),
        (pa.array([2.0, 0.5, 2.0]), "category", ("0.5", "2")),
        (pa.array([BIG + 1, BIG, None]), "category", (str(BIG), str(BIG + 1))),
        (pa.array(["2024-01-31", None, "2024-01-30"]), "category", ("2024-01-30", "2024-01-31")),
        (pa.array([DAY, None, DAY]), "category", ("2024-01-31",)),
    ],
)
def test_types_say_how_a_column_is_read(read: Read, cells: pa.Array, kind: str, expected: Any) -> None:
    table, rows = read(pa.table({"a": cells, "y": Y}), types={"a": ColumnKind(kind)})
    if kind == "category":
        assert table.columns[0].categories == expected
    else:
        np.testing.assert_array_equal(rows[:, 0], expected)


def test_an_ignored_column_may_be_of_any_type(read: Read) -> None:
    table, _ = read(pa.table({"a": [1, 2, 3], "l": [[1], [2], []], "y": Y}), types={"l": ColumnKind.IGNORE})
    assert [column.name for column in table.columns] == ["a", "y"]


@pytest.mark.parametrize(
    ("cells", "kind", "row", "words"),
    [
        (pa.array([1, BIG + 1, 3]), None, 2, f"{BIG + 1} is beyond 2^53"),
        (pa.array([1, 2, 2**64 - 1], pa.uint64()), None, 3, "18446744073709551615 is beyond 2^53"),
        (pa.array([decimal.Decimal(BIG + 1), None, None]), None, 1, f"{BIG + 1} is beyond 2^53"),
        (pa.array([1, 2, float("inf")]), None, 3, "must be finite, got inf"),
        (pa.array([1, -float("inf"), 2], F32), None, 2, "must be finite, got -inf"),
        (pa.array(["1", "2", "x"]), "number", 3, "must be a number, got 'x'"),
        (pa.array(["1", "1e999", "1"]), "number", 2, "must be a number, got '1e999'"),
        (pa.array(["2024-01-31", "2024-02-30", None]), "date", 2, "must be an ISO 8601 date"),
        (pa.array([1, 2, 3]), "date", None, "goes with text and dates"),
        (pa.array(["2024-01-31T10:00Z", "2024-01-31T10:00", None]), None, None, "with an offset from UTC"),
        (pa.array(["a", "b\0", "c"]), None, 2, "must not hold NUL"),
        (pa.array([[1], [2], [3]]), None, None, "is of type list"),
        (pa.array([{"b": 1}] * 3), None, None, "give each of its values a column"),
        (pa.array([b"1", b"2", b"3"]), None, None, "is of type binary"),
        (pa.array([datetime.time(1)] * 3), None, None, "convert it to numbers"),
        (pa.array([None] * 3), None, None, "has no value in any row"),
        (pa.array([None] * 3, pa.int64()), None, None, "has no value in any row"),
        (pa.array([NAN] * 3), None, None, "has no value in any row"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_way_out(
    read: Read, cells: pa.Array, kind: str | None, row: int | None, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read(pa.table({"ok": Y, "a": cells, "y": Y}), types={"a": ColumnKind(kind)} if kind else {})
    fault = caught.value.faults[0]
    assert (fault.column, fault.row) == ("a", row)
    assert words in caught.value.detail
    if kind is None and "finite" not in words and "NUL" not in words and "offset" not in words:
        assert "drop=a" in fault.detail or "types=a:ignore" in fault.detail


def test_a_column_of_dates_with_a_mistake_is_no_category(read: Read) -> None:
    texts = [f"2024-01-{day:02}" for day in range(1, 32)] + ["2024-02-30"]
    with pytest.raises(Invalid) as caught:
        read(pa.table({"a": texts, "y": list(range(32))}))
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (32, "a")


def test_ids_beyond_doubles_are_classes_as_a_target_unless_they_are_values(read: Read) -> None:
    table = pa.table({"a": [1, 2, 3], "y": [BIG + 1, BIG, 1]})
    found, rows = read(table)
    assert found.columns[1].categories == ("1", str(BIG), str(BIG + 1))
    np.testing.assert_array_equal(rows[:, 1], [2, 1, 0])
    found, _ = read(table, target_type="value")
    assert found.columns[1].type is ColumnType.NUMBER


def test_all_columns_of_a_wrong_type_are_named_at_once(read: Read) -> None:
    with pytest.raises(Invalid, match="1 more column") as caught:
        read(pa.table({"a": [[1]], "b": [b"x"], "y": [1]}))
    assert [fault.column for fault in caught.value.faults] == ["a", "b"]


def test_a_file_without_rows_is_empty(read: Read) -> None:
    with pytest.raises(Invalid, match="no rows"):
        read(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string()), "y": pa.array([], pa.int8())}))


def test_a_file_without_columns_is_refused(read: Read) -> None:
    with pytest.raises(Invalid):
        read(pa.table({}))


def test_two_columns_of_one_name_are_refused(read: Read) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "y"])
    with pytest.raises(Invalid, match="two columns are named `a`"):
        read(table)


@pytest.mark.parametrize("form", ["stream", "file"])
@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_packed_batch_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, compression: str
) -> None:
    table = pa.table({"a": np.zeros(10_000), "t": pa.array(["x"] * 10_000).dictionary_encode(), "y": np.zeros(10_000)})
    new = ipc.new_stream if form == "stream" else ipc.new_file
    with new(str(tmp_path / "in"), table.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)

    def read() -> Table:
        return READERS[form](tmp_path / "in", ReadOptions(), Limits(), tmp_path / "out.npy")

    assert read().rows == 10_000
    monkeypatch.setattr(arrow_messages, "MAX_BATCH_BYTES", 2 * 80_000 + 40_000 - 1)
    with pytest.raises(TooLarge, match="write smaller batches"):
        read()


def test_names_with_dots_and_quotes_are_names(read: Read) -> None:
    table, rows = read(pa.table({"a": ["p", "q"], "a.b": [1, 2], 'c"`': ["x", "y"], "y": [3, 4]}))
    assert [column.name for column in table.columns] == ["a", "a.b", 'c"`', "y"]
    np.testing.assert_array_equal(rows, [[0, 1, 0, 3], [1, 2, 1, 4]])


def test_too_many_texts_are_refused(read: Read) -> None:
    with pytest.raises(Invalid, match="over 2 different texts"):
        read(pa.table({"a": ["p", "q", "r"], "y": Y}), Limits(max_categories=2))


def test_rows_beyond_the_limit_are_too_large(read: Read) -> None:
    with pytest.raises(TooLarge):
        read(pa.table({"a": list(range(100)), "y": list(range(100))}), Limits(max_bytes=1500))


def test_many_batches_are_one_table(read_parquet: Read) -> None:
    count = columnar.BATCH_ROWS * 2 + 17
    texts = [f"t{index % 1000}" for index in range(count)]
    table, rows = read_parquet(pa.table({"a": np.arange(count), "t": texts, "y": np.arange(count) / 3}))
    assert table.rows == count and len(table.columns[1].categories or ()) == 1000
    np.testing.assert_array_equal(rows[:, 0], np.arange(count))
    assert [(table.columns[1].categories or ())[int(code)] for code in rows[-5:, 1]] == texts[-5:]


def test_a_stream_that_is_cut_between_batches_is_cut_off(tmp_path: Path) -> None:
    write(pa.table({"a": [1, 2, 3, 4], "y": [1, 2, 3, 4]}), tmp_path / "in", "stream")
    whole = (tmp_path / "in").read_bytes()
    (tmp_path / "in").write_bytes(whole[:-8])
    with pytest.raises(Malformed, match="cut off"):
        columnar.read_arrow_stream(tmp_path / "in", ReadOptions(), Limits(), tmp_path / "out.npy")
    (tmp_path / "in").write_bytes(whole + whole)
    with pytest.raises(Malformed, match="bytes after its end"):
        columnar.read_arrow_stream(tmp_path / "in", ReadOptions(), Limits(), tmp_path / "out.npy")
