"""Finds the faulty rows of a large JSON body without making the values of all others.

The values of 64 MiB of numbers take 1.5 GB and several seconds to make, while the body is refused for its first ten
faulty rows. These are found by the brackets and commas in the bytes: rows of the same number of values have the same.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.json_scan import (
    LIST_BYTES,
    LONGEST_DIGITS,
    QUOTE,
    STRING_BYTES,
    check_contents,
    first_long_whole,
    most_memory,
)
from service.datasets.strict_json import LARGE_BYTES, collecting_paused, parse_json
from service.errors import MAX_FAULTS, ServiceError
from service.preprocessing.plain_rows import is_json

FIRST_BYTES, MOST_BYTES = 4096, 256 * 1024  # of a block: few where rows may be faulty, and no more than a cache has
MOST_DECODED = 1000  # rows that are looked at one by one; of a body with more, all values are made
HEAD_BYTES = 64 * 1024  # within which the rows begin
OPEN, CLOSE = b"[]"
OF_NUMBERS = b"0123456789+-.eE \t\r\n"
MARKS = np.arange(256, dtype=np.uint8)  # 0 for what numbers and the space between them have, each other as it is
MARKS[list(OF_NUMBERS)] = 0
NUMBERS = frozenset({int, float})
SINGLE = frozenset({int, float, bool, str, type(None)})
SPACE = re.compile(r"[ \t\r\n]*")
DECODER = json.JSONDecoder()


def with_faulty_rows(data: bytes, fields: tuple[str, ...], width: int | None = None) -> dict[str, Any] | None:
    """Return the value of a body whose rows are lists of numbers, some of them faulty; None of any other body.

    Rows without a fault are one and the same list of zeros, and those behind the tenth faulty one are left out, so
    that the value serves to say what is wrong with the body, and for nothing else.

    Parameters
    ----------
    fields
        The names that the field of the rows may have.
    width
        How many numbers a row must have; by default as many as the first one.

    Raises
    ------
    TooLarge
        When the values would take far more memory than the text.
    """
    if len(data) < LARGE_BYTES or not data.isascii() or b"\\" in data or data.count(b"{") != 1:
        return None
    start = re.compile(rb'\s*\{[^\[]*?"(%s)"\s*:\s*\[' % "|".join(fields).encode()).match(data, 0, HEAD_BYTES)
    codes = np.frombuffer(data, dtype=np.uint8)
    of_lists = LIST_BYTES * int(np.count_nonzero(codes == OPEN))
    if start is None or of_lists > most_memory(data):
        return None
    found = _Rows(data, data.decode("ascii"), start.end(), width)
    try:
        with collecting_paused():
            end = found.read()
    except (ValueError, RecursionError):  # no JSON
        return None
    if end is None or not is_json(data):
        return None
    if of_lists + STRING_BYTES * int(np.count_nonzero(codes == QUOTE)) > most_memory(data):
        check_contents(data, "the body")
    return _with_rows(data, start[1].decode(), (start.end() - 1, end), found.rows)


def _with_rows(data: bytes, name: str, span: tuple[int, int], rows: list[Any]) -> dict[str, Any] | None:
    """Return the value of a body with these rows in place of the list that is written there."""
    try:
        body = parse_json(data[: span[0]] + b"[]" + data[span[1] :])
    except ServiceError:  # such as a key that occurs twice, which a text of another length reports in other words
        return None
    return {**body, name: rows} if isinstance(body, dict) and body.get(name) == [] else None


@dataclass
class _Rows:
    """Reads the rows of a text from a place on; `data` and `text` are the same."""

    data: bytes
    text: str
    at: int
    width: int | None
    rows: list[Any] = field(default_factory=list)
    decoded: int = 0
    faulty: int = 0

    def read(self) -> int | None:
        """Read rows up to the tenth faulty one; return where the list ends, or None if it may not be refused."""
        follows = self._decode()
        first = self.rows[0]
        if not isinstance(first, list) or not first or not SINGLE.issuperset(map(type, first)):
            return None
        if self.width == 1:  # an empty list has the same marks as one of a number
            return None
        while follows and self.decoded < MOST_DECODED:
            if self.faulty >= MAX_FAULTS:
                return _end_of_list(self.data, self.at)
            self._pass_plain()
            follows = self._decode()
        return self.at if self.faulty and not follows else None

    def _decode(self) -> bool:
        """Read the next row as it is; return whether others follow."""
        row, end = DECODER.raw_decode(self.text, _past_space(self.text, self.at))
        if self.width is None:
            self.width = len(row) if isinstance(row, list) else 0
        self.rows.append(row)
        self.decoded += 1
        self.faulty += type(row) is not list or len(row) != self.width or not NUMBERS.issuperset(map(type, row))
        end = _past_space(self.text, end)
        self.at = end + 1
        return self.text[end : end + 1] == ","

    def _pass_plain(self) -> None:
        """Go to the next row that is not plainly one of so many numbers."""
        width = self.width or 0
        pattern = np.frombuffer(b"[" + b"," * (width - 1) + b"],", dtype=np.uint8)
        plain, size = [0] * width, FIRST_BYTES
        while self.at < len(self.data):
            codes = np.frombuffer(self.data, np.uint8, min(size, len(self.data) - self.at), self.at)
            ends, is_odd = _plain_rows(codes, pattern)
            self.rows += [plain] * len(ends)
            self.at += int(ends[-1]) + 1 if len(ends) else 0
            if is_odd or (not len(ends) and len(codes) < size):
                return
            size = max(size, min(2 * size, MOST_BYTES)) if len(ends) else 2 * size


def _plain_rows(codes: NDArray[np.uint8], pattern: NDArray[np.uint8]) -> tuple[NDArray[np.intp], bool]:
    """Return where the plain rows end that a block begins with, and whether one that is not plain follows."""
    marks = MARKS.take(codes)
    places = np.flatnonzero(marks)
    whole = len(places) // len(pattern)
    places = places[: whole * len(pattern)]
    is_right = marks[places] == np.tile(pattern, whole)
    count = whole if is_right.all() else int(is_right.argmin()) // len(pattern)
    places = places[: count * len(pattern)]
    ends = places[len(pattern) - 1 :: len(pattern)]
    if count and np.diff(places, prepend=-1).max() > LONGEST_DIGITS:
        long = first_long_whole(codes[: ends[-1]])  # such a number may be a fault, as a float64 may not hold it
        count = count if long is None else int(np.searchsorted(ends, long))
    return ends[:count], count < whole


def _past_space(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    return at if match is None else match.end()


def _end_of_list(data: bytes, at: int) -> int | None:
    """Return where the list ends that has a value at that place; None if it does not. No text has a backslash."""
    depth, is_inside = 1, False
    for start in range(at, len(data), MOST_BYTES):
        codes = np.frombuffer(data, np.uint8, min(MOST_BYTES, len(data) - start), start)
        is_bracket = (codes == OPEN) | (codes == CLOSE)
        inside = np.cumsum(codes == QUOTE, dtype=np.uint8) & 1 ^ is_inside
        is_inside = bool(inside[-1])
        places = np.flatnonzero(is_bracket & (inside == 0))
        depths = depth + np.cumsum(np.where(codes[places] == OPEN, 1, -1))
        closed = np.flatnonzero(depths == 0)
        if len(closed):
            return start + int(places[closed[0]]) + 1
        depth = int(depths[-1]) if len(depths) else depth
    return None
