"""Reading of request bodies: limits on size, unpacking as they arrive, and recognising what they are."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import BinaryIO, TypeVar

from flask import g, request
from pydantic import BaseModel

from service.api.unpacking import HEAD_BYTES, SPACE_BYTES, UNPACKED, blocks_of, coding_of_body
from service.datasets.compression import check_coding, without_compression
from service.datasets.media_types import (
    ARROW_FILE,
    ARROW_STREAM,
    CSV,
    JSON,
    JSONL,
    NAMES,
    NDJSON,
    NPZ,
    PARQUET,
    UNSPECIFIC,
    guess_media_type,
    looks_like,
)
from service.datasets.signatures import is_text, what_it_is
from service.datasets.strict_json import parse_json
from service.definitions.validation import check
from service.errors import Invalid, Malformed, ServiceError, TooLarge, UnknownMedia, shortened

M = TypeVar("M", bound=BaseModel)

FORM = "application/x-www-form-urlencoded"  # what curl sends unless another type is given
LONGEST_EXAMPLE = 300  # characters of a body that is shown
BINARY = frozenset({NPZ, PARQUET, ARROW_STREAM, ARROW_FILE})
FORM_FIELDS = re.compile(rb"[\w.~%+\[\]-]+=[^=\s,;&]*(&[\w.~%+\[\]-]+=[^=\s,;&]*)*")


def read_model(model: type[M], max_bytes: int) -> M:
    """Read the JSON body as a `model`."""
    _, blocks = open_body((JSON,))
    return check(model, parse_json(collect(blocks, max_bytes)))


def read_model_if_any(model: type[M], max_bytes: int) -> M:
    """Read the JSON body as a `model`; without a body, return the model's defaults."""
    if not (request.content_length or "Transfer-Encoding" in request.headers or UNPACKED in request.environ):
        return model()
    return read_model(model, max_bytes)


def is_unspecific(declared: str) -> bool:
    """Return whether a `Content-Type` says nothing about the body: none, curl's own, or that of any bytes."""
    return declared in ("", *UNSPECIFIC) or (declared == FORM and "Origin" not in request.headers)


def whole_body(max_bytes: int) -> bytes:
    """Return the bytes of a body whose form the operation knows, of at most `max_bytes`."""
    return collect(_body_blocks(), max_bytes)


def open_body(known: tuple[str, ...]) -> tuple[str, Iterator[bytes]]:
    """Return the body's media type, one of `known`, and its unpacked bytes."""
    declared = request.mimetype
    if declared == FORM and "Origin" not in request.headers:
        declared = ""
    return recognise(_body_blocks(), declared, known, "body")


def open_raw_body(media_type: str, goes_with: str = "shape", also: tuple[str, ...] = ()) -> Iterator[bytes]:
    """Return the unpacked bytes of a body that is not looked into, for a parameter of the query that it goes with.

    Its type must be this one, or one of `also`, or none or curl's.
    """
    if request.mimetype not in ("", FORM, media_type, *also):
        raise UnknownMedia(
            f"`{request.mimetype}` does not go with `{goes_with}`: send `Content-Type: {media_type}`", (media_type,)
        )
    return _body_blocks()


def check_declared(known: tuple[str, ...]) -> None:
    """Raise `UnknownMedia` when the headers alone say that the body is not read here."""
    check_coding(coding_of_body())
    declared = request.mimetype
    if declared not in ("", FORM, *UNSPECIFIC, *known):
        raise _unknown(declared, None, b"", known, "body")


def recognise(blocks: Iterator[bytes], declared: str, known: tuple[str, ...], what: str) -> tuple[str, Iterator[bytes]]:
    """Return the media type of the bytes, one of `known`, and the bytes, unpacked when they are a gzip or zstd file.

    A declared type must agree with the first bytes where these leave no doubt. Without one they decide.

    Raises
    ------
    UnknownMedia
        When the bytes are of no known type, or surely of another one than declared; the message names that.
    """
    head, blocks = _first_bytes(without_compression(blocks, what))
    if not head:
        raise _empty(declared, known, what)
    if foreign := what_it_is(head):
        raise UnknownMedia(f"the {what} is {foreign}", known)
    seen = looks_like(head)
    if seen is None and declared in BINARY and CSV in known and is_text(head[:1000]):
        seen = CSV
    if declared in known:
        return _agreed(declared, seen, known, what), blocks
    if declared not in ("", *UNSPECIFIC):
        raise _unknown(declared, seen, head, known, what)
    if FORM_FIELDS.fullmatch(head):
        raise UnknownMedia(f"the {what} is a form's fields, `name=value`; known are {', '.join(known)}", known)
    kind = guess_media_type(head)
    if kind not in known:
        listed = ", ".join(known)
        raise UnknownMedia(f"the {what} looks like {NAMES[kind]}, which is not read here; known are {listed}", known)
    return kind, blocks


def _first_bytes(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            break
    return head, chain([head], blocks)


def _empty(declared: str, known: Sequence[str], what: str) -> ServiceError:
    """Return the error for no bytes at all, which says what the operation takes."""
    example = g.get("example") if what == "body" else None
    such_as = f", such as {shortened(json.dumps(example), LONGEST_EXAMPLE)}" if example is not None else ""
    if declared == JSON or list(known) == [JSON]:
        return Malformed(f"the {what} is empty: send JSON{such_as}")
    others = dict.fromkeys(NAMES[kind] for kind in known if kind in NAMES and kind != JSON)
    return Invalid(f"the {what} is empty: send {', '.join(others)}{f' or JSON{such_as}' if JSON in known else ''}")


def _agreed(declared: str, seen: str | None, known: tuple[str, ...], what: str) -> str:
    """Return the declared type, or of Arrow's two forms the one that is there; raise `UnknownMedia` for another."""
    if seen is None or seen == declared or seen not in known:
        return declared
    if {seen, declared} <= {ARROW_STREAM, ARROW_FILE}:
        return seen
    if {seen, declared} <= {JSON, JSONL, NDJSON} and not (seen == JSONL and declared == JSON):
        return declared  # the reader of JSON Lines says where a line holds no object
    raise UnknownMedia(
        f"the {what} is {NAMES[seen]}, but its type was given as `{declared}`; send `Content-Type: {seen}`", known
    )


def _unknown(declared: str, seen: str | None, head: bytes, known: tuple[str, ...], what: str) -> UnknownMedia:
    """Return the error for a declared type that is not known; it names the header to send for what is there."""
    detail = f"`{declared}` is not read here"
    if seen in known:
        detail += f", but the {what} is {NAMES[seen]}: send the header `Content-Type: {seen}`"
    elif CSV in known and is_text(head) and b"\n" in head:
        detail += f"; if the {what} is CSV, send the header `Content-Type: {CSV}`"
    return UnknownMedia(f"{detail}; known are {', '.join(known)}", known)


def _body_blocks() -> Iterator[bytes]:
    """Yield the body, unpacked by `unpack_input`."""
    return blocks_of(request.stream if request.content_length is not None else request.environ["wsgi.input"])


def collect(blocks: Iterator[bytes], max_bytes: int) -> bytes:
    """Return a whole body of at most `max_bytes`."""
    parts, size = [], 0
    for block in blocks:
        size += len(block)
        if size > max_bytes:
            raise TooLarge(f"the body is larger than {max_bytes:,} bytes")
        parts.append(block)
    return b"".join(parts)


def spool(blocks: Iterator[bytes], target: BinaryIO, max_bytes: int, check_space: Callable[[], None]) -> int:
    """Write a body of at most `max_bytes` to a file; return its size.

    `check_space` raises when the disk has no room for more; it is called before `SPACE_BYTES` are written each time, as
    a small packed file may become a large one.
    """
    size, checked = 0, 0
    check_space()
    for block in blocks:
        size += len(block)
        if size > max_bytes:
            raise TooLarge(f"the body is larger than {max_bytes:,} bytes")
        if size - checked > SPACE_BYTES:
            checked = size
            check_space()
        target.write(block)
    return size
