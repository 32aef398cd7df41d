"""Answers that are files: streamed to disk, whole or not at all."""

import os
from pathlib import Path
from typing import IO, Any

import urllib3

from backprop_client.http import Request, Transport, Values

BLOCK = 1024 * 1024


def download(transport: Transport, path: str, query: Values, to: str | os.PathLike[str] | IO[bytes]) -> int:
    """Write an answer to a path or an open file; return its size in bytes.

    A path gets its content when all of it has arrived; what was there before is replaced then.
    """
    if isinstance(to, str | os.PathLike):
        return _to_path(transport, path, query, Path(to))
    start = to.tell() if to.seekable() else None
    return transport.run(_request(path, query, repeats=start is not None), lambda answer: _copy(answer, to, start))


def _to_path(transport: Transport, path: str, query: Values, to: Path) -> int:
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            size = transport.run(_request(path, query, repeats=True), lambda answer: _copy(answer, file, 0))
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return size


def _request(path: str, query: Values, repeats: bool) -> Request:
    return Request("GET", path, query, {"Accept": "*/*"}, repeats=repeats)


def _copy(answer: urllib3.BaseHTTPResponse, file: IO[Any], start: int | None) -> int:
    """Copy a body; a repetition begins where the first attempt did."""
    if start is not None:
        file.seek(start)
        file.truncate()
    size = 0
    for block in answer.stream(BLOCK, decode_content=True):
        file.write(block)
        size += len(block)
    return size
