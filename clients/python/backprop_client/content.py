"""What requests carry: bytes, or a file that is read while it is sent and from its beginning again at a repetition."""

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

IN_MEMORY = 8 * 1024 * 1024  # bytes of what is written to be sent; more wait on disk


@dataclass(frozen=True)
class Content:
    """The body of a request.

    Attributes
    ----------
    data
        Bytes, or a file opened for reading bytes.
    media_type
        What it is; None lets the service look at the first bytes.
    length
        In bytes; None if that is not known.
    start
        Where the file stood; None for one that cannot be read twice.
    """

    data: bytes | IO[bytes]
    media_type: str | None
    length: int | None
    start: int | None = 0

    @classmethod
    def of_bytes(cls, data: bytes, media_type: str) -> Self:
        """Return bytes that are in memory."""
        return cls(data, media_type, len(data))

    @classmethod
    def of_file(cls, file: IO[bytes], media_type: str | None) -> Self:
        """Return what remains of an open file, or of a stream such as a pipe."""
        if not file.seekable():
            return cls(file, media_type, None, None)
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        return cls(file, media_type, length, start)

    @property
    def rewinds(self) -> bool:
        """Whether it can be sent again."""
        return self.start is not None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that describe it."""
        headers = {} if self.media_type is None else {"Content-Type": self.media_type}
        return headers if self.length is None else {**headers, "Content-Length": str(self.length)}

    def rewound(self) -> bytes | IO[bytes]:
        """Return what is sent, from its beginning."""
        if not isinstance(self.data, bytes) and self.start is not None:
            self.data.seek(self.start)
        return self.data


def spool() -> IO[bytes]:
    """Return a file to write content into, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


def json_bytes(value: Any) -> bytes:
    """Return JSON; numbers of NumPy are written as Python's, NaN is refused."""
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def json_line(record: Mapping[Any, Any]) -> bytes:
    """Return a record as a line of JSON Lines; a missing value (None, NaN, NaT) is null."""
    return json_bytes({str(name): missing_as_null(value) for name, value in record.items()}) + b"\n"


def missing_as_null(value: Any) -> Any:
    """Return None for a missing value: NaN, NaT and pandas' NA are those that do not equal themselves."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if value is None or isinstance(value, str | int | bool):
        return value
    return None if type(value).__name__ in ("NaTType", "NAType") else value


def _plain(value: Any) -> Any:
    """Return what JSON has for a value of another library: arrays as lists, dates as ISO 8601."""
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be sent as JSON: {value!r}")
