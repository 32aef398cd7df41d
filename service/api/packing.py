"""Packs answers with zstd, gzip or deflate by `Accept-Encoding`: whole ones at once, streams block by block."""

import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from service.datasets.compression import zstd

CODINGS = ("zstd", "gzip", "deflate")  # of several that a client likes as much, the first is taken
LEAST_BYTES = 1024  # fewer are sent as they are
ZSTD_LEVEL, ZLIB_LEVEL = 3, 6
GZIP_BITS, ZLIB_BITS = 31, 15
# what is not packed already; server-sent events would have to be sent on block by block
TYPES = frozenset(
    {
        *("application/json", "application/problem+json", "application/jsonl", "application/x-ndjson"),
        *("application/octet-stream", "application/openmetrics-text", "application/vnd.apache.arrow.stream"),
        *("application/x-keras", "application/x-npz", "application/x-onnx", "application/x-safetensors"),
        *("text/css", "text/csv", "text/html", "text/javascript", "text/markdown", "text/plain", "text/x-python"),
    }
)


class Packer(Protocol):
    """What the compressors of zlib and zstd have in common."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


NEW: dict[str, Callable[[], Packer]] = {
    "zstd": lambda: zstd.ZstdCompressor(ZSTD_LEVEL),
    "gzip": lambda: zlib.compressobj(ZLIB_LEVEL, zlib.DEFLATED, GZIP_BITS),
    "deflate": lambda: zlib.compressobj(ZLIB_LEVEL, zlib.DEFLATED, ZLIB_BITS),
}


def register(app: Flask) -> None:
    """Pack the answers of an application; other functions that run after a request are registered before."""
    app.after_request(pack)


def pack(response: Response) -> Response:
    """Pack an answer if its client takes that; a packed form has an ETag of its own."""
    vary = response.headers.get("Vary")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    accepted = request.environ.get("HTTP_ACCEPT_ENCODING")
    if not accepted or response.status_code not in (200, 201, 202) or "Content-Encoding" in response.headers:
        return response
    if response.mimetype not in TYPES or (coding := chosen(accepted)) is None:
        return response
    if response.is_streamed:
        response.response = _blocks(response.iter_encoded(), NEW[coding]())
    elif len(data := response.get_data()) >= LEAST_BYTES:
        packer = NEW[coding]()
        response.set_data(packer.compress(data) + packer.flush())
    else:
        return response
    response.headers["Content-Encoding"] = coding
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(tag_of(tag, coding))
    return response


@lru_cache(256)
def chosen(accepted: str) -> str | None:
    """Return the coding for an `Accept-Encoding`; None where the answer is sent as it is."""
    best = parse_accept_header(accepted, Accept).best_match([*CODINGS, "identity"])
    return None if best == "identity" else best


def tag_of(tag: str, coding: str) -> str:
    """Return the ETag of the packed form of what has the ETag `tag`."""
    return f"{tag}:{coding}"


def _blocks(blocks: Iterator[bytes], packer: Packer) -> Iterator[bytes]:
    for block in blocks:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()
