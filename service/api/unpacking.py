"""Compressed bodies (`Content-Encoding`) as a stream of uncompressed bytes, and a look at the first bytes of a body."""

import io
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from flask import request

from service.datasets.compression import check_coding, unpacked
from service.errors import TooLarge

BLOCK_BYTES = 1024 * 1024
SPACE_BYTES = 32 * 1024 * 1024  # that are written between two looks at the free space
HEAD_BYTES = 64 * 1024
MULTIPART = "multipart/form-data"
UNPACKED = "service.unpacked"  # in the environment: the body was sent packed


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        size = min(len(target), len(self._left))
        target[:size], self._left = self._left[:size], self._left[size:]
        return size


def unpack_input(max_bytes: int, check_space: Callable[[], None]) -> None:
    """Let the rest of the request see its body as it was before `Content-Encoding`, of at most `max_bytes`.

    `check_space` raises when the disk has no room for more, as for `spool`; forms are written to files.

    Nothing is read here: an unknown coding, a damaged body and one that unpacks to too much are errors once the body
    is read, so that they come after others.
    """
    coding = coding_of_body()
    if coding == "identity":
        return
    environ = request.environ
    packed = blocks_of(environ["wsgi.input"], request.content_length)
    blocks = _at_most(_unpacked(packed, coding), max_bytes, check_space)
    if request.mimetype == MULTIPART:
        blocks = _checked(blocks)
    environ |= {UNPACKED: True, "wsgi.input": io.BufferedReader(_Blocks(blocks)), "wsgi.input_terminated": True}
    environ.pop("CONTENT_LENGTH", None)
    request.__dict__.pop("content_length", None)  # werkzeug has remembered the length of what was sent


def coding_of_body() -> str:
    """Return the `Content-Encoding` of the request, `identity` without one."""
    return request.headers.get("Content-Encoding", "").strip().lower() or "identity"


def _unpacked(blocks: Iterator[bytes], coding: str) -> Iterator[bytes]:
    check_coding(coding)
    yield from unpacked(blocks, coding)


def _at_most(blocks: Iterator[bytes], max_bytes: int, check_space: Callable[[], None]) -> Iterator[bytes]:
    size, checked = 0, 0
    for block in blocks:
        size += len(block)
        if size > max_bytes:
            raise TooLarge(f"the body is larger than {max_bytes:,} bytes")
        if size - checked > SPACE_BYTES:
            checked = size
            check_space()
        yield block


def _checked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the blocks once all are known to be whole: the parser of forms would leave files of a damaged one open."""
    with tempfile.TemporaryFile() as file:
        file.writelines(blocks)
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            yield block


def first_bytes() -> bytes:
    """Return the first bytes of the body, at most `HEAD_BYTES`; a later reader still gets all of it."""
    stream = request.environ["wsgi.input"]
    if (length := request.content_length) is not None:
        head = stream.read(min(HEAD_BYTES, length))
    else:
        head = stream.read(HEAD_BYTES)
    rest = iter(lambda: stream.read(BLOCK_BYTES), b"")
    request.environ["wsgi.input"] = io.BufferedReader(_Blocks(chain([head], rest)))
    return bytes(head)


def blocks_of(stream: Any, length: int | None = None) -> Iterator[bytes]:
    """Yield what a stream has, or `length` bytes of it."""
    left = length
    while block := stream.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left)):
        left = None if left is None else left - len(block)
        yield block
