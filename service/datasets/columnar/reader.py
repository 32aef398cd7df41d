"""Datasets as Parquet, Arrow streams and Arrow files (Feather): read in batches, never whole.

The files are untrusted. pyarrow checks what it decodes, and `validate` checks what it takes as it is.
"""

import base64
import errno
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from service.datasets.column_plans import DOUBLE, check_names, report, requests_of, too_many_columns, write_table
from service.datasets.columnar.arrow_cells import is_text
from service.datasets.columnar.arrow_messages import check_batches
from service.datasets.columnar.typed_columns import NARROW, NumberColumn, TypedColumn, typed_column
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Role, Table
from service.errors import Fault, Faults, Invalid, Malformed, TooLarge

BATCH_ROWS, BATCH_VALUES = 64 * 1024, 1024 * 1024
BUFFER_BYTES = 1024 * 1024
UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
FILE_START = 8  # an Arrow file is a signature of eight bytes, a stream, and a footer
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
DAMAGE = (
    pa.ArrowException,
    struct.error,
    UnicodeDecodeError,
    EOFError,
    MemoryError,
    OverflowError,
    ValueError,
    KeyError,
    IndexError,
)


class Source(Protocol):
    """A file of typed columns, which can be read more than once."""

    word: str
    format: str
    schema: pa.Schema

    def batches(self, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches that have at least these columns, of at most so many rows where the file allows it."""
        ...


def read_parquet(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Store the columns of a Parquet file."""
    with damage("Parquet file"):
        source = ParquetSource(path, limits)
    return _read(source, options, limits, destination)


def read_arrow_stream(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Store the columns of an Arrow stream."""
    with damage("Arrow stream"):
        source = StreamSource(path)
    return _read(source, options, limits, destination)


def read_arrow_file(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Store the columns of an Arrow file, which Feather files of version 2 are."""
    with damage("Arrow file"):
        source = FileSource(path)
    return _read(source, options, limits, destination)


class ParquetSource:
    """A Parquet file; texts are left as indices into the dictionaries that the file has."""

    word, format = "Parquet file", "parquet"

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        with self._opened([]) as file:
            width = file.metadata.num_columns
            if width > limits.max_columns:
                raise too_many_columns(width, limits)
            self.schema, self.rows = _with_dictionaries(file.schema_arrow, file.metadata), file.metadata.num_rows
        if self.rows * width > limits.max_bytes:
            raise TooLarge(f"the Parquet file has {self.rows:,} rows of {width:,} columns, more than are taken")

    @contextmanager
    def _opened(self, texts: list[str]) -> Iterator[pq.ParquetFile]:
        with pq.ParquetFile(self.path, read_dictionary=texts, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            yield file

    def batches(self, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        texts = [name for name in names if is_text(self.schema.field(name).type)]
        found = 0
        with self._opened(texts) as file:
            for batch in file.iter_batches(rows, columns=names, use_threads=False):
                found += batch.num_rows
                yield batch
        if found != self.rows:
            raise Malformed(f"the Parquet file says it has {self.rows:,} rows, but {found:,} are there")


def _with_dictionaries(schema: pa.Schema, metadata: pq.FileMetaData) -> pa.Schema:
    """Return the schema with the dictionary types of the table that was written, as pandas' categories of numbers are.

    Parquet has no such type of its own; pyarrow restores those of text alone.
    """
    written = (metadata.metadata or {}).get(b"ARROW:schema")
    try:
        original = ipc.read_schema(pa.py_buffer(base64.b64decode(written or b"")))
    except (pa.ArrowException, OSError, ValueError):  # left out, or damaged
        return schema
    for index, field in enumerate(schema):
        at = original.get_field_index(field.name)
        kind = original.field(at).type if at >= 0 else field.type
        if pa.types.is_dictionary(kind) and kind.value_type == field.type:
            schema = schema.set(index, field.with_type(kind))
    return schema


class StreamSource:
    """An Arrow stream, mapped into memory: batches that are not packed take no memory of their own."""

    word, format = "Arrow stream", "arrow"

    def __init__(self, path: Path, most_batch_bytes: int | None = None) -> None:
        self.path, self.most_batch_bytes = path, most_batch_bytes
        with pa.memory_map(str(path)) as file, ipc.open_stream(file) as stream:
            self.schema = stream.schema

    def batches(self, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        check_batches(self.path, 0, self.most_batch_bytes)
        with pa.memory_map(str(self.path)) as file, ipc.open_stream(file) as stream:
            yield from stream
            end = file.tell()
            file.seek(end - len(END_OF_STREAM))
            if file.read(len(END_OF_STREAM)) != END_OF_STREAM:
                raise Malformed("the Arrow stream is cut off: the mark of its end is not there")
            if end != file.size():
                raise Malformed("the Arrow stream has bytes after its end; send one stream")


class FileSource:
    """An Arrow file, mapped into memory."""

    word, format = "Arrow file", "arrow"

    def __init__(self, path: Path) -> None:
        self.path = path
        with pa.memory_map(str(path)) as file, ipc.open_file(file) as table:
            self.schema = table.schema

    def batches(self, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        check_batches(self.path, FILE_START)
        with pa.memory_map(str(self.path)) as file, ipc.open_file(file) as table:
            for index in range(table.num_record_batches):
                yield table.get_batch(index)


def _read(source: Source, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    if len(source.schema) > limits.max_columns:
        raise too_many_columns(len(source.schema), limits)
    with damage(source.word):
        names, hidden = _names(source.schema, options)
    check_names([*names, *hidden], limits)
    drop = tuple(name for name in options.drop if name not in hidden)
    requests = requests_of(names, replace(options, drop=drop))
    faults = Faults()
    found = [typed_column(source.schema.field(name), request, limits, faults) for name, request in requests.items()]
    faults.check()
    columns = [column for column in found if column is not None]
    dtype = _survey(source, columns)
    planned = [column.plan() for column in columns]
    if hidden:
        warning = f"the index of the pandas frame, `{hidden[0]}`, is left out; an index with a name is a column"
        planned[0] = replace(planned[0], warnings=(warning,))
    if any(dtype not in column.fits for column in columns):
        dtype = DOUBLE
    blocks = _checked(source, columns, limits.max_bytes // dtype.itemsize)
    table = write_table(destination, planned, blocks, options.scale, report(source.format, planned), limits, dtype)
    for column in table.columns:
        if column.missing == table.rows and requests[column.name].kind is None:
            detail = f"has no value in any row; leave it out with `drop={column.name}`"
            raise Invalid.from_faults([Fault(detail, column=column.name)])
    return table


def _names(schema: pa.Schema, options: ReadOptions) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and those of a pandas index without a name, which is no column of the data.

    pandas writes the index behind the columns. One with a name comes first here, as `df.reset_index()` has it, so that
    the last column is the last one of the data.
    """
    names = schema.names
    there = set(names)
    index = dict.fromkeys(name for name in _pandas_index(schema) if isinstance(name, str) and name in there)
    asked = {*(options.target or ()), options.weight, *options.types}
    hidden = [name for name in index if UNNAMED_INDEX.fullmatch(name) and name not in asked]
    first = [name for name in index if name not in set(hidden)]
    return first + [name for name in names if name not in index], hidden


def _pandas_index(schema: pa.Schema) -> list[Any]:
    try:
        metadata = schema.pandas_metadata
    except (ValueError, RecursionError):  # no JSON
        return []
    index = metadata.get("index_columns") if isinstance(metadata, dict) else None
    return index if isinstance(index, list) else []


def _survey(source: Source, columns: Sequence[TypedColumn]) -> np.dtype[Any]:
    """Look at the cells of columns whose plans depend on them; return the type to store all of them if they fit."""
    inputs = [column for column in columns if isinstance(column, NumberColumn) and column.request.role is Role.INPUT]
    kinds = {column.kind for column in inputs if not column.as_text}
    dtype = DOUBLE
    if kinds and kinds <= {pa.uint8(), pa.float16(), pa.float32()}:
        dtype = NARROW[0] if kinds == {pa.uint8()} else NARROW[1]
    surveyed = [column for column in columns if column.needs_survey]
    if dtype != DOUBLE:
        surveyed = [column for column in columns if column not in inputs or column.kind == pa.uint8()]
    if surveyed:
        names = [column.request.name for column in surveyed]
        for first_row, batch in batches_of(source, names):
            for column in surveyed:
                column.survey(_cells(batch, column), first_row)
    return dtype


def _checked(source: Source, columns: Sequence[TypedColumn], max_values: int) -> Iterator[list[Any]]:
    """Yield the cells of the columns, batch by batch, once it is sure that they can be stored."""
    rows = 0
    for first_row, batch in batches_of(source, [column.request.name for column in columns]):
        rows += batch.num_rows
        if rows * len(columns) > max_values:
            raise TooLarge(f"the {source.word} has more rows than are taken")
        cells = [_cells(batch, column) for column in columns]
        for column, part in zip(columns, cells, strict=True):
            if isinstance(column, NumberColumn):
                column.check_finite(part, first_row)
        yield cells


def batches_of(source: Source, names: list[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield batches of at most `BATCH_VALUES` values, each with the number of its first row, counted from 1."""
    row = 1
    rows = max(1, min(BATCH_ROWS, BATCH_VALUES // max(1, len(names))))
    batches = source.batches(names, rows)
    while True:
        with damage(source.word):
            batch = next(batches, None)
            if batch is None:
                return
            batch = batch.select(names)
            batch.validate(full=True)
        for start in range(0, batch.num_rows, rows):
            part = batch.slice(start, rows)
            yield row, part
            row += part.num_rows


def _cells(batch: pa.RecordBatch, column: TypedColumn) -> Any:
    return batch.column(column.request.name)


@contextmanager
def damage(word: str) -> Iterator[None]:
    """Translate what pyarrow raises for a damaged file into `Malformed`; only pyarrow may be called in the block."""
    try:
        yield
    except pa.ArrowNotImplementedError as error:
        raise Invalid(f"the {word} has what is not read here: {_first_line(error)}") from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # others are the disk's
            raise
        raise Malformed(f"the {word} is damaged: {_first_line(error)}") from None
    except DAMAGE as error:
        raise Malformed(f"the {word} is damaged: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
