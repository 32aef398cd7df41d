"""The sizes of the packed batches of an Arrow stream, read from their headers before pyarrow unpacks one whole.

A message's header is a flatbuffer (`Message.fbs` of the Arrow format), which pyarrow has checked when it reads the
message; here are only the fields that lead to the buffers of a batch, and the length in front of each packed buffer.
"""

import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from service.errors import TooLarge

MAX_BATCH_BYTES = 1024 * 1024 * 1024
HEADER_TYPE, HEADER = 1, 2  # fields of Message
DATA = 1  # field of DictionaryBatch
BUFFERS, COMPRESSION = 2, 3  # fields of RecordBatch
DICTIONARY_BATCH, RECORD_BATCH = 2, 3  # values of HEADER_TYPE


def check_batches(path: Path, start: int, most_bytes: int | None = None) -> None:
    """Raise `TooLarge` for a batch of the stream at `start` that takes more than `most_bytes` once unpacked.

    Without such a bound it is `MAX_BATCH_BYTES`.
    """
    most = MAX_BATCH_BYTES if most_bytes is None else most_bytes
    with pa.memory_map(str(path)) as file:
        file.seek(start)
        messages: Any = ipc.MessageReader.open_stream(file)
        for message in messages:
            size = _unpacked_bytes(message)
            if size > most:
                raise TooLarge(
                    f"a batch of the Arrow file unpacks to {size:,} bytes; at most {most:,} are taken:"
                    " write smaller batches"
                )


def _unpacked_bytes(message: Any) -> int:
    """Return the bytes of a batch's packed buffers once they are unpacked; 0 when they are not packed."""
    header = bytes(message.metadata)
    root = _offset(header, 0)
    kind_at, batch_at = _field(header, root, HEADER_TYPE), _field(header, root, HEADER)
    if kind_at is None or batch_at is None or header[kind_at] not in (DICTIONARY_BATCH, RECORD_BATCH):
        return 0
    batch = _offset(header, batch_at)
    if header[kind_at] == DICTIONARY_BATCH:
        data_at = _field(header, batch, DATA)
        if data_at is None:
            return 0
        batch = _offset(header, data_at)
    buffers_at = _field(header, batch, BUFFERS)
    if buffers_at is None or _field(header, batch, COMPRESSION) is None:
        return 0
    buffers = _offset(header, buffers_at)
    (count,) = struct.unpack_from("<I", header, buffers)
    body, total = memoryview(message.body), 0
    for index in range(count):
        place, length = struct.unpack_from("<qq", header, buffers + 4 + 16 * index)
        if length >= 8:
            (unpacked,) = struct.unpack_from("<q", body, place)
            total += max(0, unpacked)  # -1 stands for a buffer that is not packed
    return total


def _offset(data: bytes, place: int) -> int:
    """Follow the offset at a place, which counts from there."""
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: bytes, table: int, number: int) -> int | None:
    """Return the place of a field of a table; None when it is left out."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    entry = 4 + 2 * number
    if entry + 2 > struct.unpack_from("<H", data, vtable)[0]:
        return None
    (place,) = struct.unpack_from("<H", data, vtable + entry)
    return table + int(place) if place else None
