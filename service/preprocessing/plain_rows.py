"""A fast reader of the common body of a prediction: rows of numbers, read without a Python object for each.

Anything unusual is left to `service.preprocessing.prediction_rows`, which reads it or names what is wrong with it.
"""

import numpy as np
from numpy.typing import NDArray

try:
    import simdjson
except ImportError:  # it has wheels for most machines and Python versions, not all; without it the careful way reads
    simdjson = None  # type: ignore[assignment, unused-ignore]

FIELDS = ("instances", "inputs")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # simdjson passes over it; RFC 8259 lets us refuse it, and the careful way does


def plain_rows(data: bytes, width: int) -> tuple[str, NDArray[np.float64]] | None:
    """The field's name and its rows (n, width) of a body that holds one field of such rows; None for every other."""
    if simdjson is None or data.startswith(BYTE_ORDER_MARK):
        return None
    try:
        # a new parser each time: one that is reused holds the memory of the largest body it ever read
        body = simdjson.Parser().parse(data)
        return _rows(body, data.count(b"["), width) if isinstance(body, simdjson.Object) else None
    except (ValueError, TypeError, RuntimeError):  # no JSON, no numbers, a number of too many digits
        return None


def _rows(body: "simdjson.Object", brackets: int, width: int) -> tuple[str, NDArray[np.float64]] | None:
    names = list(body)  # every key as it stands there, doubled ones twice: looking one up would find the first
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
    # `as_buffer` flattens: a list within a row would not be seen, so there must be no more lists than these
    if count == 0 or brackets != count + 1:
        return None
    return names[0], np.frombuffer(rows.as_buffer(of_type="d"), dtype=np.float64).reshape(count, width)
