"""Any table that Python's csv module writes, in any of the dialects, comes back cell for cell or is refused."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.datasets.csv.reader import read_csv
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind, ColumnType, Table
from service.definitions.how_read import CsvNotation
from service.errors import Invalid, ServiceError
from service.preprocessing.batches import open_rows

# cells of the characters and words that dialects, notations and missing values are made of
WORDS = [
    "",
    "NA",
    "-",
    "?",
    "None",
    "01",
    "1",
    "1.0",
    "1,5",
    "1.234,5",
    "2024-01-31",
    "x",
    '"',
    '""',
    " ",
    "a",
    "=1",
    "é€",
]
CELLS = st.one_of(st.sampled_from(WORDS), st.text(st.sampled_from("01,;\t|\"'.- \nabNAé€"), max_size=6))
NAMES = st.text(st.sampled_from("abc,;\t|\"' \nés"), min_size=1, max_size=5).filter(lambda name: name.strip())


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    row = st.lists(CELLS, min_size=len(names), max_size=len(names))
    return [names, *draw(st.lists(row, min_size=1, max_size=7))]


DIALECTS = {
    "delimiter": st.sampled_from([",", ";", "\t", "|"]),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
    "mark": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
}


def written(table: list[list[str]], delimiter: str, quoting: int, lineterminator: str, mark: str) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=lineterminator)  # type: ignore[arg-type]
    writer.writerows(table)
    return stream.getvalue().encode(mark)


def read(data: bytes, options: ReadOptions) -> tuple[Table, list[list[str]]]:
    """Return the table and its cells as text; a number as Python writes it."""
    with tempfile.TemporaryDirectory() as folder:
        source, destination = Path(folder, "in.csv"), Path(folder, "out.npy")
        source.write_bytes(data)
        table = read_csv(source, options, Limits(), destination)
        values = np.array(open_rows(destination))
    columns = []
    for column, numbers in zip(table.columns, values.T, strict=True):
        categories = column.categories or ()
        is_category = column.type is ColumnType.CATEGORY
        columns.append(["" if np.isnan(n) else categories[int(n)] if is_category else repr(float(n)) for n in numbers])
    return table, [list(row) for row in zip(*columns, strict=True)]


@settings(max_examples=150, deadline=None)
@given(table=tables(), **DIALECTS)
@example(table=[["a"], ["\n"], [""]], delimiter=",", quoting=csv.QUOTE_ALL, lineterminator="\r", mark="utf-8")
@example(table=[["a", "b"], ['"', '",'], ['x"', ""]], delimiter=",", quoting=0, lineterminator="\n", mark="utf-8")
def test_cells_come_back_as_they_were_written(
    table: list[list[str]], delimiter: str, quoting: int, lineterminator: str, mark: str
) -> None:
    names, *rows = table
    types = dict.fromkeys(names, ColumnKind.CATEGORY)
    options = ReadOptions(target=("none",), delimiter=delimiter, header=True, types=types)
    try:
        _, found = read(written(table, delimiter, quoting, lineterminator, mark), options)
    except Invalid:
        is_empty = any(all(not row[index] for row in rows) for index in range(len(names)))
        is_bare = lineterminator == "\r" and any(
            "\n" in cell for row in table for cell in row
        )  # written without quotes
        assert is_empty or names in rows or is_bare
        return
    assert found == rows


@settings(max_examples=150, deadline=None)
@given(table=tables(), **DIALECTS)
def test_with_everything_found_automatically_nothing_is_changed(
    table: list[list[str]], delimiter: str, quoting: int, lineterminator: str, mark: str
) -> None:
    names, *rows = table
    try:
        stored, found = read(written(table, delimiter, quoting, lineterminator, mark), ReadOptions(target=("none",)))
    except ServiceError:
        return
    assert [column.name for column in stored.columns] == names
    assert stored.read is not None and stored.read.csv is not None
    for column, cells, originals in zip(stored.columns, zip(*found, strict=True), zip(*rows, strict=True), strict=True):
        if column.type is ColumnType.CATEGORY:
            assert cells == originals
        elif not column.is_date:
            assert [number(text, stored.read.csv) for text in originals] == [
                float(cell) if cell else None for cell in cells
            ]


def number(text: str, read: CsvNotation) -> float | None:
    """Return the number that a cell stands for in the notation that was found."""
    text = text.strip()
    if text in ("", "NA", "NaN", "-", "?", "None"):
        return None
    plain = text.replace(read.thousands or "\0", "").replace(read.decimal, ".")
    assert "," not in plain and plain.count(".") <= 1
    return float(plain)


@pytest.mark.parametrize("count", [1, 7, 500])
def test_blocks_of_the_parser_change_nothing(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("service.datasets.csv.reader.BLOCK_BYTES", 64)
    monkeypatch.setattr("service.datasets.csv.scan.BLOCK_BYTES", 61)
    rows = [[f"{n}", f'{"x" * (n % 9)}"\n{n % 5}', f"{n / 7!r}"] for n in range(count)]
    _, found = read(written([["a", "b", "c"], *rows], ",", 0, "\n", "utf-8"), ReadOptions(target=("none",)))
    assert [(float(row[0]), row[1], float(row[2])) for row in found] == [(float(a), b, float(c)) for a, b, c in rows]


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=2, max_size=2),
        min_size=1,
        max_size=9,
    ),
    name=NAMES,
    blank=st.sampled_from(["", "\n", "\r\n"]),
)
def test_numbers_come_back_bit_for_bit(values: list[list[float | None]], name: str, blank: str) -> None:
    rows = [["" if value is None else repr(value) for value in row] + ["x"] for row in values]
    data = blank.encode() + written([[name, name + "2", "z"], *rows], ",", 0, "\n", "utf-8")
    options = ReadOptions(header=True, delimiter=",", types={name: ColumnKind.NUMBER, name + "2": ColumnKind.NUMBER})
    table, found = read(data, options)
    assert table.rows == len(values)
    assert [row[:2] for row in found] == [["" if value is None else repr(value) for value in row] for row in values]
