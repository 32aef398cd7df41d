"""Writes a table as a Parquet file, block by block: each block is a row group, and no more than one is in memory."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from service.datasets.drained import Drained


class Kind(Enum):
    """The type of a column."""

    NUMBER = "number"
    SINGLE = "single"  # a float32
    WHOLE = "whole"
    TEXT = "text"
    BOOLEAN = "boolean"


TYPES: dict[Kind, pa.DataType] = {
    Kind.NUMBER: pa.float64(),
    Kind.SINGLE: pa.float32(),
    Kind.WHOLE: pa.int64(),
    Kind.TEXT: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
}


def write_parquet(columns: Mapping[str, Kind], blocks: Iterable[list[Any]]) -> Iterator[bytes]:
    """Yield the bytes of a Parquet file.

    Parameters
    ----------
    columns
        The kinds of the columns by name.
    blocks
        For each block of rows, the values of each column: a NumPy array, or a list with None for missing ones.
    """
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    drained = Drained()
    with pq.ParquetWriter(pa.PythonFile(drained, mode="w"), schema) as writer:
        for block in blocks:
            arrays = [pa.array(values, type=TYPES[kind]) for values, kind in zip(block, columns.values(), strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            yield drained.take()
    yield drained.take()
