"""Datasets as CSV, read twice from a file in blocks: first to find the types of columns, then to store the numbers.

A column holds numbers when every cell that is not empty is a plain decimal number, otherwise categories. When at least
nine in ten cells are numbers, the others are reported as faults by row and column, unless the column is a target that
the client declared as classes. NaN, Infinity and numbers beyond a float64 are faults.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from numpy.typing import NDArray

from service.datasets.column_plans import in_order, plan_roles
from service.datasets.json import MAX_FAULTS, check_names
from service.datasets.options import Limits, ReadOptions
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnType, Role, Table
from service.errors import Fault, Invalid, Malformed

BLOCK_BYTES = 4 * 1024 * 1024
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
NOT_FINITE = r"^\s*[+-]?(?i:nan|inf|infinity)\s*$"
MISTAKES_FROM_SHARE = 0.9


def read_csv(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Return the table in the file at `path`, stored as float64."""
    names = _header(path)
    check_names(names, limits)
    roles = plan_roles(names, options.target, options.weight, options.drop)
    surveys = {name: _Survey(name, role, options, limits) for name, role in roles.items()}
    row = 1
    for batch in _blocks(path, names, list(roles)):
        for name, survey in surveys.items():
            survey.add(batch.column(name), row)
        row += batch.num_rows
    plans = [survey.plan() for survey in surveys.values()]
    with TableWriter(destination, plans, np.dtype("<f8"), options.scale) as writer:
        for batch in _blocks(path, names, list(roles)):
            writer.append(np.column_stack([_numbers(batch.column(plan.name), plan) for plan in plans]))
        return writer.finish()


def _header(path: Path) -> list[str]:
    """Return the column names of the first record, after checks that need no CSV parser."""
    with path.open("rb") as stream:
        _check_bytes(stream)
        stream.seek(0)
        head = stream.read(BLOCK_BYTES).removeprefix(codecs.BOM_UTF8)
    if not head.strip():
        raise Invalid("the dataset is empty")
    if b"\n" not in head.rstrip(b"\r\n") and b"\r" not in head.strip():
        raise Invalid(
            "the CSV has one line only, so a header and no rows; if it came by `curl -d @file`, that strips the line"
            " ends: use `curl -T file` or `--data-binary @file`"
        )
    try:
        reader = csv.open_csv(io.BytesIO(head), parse_options=_parse(lambda _: "skip"))
        return list(reader.schema.names)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Malformed(f"the CSV's header cannot be read: {_first_line(error)}") from None


def _check_bytes(stream: BinaryIO) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    while block := stream.read(BLOCK_BYTES):
        if b"\x00" in block:
            raise Invalid(f"byte {position + block.index(0)} is NUL, which no CSV holds")
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            raise Malformed(f"the CSV is not UTF-8 near byte {position + error.start}") from None
        position += len(block)


def _parse(handler: Any) -> csv.ParseOptions:
    return csv.ParseOptions(newlines_in_values=True, invalid_row_handler=handler)


def _blocks(path: Path, names: list[str], wanted: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield blocks of text columns; raise one `Invalid` for all rows with a wrong number of cells."""
    ragged: list[Fault] = []

    def odd(row: Any) -> str:
        if len(ragged) < MAX_FAULTS:
            number = None if row.number is None else row.number - 1  # the header is row 1 there
            ragged.append(Fault(f"must have {row.expected_columns} cells, got {row.actual_columns}", row=number))
        return "skip"

    read = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    convert = csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        include_columns=wanted,
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    try:
        reader = csv.open_csv(path, read_options=read, parse_options=_parse(odd), convert_options=convert)
        yield from reader
    except pa.ArrowInvalid as error:
        if not ragged and "Empty CSV" not in str(error):
            raise Malformed(f"the CSV cannot be read: {_first_line(error)}") from None
    if ragged:
        raise Invalid(f"row {ragged[0].row} {ragged[0].detail}", ragged)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


class _Survey:
    """Counts of the kinds of cells in one column, over all blocks."""

    def __init__(self, name: str, role: Role, options: ReadOptions, limits: Limits) -> None:
        self.name, self.role, self.limits = name, role, limits
        self.class_or_value = options.target_type if role is Role.TARGET else None
        self.cells = self.numbers = 0
        self.texts: set[str] = set()
        self.odd: list[Fault] = []

    def add(self, column: Any, first_row: int) -> None:
        """Count the numbers among a block's cells; collect its texts, and the first cells that are no numbers."""
        is_number: Any = pc.match_substring_regex(column, NUMBER)
        numbers = pc.sum(is_number).as_py() or 0
        cells = len(column) - column.null_count
        self.cells += cells
        self.numbers += numbers
        if numbers:
            self._check_finite(column, is_number, first_row)
        if numbers < cells and len(self.odd) < MAX_FAULTS:
            mask: Any = pc.fill_null(pc.invert(is_number), False)
            for index in np.flatnonzero(mask.to_numpy(zero_copy_only=False))[:MAX_FAULTS]:
                text = column[int(index)].as_py()
                self.odd.append(
                    Fault(f"must be a number, got {text[:40]!r}", row=first_row + int(index), column=self.name)
                )
        if len(self.texts) <= self.limits.max_categories:
            self.texts.update(text for text in pc.unique(column).to_pylist() if text is not None)

    def _check_finite(self, column: Any, is_number: Any, first_row: int) -> None:
        values: Any = pc.cast(pc.if_else(is_number, pc.utf8_trim_whitespace(column), None), pa.float64())
        infinite: Any = pc.fill_null(pc.is_inf(values), False)
        beyond = infinite.to_numpy(zero_copy_only=False)
        for index in np.flatnonzero(beyond)[:MAX_FAULTS]:
            row, text = first_row + int(index), column[int(index)].as_py()[:40]
            fault = Fault(f"is beyond what a float64 holds: {text}", row=row, column=self.name)
            raise Invalid(f"column `{self.name}`, row {row}: {fault.detail}", [fault])

    def plan(self) -> Plan:
        only_numbers = self.numbers == self.cells
        if only_numbers:
            return Plan(self.name, self.role, ColumnType.NUMBER, None, self.class_or_value)
        mistaken = self.numbers >= MISTAKES_FROM_SHARE * self.cells and self.class_or_value != "class"
        if mistaken or self.role is Role.WEIGHT or self.class_or_value == "value" or self._not_finite():
            raise Invalid(f"column `{self.name}`, row {self.odd[0].row}: {self.odd[0].detail}", self.odd)
        if len(self.texts) > self.limits.max_categories:
            raise Invalid(f"column `{self.name}` has over {self.limits.max_categories:,} different texts; drop it")
        return Plan(self.name, self.role, ColumnType.CATEGORY, in_order(self.texts), self.class_or_value)

    def _not_finite(self) -> bool:
        """Return whether all cells that are no numbers are NaN or an infinity."""
        odd = [text for text in self.texts if not _matches(text, NUMBER)]
        return self.numbers > 0 and all(_matches(text, NOT_FINITE) for text in odd)


def _matches(text: str, pattern: str) -> bool:
    return bool(pc.match_substring_regex(pa.scalar(text), pattern).as_py())


def _numbers(column: Any, plan: Plan) -> NDArray[np.float64]:
    """Return the numbers of a block's column, or the codes of its categories, with NaN for empty cells."""
    if plan.type is ColumnType.CATEGORY:
        codes = pc.index_in(column, value_set=pa.array(plan.categories or (), pa.string()))
        return np.asarray(pc.cast(codes, pa.float64()).to_numpy(zero_copy_only=False))
    return np.asarray(pc.cast(pc.utf8_trim_whitespace(column), pa.float64()).to_numpy(zero_copy_only=False))
