"""JSON Lines: one object a line, read in blocks as `rows` in JSON are read at once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets import jsonl
from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind, ColumnType, Table
from service.definitions.how_read import HowRead
from service.errors import Invalid, Malformed, TooLarge
from service.preprocessing.batches import open_rows

RECORDS = [
    {"a": 1, "t": "x", "when": "2024-01-31", "ok": True, "y": 0.5},
    {"y": 1.5, "ok": None, "a": None, "t": "10", "when": None},
    {"a": 2.5, "t": "9", "when": "2024-01-31T12:00", "ok": False, "y": 2},
]


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(text: str | bytes, **options: Any) -> tuple[Table, np.ndarray]:
        source, destination = tmp_path / "in", tmp_path / "out.npy"
        source.write_bytes(text.encode() if isinstance(text, str) else text)
        table = jsonl.read_jsonl(source, ReadOptions(**options), Limits(), destination)
        return table, np.array(open_rows(destination))

    return run


def lines(records: list[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("block_rows", [1, 2, 4096])
def test_lines_are_read_as_rows_of_json(
    read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_rows: int
) -> None:
    monkeypatch.setattr(jsonl, "BLOCK_ROWS", block_rows)
    table, rows = read(lines(RECORDS))
    assert [column.name for column in table.columns] == ["a", "t", "when", "ok", "y"]
    assert table.columns[1].categories == ("10", "9", "x")
    assert table.columns[2].is_date and table.columns[2].type is ColumnType.NUMBER
    np.testing.assert_array_equal(
        rows, [[1, 2, 19753, 1, 0.5], [np.nan, 0, np.nan, np.nan, 1.5], [2.5, 1, 19753.5, 0, 2]]
    )
    other = read_json_rows(None, RECORDS, ReadOptions(), Limits(), tmp_path / "rows.npy")
    assert table.sha256 == other.sha256 and table.columns == other.columns
    assert table.read == HowRead("jsonl", ("when",))


def test_blank_lines_line_ends_and_a_mark_are_no_data(read: Any) -> None:
    _table, rows = read(b'\xef\xbb\xbf\n{"a": 1, "y": 2}\r\n  \r\n\n{"a": 3, "y": 4}')
    np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])


def test_options_name_keys(read: Any) -> None:
    table, _rows = read(lines([{"y": 2, "id": 1, "a": 3}]), target=("y",), types={"id": ColumnKind.IGNORE})
    assert [column.name for column in table.columns] == ["a", "y"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "y": 2}\n{"a": 1, "y": }\n', "line 2: it is not JSON: Expecting value at column 15"),
        ('{"a": 1, "y": 2}\n\n{"a": 1, "y": NaN}\n', "line 3: `NaN` is not JSON"),
        ('{"a": 1, "y": 2}\n{"a": 1, "a": 2, "y": 3}\n', "line 2: the key `a` occurs twice"),
        ('{"a": 1, "y": 2}\n{"a": 1e999, "y": 3}\n', "line 2: the number 1e999 is beyond"),
        ('{"a": 1, "y": 2} {"a": 3, "y": 4}\n', "line 1: it is not JSON: Extra data"),
        (b'{"a": "\xff", "y": 2}\n', "line 1: it is not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_parsed_is_named(read: Any, text: str | bytes, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(text)
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        ([{"a": 1, "y": 2}, {"a": 1}, {"a": 1, "y": 2, "z": 3}, [1, 2]], [(2, "y"), (3, "z"), (4, None)]),
        ([{"a": 1, "y": 2}, {"a": "x", "y": 2}, {"a": True, "y": 2}], [(2, "a"), (3, "a")]),
        ([{"a": 1, "y": 2}, {"a": 2**53 + 1, "y": 2}], [(2, "a")]),
        ([{"a": [1], "y": 2}, {"a": {"b": 1}, "y": 2}], [(1, "a"), (2, "a")]),
        ([{"a": "x\0", "y": 2}], [(1, "a")]),
        ([{"a": "\ud800", "y": 2}], [(1, "a")]),
    ],
)
def test_faults_are_named_by_row_and_column(read: Any, records: list[Any], faults: list[tuple[int, str]]) -> None:
    with pytest.raises(Invalid) as caught:
        read(lines(records))
    assert [(fault.row, fault.column) for fault in caught.value.faults] == faults


def test_the_work_ends_with_the_tenth_fault(read: Any) -> None:
    with pytest.raises(Invalid, match="at least 9 more") as caught:
        read(lines([{"a": 1, "y": 2}, *[{"a": 1}] * 50]) + "no JSON")
    assert len(caught.value.faults) == 10


@pytest.mark.parametrize("nested", [[], {}, [1, 2]])
def test_the_work_ends_with_the_tenth_list_or_object(read: Any, monkeypatch: pytest.MonkeyPatch, nested: Any) -> None:
    monkeypatch.setattr(jsonl, "BLOCK_ROWS", 20)
    faulty = [{"a": nested, "y": 1}] * 20
    with pytest.raises(Invalid) as raised:
        read(lines(faulty) + "\nnever parsed")
    assert [(fault.row, fault.column) for fault in raised.value.faults] == [(row, "a") for row in range(1, 11)]


@pytest.mark.parametrize("text", ["", "\n \n", "[1, 2]\n[3, 4]\n", "5\n"])
def test_what_has_no_objects_is_refused(read: Any, text: str) -> None:
    with pytest.raises(Invalid):
        read(text)


def test_a_line_without_end_is_too_large(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE_BYTES", 100)
    with pytest.raises(TooLarge, match="line 2"):
        read(lines([{"a": 1, "y": 2}, {"a": "x" * 200, "y": 3}]))
