"""The wire format of protocol buffers: fields with numbers, as varints, fixed widths or byte strings.

ONNX files are such messages. Reading is bounded: a length beyond the message's end is an error, and nothing is
allocated by what a length says. https://protobuf.dev/programming-guides/encoding/ describes the format.
"""

import struct
from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED_WIDTHS = {FIXED64: 8, FIXED32: 4}
MOST_BITS = 64

Value = int | memoryview  # a varint, or the bytes of all others


class DamagedMessageError(ValueError):
    """Bytes that are no message of this format."""


def number(field: int, value: int) -> bytes:
    """Encode a whole number."""
    return _varint(field << 3 | VARINT) + _varint(value & (1 << MOST_BITS) - 1)


def real(field: int, value: float) -> bytes:
    """Encode a float32."""
    return _varint(field << 3 | FIXED32) + struct.pack("<f", value)


def chunk(field: int, value: bytes | str) -> bytes:
    """Encode a byte string, a text or a message within a message."""
    data = value.encode() if isinstance(value, str) else value
    return b"".join((_varint(field << 3 | BYTES), _varint(len(data)), data))


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Yield the fields of a message with their numbers, in the order in which they stand.

    Raises
    ------
    DamagedMessageError
        When a field is cut off, or of a kind that this format does not have.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _read_varint(message, at)
            yield key >> 3, value
            continue
        if kind == BYTES:
            length, at = _read_varint(message, at)
        elif kind in FIXED_WIDTHS:
            length = FIXED_WIDTHS[kind]
        else:
            raise DamagedMessageError(f"byte {at} begins a field of the unknown kind {kind}")
        if length > len(message) - at:
            raise DamagedMessageError(f"a field at byte {at} has {length} bytes, beyond the end of its message")
        yield key >> 3, message[at : at + length]
        at += length


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at a byte, and where it ends."""
    value = 0
    for position in range(at, min(at + 10, len(message))):
        byte = message[position]
        value |= (byte & 0x7F) << 7 * (position - at)
        if byte < 0x80:
            return value & (1 << MOST_BITS) - 1, position + 1
    raise DamagedMessageError(f"a number that begins at byte {at} does not end")


def packed(value: Value) -> list[int]:
    """Return repeated whole numbers of one field, which may stand alone or packed into one byte string."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        found, at = _read_varint(value, at)
        numbers.append(found)
    return numbers
