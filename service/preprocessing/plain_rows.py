"""A fast reader for the most common body of a prediction: rows of numbers, read without a Python object for each.

All other bodies are left to `service.preprocessing.prediction_rows`, which also reports their faults.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

try:
    import simdjson
except ImportError:  # it has no wheels for some machines; without it `prediction_rows` reads everything
    simdjson = None  # type: ignore[assignment, unused-ignore]

FIELDS = ("instances", "inputs")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # simdjson ignores it; RFC 8259 allows refusing it, and `prediction_rows` does
OPEN = ord("[")
KEPT_BYTES = 1024 * 1024  # of the largest body whose parser stays: it holds on to about 14 times as much
MOST_IDLE = 2  # parsers that stay
FEW_BYTES = 16 * 1024  # up to which bytes.count is faster than NumPy

_idle: "deque[simdjson.Parser]" = deque(maxlen=MOST_IDLE)  # memory alone: whichever is taken, the result is the same


def plain_rows(data: bytes, width: int) -> tuple[str, NDArray[np.float64]] | None:
    """Return the name of the only field of a body and its rows (n, width); None for a body of any other form."""
    if simdjson is None or data.startswith(BYTE_ORDER_MARK):
        return None
    parser = _idle.pop() if _idle and len(data) <= KEPT_BYTES else simdjson.Parser()
    try:
        body = parser.parse(data)
        return _rows(body, data, width) if isinstance(body, simdjson.Object) else None
    except (ValueError, TypeError, RuntimeError):  # no JSON, no numbers, a number of too many digits
        return None
    finally:
        body = None  # a parser is used again only when nothing of what it has read is left
        if len(data) <= KEPT_BYTES:
            _idle.append(parser)


def is_json(data: bytes) -> bool:
    """Return whether a text is JSON, without a number beyond 64 bits or a float64; False where nothing can tell."""
    if simdjson is None or data.startswith(BYTE_ORDER_MARK):
        return False
    try:
        simdjson.Parser().parse(data)
    except (ValueError, RuntimeError):
        return False
    return True


def _rows(body: "simdjson.Object", data: bytes, width: int) -> tuple[str, NDArray[np.float64]] | None:
    names = list(body)  # includes duplicate keys, while a look-up would silently return the first one
    if len(names) != 1 or names[0] not in FIELDS:
        return None
    rows = body[names[0]]
    if not isinstance(rows, simdjson.Array):
        return None
    count = 0
    for row in rows:
        if not isinstance(row, simdjson.Array) or len(row) != width:
            return None
        count += 1
    # `as_buffer` flattens nested lists, so the number of brackets must show that there are none within rows
    if count == 0 or _brackets(data) != count + 1:
        return None
    return names[0], np.frombuffer(rows.as_buffer(of_type="d"), dtype=np.float64).reshape(count, width)


def _brackets(data: bytes) -> int:
    """Return how many opening brackets a text has."""
    if len(data) <= FEW_BYTES:
        return data.count(b"[")
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == OPEN))
