"""Counts what a JSON text holds in its bytes, before anything is parsed.

A list of empty objects takes 24 times its bytes as Python objects, so a text is judged by what it would take.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import TooLarge

MIB = 1024 * 1024
BLOCK_BYTES = MIB // 4  # small enough for the processor's cache
FREE_BYTES = 128 * MIB  # that the values of any text may take
MOST_TIMES = 16  # its bytes that the values of a text may take
# what CPython 3.11 takes for a value and for its place in the list that holds it
OBJECT_BYTES, ENTRIES_BYTES, LIST_BYTES, STRING_BYTES = 72, 140, 88, 72
LONGEST_WHOLE = 19  # digits: every whole number of fewer is one of 64 bits
LONGEST_DIGITS = 15  # digits: a float64 has every whole number of so many
LONGEST_FINITE = 300  # digits: every number of fewer, without an exponent, is finite as a float64
BETWEEN = re.compile(rb"[^0-9.\\]")  # where a text may be cut
BACKSLASH, QUOTE, COLON, POINT = b'\\":.'
OPEN_OBJECT, OPEN_LIST = b"{["


@dataclass
class Contents:
    """How many values of each kind a text has, and what of its numbers not every parser reads.

    `strings` are values of more than one character, as there is only one object for each of the others.
    """

    objects: int = 0
    lists: int = 0
    keys: int = 0
    strings: int = 0
    texts: int = 0  # values in quotes, of any length
    has_wide_numbers: bool = False  # whole numbers that may have more than 64 bits
    has_exponents: bool = False  # or so many digits that a number may be beyond a float64

    @property
    def memory(self) -> int:
        """The bytes that the parsed values take, without what their digits and characters take."""
        entries = min(self.objects, self.keys) * ENTRIES_BYTES
        return self.objects * OBJECT_BYTES + entries + self.lists * LIST_BYTES + self.strings * STRING_BYTES


def check_contents(data: bytes, what: str) -> Contents:
    """Count what a text holds; raise `TooLarge` when its values would take far more memory than its bytes."""
    found = contents_of(data)
    most = most_memory(data)
    if found.memory > most:
        kinds = {"object": found.objects, "list": found.lists, "text": found.texts}
        counts = ", ".join(f"{count:,} {kind}{'s' * (count != 1)}" for kind, count in kinds.items())
        raise TooLarge(
            f"{what} has {counts}, which take"
            f" {found.memory:,} bytes of memory as values; JSON of {len(data):,} bytes may take {most:,}: send fewer"
            " rows at once, or send them as CSV, NPZ or Parquet"
        )
    return found


def most_memory(data: bytes) -> int:
    """Return how many bytes of memory the values of a text may take."""
    return max(FREE_BYTES, MOST_TIMES * len(data))


def contents_of(data: bytes) -> Contents:
    """Count what a text holds; one that is no JSON has some counts or other."""
    found, is_inside, quotes, short = Contents(), False, 0, 0
    for block in _blocks(data):
        codes = np.frombuffer(block, dtype=np.uint8)
        outside = None
        if QUOTE in block:
            is_quote = codes == QUOTE
            inside = np.cumsum(is_quote, dtype=np.uint8) & 1 ^ is_inside
            outside = inside == 0
            quotes += int(np.count_nonzero(is_quote))
            opens = is_quote & ~outside
            short += sum(int(np.count_nonzero(opens[:-step] & is_quote[step:])) for step in (1, 2))
            is_inside = bool(inside[-1])
        elif is_inside:
            continue
        found.objects += _count(codes, OPEN_OBJECT, outside)
        found.lists += _count(codes, OPEN_LIST, outside)
        found.keys += _count(codes, COLON, outside)
        _look_at_numbers(found, codes)
    found.texts = max(0, quotes // 2 - found.keys)
    found.strings = max(0, quotes // 2 - short - found.keys)
    return found


def _blocks(data: bytes) -> Iterator[bytes]:
    """Yield a text in blocks that end within no number, with spaces for backslashes and what they escape."""
    start = 0
    while start < len(data):
        end = start + BLOCK_BYTES
        between = BETWEEN.search(data, end, end + LONGEST_FINITE)
        block = data[start : end + LONGEST_FINITE if between is None else between.end()]
        if BACKSLASH in block:
            if (len(block) - len(block.rstrip(b"\\"))) % 2:
                block = data[start : start + len(block) + 1]
            start += len(block)
            block = block.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
        else:
            start += len(block)
        yield block


def _count(codes: NDArray[np.uint8], code: int, outside: NDArray[np.bool_] | None) -> int:
    """Return how often a character stands outside of quotes; `outside` None is everywhere."""
    places = codes == code
    return int(np.count_nonzero(places if outside is None else places & outside))


def _look_at_numbers(found: Contents, codes: NDArray[np.uint8]) -> None:
    """Find whole numbers of many digits and exponents; those within texts count too."""
    is_digit = codes - np.uint8(ord("0")) < 10
    if not found.has_exponents:
        exponents = is_digit[:-1] & ((codes[1:] | 32) == ord("e"))
        found.has_exponents = bool(exponents.any()) or len(_runs(is_digit, LONGEST_FINITE)) > 0
    if not found.has_wide_numbers:
        starts = _runs(is_digit, LONGEST_WHOLE)
        before = codes[starts - 1]
        found.has_wide_numbers = bool(((starts == 0) | (before != POINT) & (before != QUOTE)).any())


def first_long_whole(codes: NDArray[np.uint8]) -> int | None:
    """Return where the first whole number begins that a float64 may not hold; one with a point may be named too."""
    starts = _runs(codes - np.uint8(ord("0")) < 10, LONGEST_DIGITS + 1)
    before = codes[starts - 1]
    found = starts[(starts == 0) | (before != POINT)]
    return int(found[0]) if len(found) else None


def _runs(is_digit: NDArray[np.bool_], length: int) -> NDArray[np.intp]:
    """Return where runs of at least so many digits begin."""
    ahead, known = is_digit, 1
    while known < length:
        step = min(known, length - known)
        ahead = ahead[:-step] & ahead[step:]
        known += step
    starts = ahead.copy()
    starts[1:] &= ~is_digit[: max(0, len(ahead) - 1)]
    return np.flatnonzero(starts)
