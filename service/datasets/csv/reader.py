"""Datasets as CSV, read from a file in blocks: a check of its bytes, then twice by PyArrow.

The first pass finds the notation of numbers and what each column is, over all its cells; the second stores the numbers.
`docs/datasets.md` has the rules.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from service.datasets.ahead import ahead
from service.datasets.column_plans import ColumnRequest, PlannedColumn, requests_of, write_table
from service.datasets.csv import cells, encodings, scan
from service.datasets.csv.dialect import Dialect, dialect_of
from service.datasets.csv.notation import Evidence, Notation, settle
from service.datasets.csv.text_survey import TextSurvey
from service.datasets.options import MIB, Limits, ReadOptions
from service.definitions.columns import ColumnKind, Table
from service.definitions.how_read import CsvNotation, HowRead
from service.errors import Fault, Faults, Invalid, Malformed

# PyArrow reads up to 32 blocks ahead, which is most of the memory that reading takes; no row may be longer than a block
BLOCK_BYTES = scan.SHORT_ROW
LONG_BLOCK_BYTES = 4 * MIB  # of files with longer rows

Block = tuple[int, pa.RecordBatch]  # and the number of its first row


@dataclass(frozen=True)
class CsvFile:
    """A CSV in UTF-8 whose bytes have been checked, and how it is laid out."""

    path: Path
    encoding: str
    dialect: Dialect
    has_long_rows: bool = False

    def blocks(self, wanted: Sequence[str], plain: Collection[str] = ()) -> Iterator[Block]:
        """Yield blocks of columns by name, each with the number of its first row; empty cells are null.

        The columns are text, those in `plain` numbers, which all their cells after a header must be.

        Raises
        ------
        Invalid
            For rows with a wrong number of cells.
        """
        dialect = self.dialect
        faults = _Ragged(dialect)
        convert = csv.ConvertOptions(
            check_utf8=False,  # it has been checked
            column_types={name: pa.float64() if name in plain else pa.string() for name in dialect.names},
            include_columns=list(wanted),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        )
        skip = dialect.header if plain else 0
        read = csv.ReadOptions(
            use_threads=False,
            block_size=LONG_BLOCK_BYTES if self.has_long_rows else BLOCK_BYTES,
            column_names=list(dialect.names),
            skip_rows_after_names=skip,  # counts blank lines
        )
        parse = csv.ParseOptions(
            delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=faults.handle
        )
        row = 1 - dialect.header + skip  # else the header is read as a row, so that its names need not be different
        try:
            for batch in csv.open_csv(self.path, read_options=read, parse_options=parse, convert_options=convert):
                yield max(row, 1), batch if row else batch.slice(1)
                row += batch.num_rows
        except pa.ArrowInvalid as error:
            if not faults.found:
                raise _unreadable(error) from None
        faults.check()


class _Ragged(Faults):
    """The rows with a wrong number of cells."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect
        self.ended: Invalid | None = None

    def handle(self, row: Any) -> Literal["skip", "error"]:
        """Collect a row that PyArrow could not take; end its work with the tenth."""
        number = None if row.number is None else row.number - self.dialect.header
        cells = f"{row.expected_columns} cell{'s' if row.expected_columns > 1 else ''}"
        detail = f"must have {cells}, got {row.actual_columns}"
        if self.dialect.is_guess and row.expected_columns == 1:
            detail = f"must have 1 cell as the first line has, got {row.actual_columns}; remove lines above the table's"
            detail += " header, or say `delimiter=`"
        elif row.expected_columns != row.actual_columns and _is_no_header(self.dialect):
            detail += "; remove the first line if it is a comment, which is no header"
        try:
            self.add(Fault(detail, row=number))
        except Invalid as error:  # the parser would swallow it
            self.ended = error
            return "error"
        return "skip"

    def check(self) -> None:
        if self.ended:
            raise self.ended
        super().check()


def _is_no_header(dialect: Dialect) -> bool:
    """Return whether the first line seems to be a comment."""
    return dialect.header and dialect.names[0].lstrip().startswith("#")


def _unreadable(error: Exception) -> Exception:
    reason = str(error).splitlines()[0][:200]
    if "Empty CSV" in reason:
        return Invalid("the dataset has no rows")
    if "straddling" in reason:
        return Invalid(f"a row is longer than {LONG_BLOCK_BYTES:,} bytes")
    return Malformed(f"the CSV cannot be read: {reason}")


def read_csv(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Return the table in the file at `path`, stored as float64."""
    recoded = destination.with_suffix(".utf8")
    try:
        file = open_csv(path, options, limits, recoded)
        return _store(file, options, limits, destination)
    finally:
        recoded.unlink(missing_ok=True)


def open_csv(path: Path, options: ReadOptions, limits: Limits, recoded: Path, known: Collection[str] = ()) -> CsvFile:
    """Return the CSV at `path`, checked; one that is not UTF-8 is written to `recoded` as UTF-8.

    `known` are the names of the only columns that are wanted, if they are known.
    """
    with path.open("rb") as stream:
        encoding = encodings.encoding_of(stream.read(4), options.encoding)
    mark = encoding.mark
    if encoding.name != "utf-8":
        encodings.recode(path, encoding, recoded)
        path, mark = recoded, 0
    with path.open("rb") as stream:
        stream.seek(mark)
        head = stream.read(scan.BLOCK_BYTES)
        is_whole = not stream.read(1)
    text = scan.text_of(head, mark, is_whole)
    dialect = dialect_of(text, is_whole, options, limits, known)
    has_long_rows = scan.check_bytes(path, mark, dialect.delimiter, dialect.header)
    return CsvFile(path, encoding.name, dialect, has_long_rows)


def _store(file: CsvFile, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    evidence = Evidence()
    requests = _requests(file, options)
    surveys = {
        name: TextSurvey(request, options, file.dialect.delimiter, evidence) for name, request in requests.items()
    }
    for row, block in ahead(file.blocks(file.dialect.names)):
        refuse_second_header(file.dialect, row, block)
        for name, survey in surveys.items():
            survey.add(block.column(name), row, limits)
    notation = settle(options, file.dialect.delimiter, evidence)
    kinds = {name: survey.decide(notation) for name, survey in surveys.items()}
    late = [name for name, kind in kinds.items() if kind is ColumnKind.CATEGORY and surveys[name].texts is None]
    for name in late:
        surveys[name].texts = set()
    for _, block in file.blocks(late) if late else ():
        for name in late:
            surveys[name].collect(block.column(name), limits)
    columns = [survey.planned(kinds[name], notation, limits) for name, survey in surveys.items()]
    plain = {name for name, survey in surveys.items() if survey.is_plain and kinds[name] is ColumnKind.NUMBER}
    if file.dialect.is_blank_first:
        plain = set()
    blocks = (block.columns for _, block in ahead(file.blocks(list(surveys), plain)))
    report = _report(file, options, notation, columns, surveys)
    return write_table(destination, columns, blocks, options.scale, report, limits)


def _requests(file: CsvFile, options: ReadOptions) -> dict[str, ColumnRequest]:
    """Return the columns that are wanted; a file that no delimiter cuts is refused for its lines first."""
    try:
        return requests_of(file.dialect.names, options)
    except Invalid as error:
        if not file.dialect.is_guess:
            raise
        for _ in file.blocks([]):
            pass
        if len(file.dialect.names) > 1:
            raise
        hint = "no delimiter cuts the lines into two or more cells: say `delimiter=`, such as `delimiter=space`"
        raise Invalid(f"{error.detail}; {hint}", error.faults) from None


def refuse_second_header(dialect: Dialect, first_row: int, block: Any) -> None:
    """Raise `Invalid` for a row that repeats the header, as files do that were put together of several."""
    if not dialect.header:
        return
    repeated = np.ones(block.num_rows, dtype=np.bool_)
    for number, name in enumerate(dialect.names, 1):
        texts = pc.fill_null(block.column(number - 1), f"column_{number}")  # as a column without a name is called
        is_name: Any = pc.equal(texts, pa.scalar(name))
        repeated &= is_name.to_numpy(zero_copy_only=False)
        if not repeated.any():
            return
    detail = "is the header again; remove the line, which is no data"
    raise Invalid.from_faults([Fault(detail, row=first_row + int(repeated.argmax()))])


def _report(
    file: CsvFile,
    options: ReadOptions,
    notation: Notation,
    columns: Sequence[PlannedColumn],
    surveys: dict[str, TextSurvey],
) -> HowRead:
    """Return what the dataset's answer says of how the file was read."""
    plans = [column.plan for column in columns]
    text = CsvNotation(
        encoding=file.encoding,
        delimiter=file.dialect.delimiter,
        header=file.dialect.header,
        decimal=notation.decimal,
        thousands=notation.thousands,
        missing=(*cells.MISSING_WORDS, *options.missing),
        codes=tuple(plan.name for plan in plans if plan.categories is not None and surveys[plan.name].is_codes),
    )
    return HowRead("csv", tuple(plan.name for plan in plans if plan.is_date), text)
