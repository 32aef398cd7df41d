"""Reading of request bodies: strict parsing, limits on size, streaming decompression, and guessing of media types."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel

from service.datasets.media_types import JSON, guess_media_type
from service.definitions.validation import check
from service.errors import Malformed, TooLarge, UnknownMedia

M = TypeVar("M", bound=BaseModel)

BLOCK_BYTES = 1024 * 1024
HEAD_BYTES = 4096
FORM = "application/x-www-form-urlencoded"  # what curl sends unless another type is given
MULTIPART = "multipart/form-data"


def read_model(model: type[M], max_bytes: int) -> M:
    """Read the JSON body as a `model`."""
    _, blocks = open_body((JSON,))
    return check(model, parse_json(collect(blocks, max_bytes)))


def read_model_if_any(model: type[M], max_bytes: int) -> M:
    """Read the JSON body as a `model`; without a body, return the model's defaults."""
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return model()
    return read_model(model, max_bytes)


def open_body(known: tuple[str, ...]) -> tuple[str, Iterator[bytes]]:
    """Return the body's media type, one of `known`, and its decompressed bytes."""
    blocks = _unpacked(_raw_blocks())
    declared = request.mimetype
    if declared in known:
        return declared, blocks
    if declared and (declared != FORM or "Origin" in request.headers):
        raise UnknownMedia(f"`{declared}` is not read here; known are {', '.join(known)}", known)
    head = b""
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            break
    kind = guess_media_type(head)
    if kind not in known:
        raise UnknownMedia(f"the body looks like {kind}, which is not read here; known are {', '.join(known)}", known)
    return kind, _chain(head, blocks)


def _chain(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _raw_blocks() -> Iterator[bytes]:
    stream = request.stream if request.content_length is not None else request.environ["wsgi.input"]
    while block := stream.read(BLOCK_BYTES):
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding == "identity":
        yield from blocks
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise UnknownMedia(f"Content-Encoding `{coding}` is not read here; known are gzip and deflate")
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    try:
        for block in blocks:
            while block:
                yield unpacker.decompress(block, BLOCK_BYTES)
                block = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as error:
        raise Malformed(f"the body is not {coding}: {error}") from None
    if not unpacker.eof:
        raise Malformed(f"the {coding} body is cut off")


def collect(blocks: Iterator[bytes], max_bytes: int) -> bytes:
    """Return a whole body of at most `max_bytes`."""
    parts, size = [], 0
    for block in blocks:
        size += len(block)
        if size > max_bytes:
            raise TooLarge(f"the body is larger than {max_bytes:,} bytes")
        parts.append(block)
    return b"".join(parts)


def spool(blocks: Iterator[bytes], target: BinaryIO, max_bytes: int) -> int:
    """Write a body of at most `max_bytes` to a file; return its size."""
    size = 0
    for block in blocks:
        size += len(block)
        if size > max_bytes:
            raise TooLarge(f"the body is larger than {max_bytes:,} bytes")
        target.write(block)
    return size


def parse_json(data: bytes) -> Any:
    """Parse strict JSON (RFC 8259): UTF-8, without NaN, duplicate keys or numbers beyond a float64."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise Malformed("the body is empty; JSON is expected")
    try:
        return json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Malformed("the JSON is nested too deeply") from None
    except ValueError:
        raise Malformed("the JSON holds a number of too many digits") from None


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        double = next(key for key, count in counts.items() if count > 1)
        raise Malformed(f"the key `{double[:60]}` occurs twice in one object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"`{name}` is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed(f"the number {text[:40]} is beyond what a float64 holds")
    return value
