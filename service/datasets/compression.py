"""Unpacks gzip, zlib and zstd while the bytes arrive, so that a small body that unpacks to a huge one can be stopped.

Bodies are packed by `Content-Encoding`, files by themselves (`iris.csv.gz`), which their first bytes show.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from service.errors import Malformed, UnknownMedia

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

BLOCK_BYTES = 1024 * 1024
PIECE_BYTES = 16 * 1024
GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class _Zlib:
    """One member of a gzip or zlib stream, with the interface that Python's newer decompressors have."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._member.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._member.decompress(data or self._member.unconsumed_tail, max_length)


CODINGS: dict[str, Callable[[], Any]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "zstd": zstd.ZstdDecompressor,
}


def check_coding(coding: str) -> None:
    """Raise `UnknownMedia` for a `Content-Encoding` that is not unpacked here."""
    if coding not in (*CODINGS, "identity"):
        raise UnknownMedia(f"Content-Encoding `{coding[:60]}` is not read here; known are gzip, deflate and zstd")


def unpacked(blocks: Iterator[bytes], coding: str, what: str = "body") -> Iterator[bytes]:
    """Yield the unpacked bytes, in blocks of at most `BLOCK_BYTES`, of all members of a gzip or zstd stream.

    Raises
    ------
    Malformed
        When the bytes are damaged, cut off, or followed by others. `what` is the word for them in the message.
    """
    if coding == "identity":
        yield from blocks
        return
    member, is_empty = CODINGS[coding](), True
    try:
        for data in _pieces(blocks):
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")  # tapes and some tools pad gzip files with zeros
                    if not data:
                        break
                    member = CODINGS[coding]()
                is_empty = False
                yield member.decompress(data, BLOCK_BYTES)
                while not member.eof and not member.needs_input:
                    yield member.decompress(b"", BLOCK_BYTES)
                data = member.unused_data if member.eof else b""
    except (zlib.error, zstd.ZstdError) as error:
        raise Malformed(f"the {what} is not {coding}, or is damaged: {error}") from None
    if not is_empty and not member.eof:
        raise Malformed(f"the {coding} {what} is cut off")


def _pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces of at most `PIECE_BYTES`: what follows a member is copied, and a block may have thousands."""
    for block in blocks:
        yield from (block[start : start + PIECE_BYTES] for start in range(0, len(block), PIECE_BYTES))


def without_compression(blocks: Iterator[bytes], what: str = "file") -> Iterator[bytes]:
    """Yield a file's bytes, unpacked when its first bytes are those of gzip or zstd."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= len(ZSTD_MAGIC):
            break
    whole = chain([head], blocks)
    if head.startswith(GZIP_MAGIC):
        return unpacked(whole, "gzip", what)
    return unpacked(whole, "zstd", what) if head.startswith(ZSTD_MAGIC) else whole
