"""Tables and arrays as bodies of requests: files as they are, frames as Arrow, arrays as NPZ, records as JSON Lines.

pandas and polars are known by what their frames can do, and none of them is imported.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import IOBase
from pathlib import Path
from typing import IO, Any, cast

from backprop_client.content import Content, json_bytes, json_line, missing_as_null, spool

ARROW = "application/vnd.apache.arrow.stream"
NPZ = "application/x-npz"
JSON = "application/json"
JSON_LINES = "application/jsonl"
SUFFIXES = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".npz": NPZ,
}


def is_frame(data: Any) -> bool:
    """Return whether this is a table of named columns: one that speaks Arrow's protocol, or is like pandas'."""
    return hasattr(data, "__arrow_c_stream__") or (hasattr(data, "columns") and hasattr(data, "to_dict"))


def is_array(data: Any) -> bool:
    """Return whether this is an array of NumPy, or says how to become one."""
    return hasattr(data, "__array__") and not is_frame(data)


@contextmanager
def dataset_content(data: Any, targets: Any = None) -> Iterator[Content]:
    """Open what a dataset is made of; see `Datasets.upload` for what it may be."""
    if targets is not None and (isinstance(data, str | bytes | os.PathLike) or is_frame(data) or hasattr(data, "read")):
        raise TypeError("targets go with arrays and lists; a table has its targets as columns, which `target` names")
    if isinstance(data, str | os.PathLike):
        with Path(data).open("rb") as file:
            yield Content.of_file(file, SUFFIXES.get(Path(data).suffix.lower()))
    elif isinstance(data, bytes):
        yield Content(data, None, len(data))
    elif hasattr(data, "read"):
        yield Content.of_file(data, None)
    else:
        with spool() as file:
            media_type = _write(data, targets, file)
            file.seek(0)
            yield Content.of_file(file, media_type)


def _write(data: Any, targets: Any, file: IO[bytes]) -> str:
    """Write what is in memory; return its media type."""
    if is_frame(data):
        return write_frame(data, file)
    if is_array(data) and not _is_text(targets):
        write_arrays(file, {"inputs": data} if targets is None else {"inputs": data, "targets": targets})
        return NPZ
    if targets is not None:
        file.write(json_bytes({"inputs": data, "targets": targets}))
        return JSON
    write_records(data, file)
    return JSON_LINES


def _is_text(targets: Any) -> bool:
    """Return whether targets are labels that are text, which NPZ does not carry."""
    if targets is None:
        return False
    import numpy

    return numpy.asarray(targets).dtype.kind in "USO"


def write_frame(frame: Any, file: IO[bytes]) -> str:
    """Write a frame as an Arrow stream, or where pyarrow is missing as JSON Lines; return the media type."""
    try:
        import pyarrow
    except ImportError:
        write_records(frame_records(frame), file)
        return JSON_LINES
    if hasattr(frame, "__arrow_c_stream__"):
        reader = pyarrow.RecordBatchReader.from_stream(frame)
    else:
        reader = pyarrow.Table.from_pandas(frame).to_reader()
    with pyarrow.ipc.new_stream(cast(IOBase, file), reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch)
    return ARROW


def frame_records(frame: Any) -> Iterable[Mapping[Any, Any]]:
    """Return the rows of a frame of polars or pandas as records."""
    if hasattr(frame, "iter_rows"):
        return list(frame.iter_rows(named=True))
    if not hasattr(frame, "to_dict"):
        raise TypeError(f"pyarrow is needed to send a {type(frame).__name__}: pip install pyarrow")
    return list(frame.to_dict("records"))


def write_records(records: Iterable[Mapping[Any, Any]], file: IO[bytes]) -> None:
    """Write records as JSON Lines."""
    for record in records:
        if not isinstance(record, Mapping):
            raise TypeError(
                f"rows without names need targets: upload(inputs, targets); else send mappings, got {record!r:.80}"
            )
        file.write(json_line(record))


def write_arrays(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write arrays as an NPZ."""
    import numpy

    savez: Callable[..., None] = numpy.savez
    savez(file, **{name: numpy.asarray(array) for name, array in arrays.items()})


@contextmanager
def rows_content(rows: Any) -> Iterator[Content]:
    """Open rows to predict: arrays as NPZ, frames as Arrow, other rows as JSON."""
    if not (is_array(rows) or is_frame(rows)):
        yield Content.of_bytes(json_bytes({"instances": _instances(rows)}), JSON)
        return
    with spool() as file:
        media_type = NPZ
        if is_array(rows):
            write_arrays(file, {"instances": rows})
        else:
            media_type = write_frame(rows, file)
        if media_type != JSON_LINES:
            file.seek(0)
            yield Content.of_file(file, media_type)
            return
    yield Content.of_bytes(json_bytes({"instances": _instances(frame_records(rows))}), JSON)


def _instances(rows: Iterable[Any]) -> list[Any]:
    """Return rows, mappings or lists of values, with null for what is missing."""
    return [
        {str(name): missing_as_null(value) for name, value in row.items()}
        if isinstance(row, Mapping)
        else [missing_as_null(value) for value in row]
        if isinstance(row, Sequence) and not isinstance(row, str)
        else row
        for row in rows
    ]
