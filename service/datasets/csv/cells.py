"""What the cells of a CSV look like: numbers in one notation or another, dates, words for a missing value, text."""

from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.preprocessing import dates

MISSING_WORDS = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-", "")  # "" is a cell of spaces alone


class Cell(IntEnum):
    """The kinds of cells, after spaces around them are removed; a kind is tried before those below it."""

    MISSING = 0  # what the client named as a missing value
    WORD = 1  # a missing value in a column of numbers, by default
    CODE = 2  # 01569
    WHOLE = 3  # 12, also with an exponent
    POINT_THREE = 4  # 1.234, which could be grouped
    POINT = 5  # 1.5
    COMMA_THREE = 6  # 1,234, which could be grouped
    COMMA_THREE_UNGROUPED = 7  # 0,123
    COMMA = 8  # 1,5
    GROUPED_BY_COMMA = 9  # 1,163.74
    GROUPED_BY_POINT = 10  # 1.163,74
    DATE = 11
    NO_DATE = 12  # 2024-02-30
    INFINITE = 13
    BEYOND = 14  # a number that a float64 does not hold
    CURRENCY = 15
    PERCENT = 16
    SPACED = 17  # 1 234 567
    APOSTROPHES = 18  # 1'234'567
    UNDERSCORES = 19  # 1_234_567
    OTHER_MINUS = 20  # U+2212
    OTHER_DIGITS = 21  # Arabic digits
    PADDED = 22  # a number next to a space that is not ASCII, such as U+00A0
    TEXT = 23


_EXPONENT = r"([eE][+-]?\d+)?"
SPACES = "[ \u00a0\u2009\u202f]"
_NUMBER = r"(\d+|\d{1,3}([.,'\x{2019}_ \x{A0}\x{2009}\x{202F}]\d{3})+)([.,]\d*)?"
_SIGN = r"[+\-\x{2212}\x{2013}]?"
_GAP = r"[ \x{A0}\x{2009}\x{202F}]?"
_PAD = r"[\x{A0}\x{2007}\x{2009}\x{202F}\x{3000}]"
_UNIT = r"(\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|Rs\.?|kr\.?)"
_DIGITS = r"[\p{Nd}.,\x{66B}\x{66C}]"
_OTHER_DIGITS = "[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff10-\uff19]"  # Arabic, Persian, Devanagari, full width
PATTERNS = {
    Cell.CODE: r"^[+-]?0\d+$",
    Cell.WHOLE: rf"^[+-]?\d+{_EXPONENT}$",
    Cell.POINT_THREE: r"^[+-]?[1-9]\d{0,2}\.\d{3}$",
    Cell.POINT: rf"^[+-]?(\d+\.\d*|\.\d+){_EXPONENT}$",
    Cell.COMMA_THREE: r"^[+-]?[1-9]\d{0,2},\d{3}$",
    Cell.COMMA_THREE_UNGROUPED: rf"^[+-]?\d*,\d{{3}}{_EXPONENT}$",
    Cell.COMMA: rf"^[+-]?(\d+,\d*|,\d+){_EXPONENT}$",
    # also in twos, as in India: 12,34,567
    Cell.GROUPED_BY_COMMA: r"^[+-]?[1-9]\d{0,2}((,\d{2,3})*,\d{3}\.\d*|(,\d{2,3})+,\d{3})$",
    Cell.GROUPED_BY_POINT: r"^[+-]?[1-9]\d{0,2}((\.\d{3})+,\d*|(\.\d{3}){2,})$",
    Cell.DATE: dates.PATTERN,
    Cell.INFINITE: r"^[+-]?(?i:nan|inf|infinity)$",
    Cell.CURRENCY: rf"^\(?{_SIGN}{_GAP}({_UNIT}{_GAP}{_SIGN}{_NUMBER}|{_NUMBER}{_GAP}{_UNIT})\)?$",
    Cell.PERCENT: rf"^{_SIGN}{_NUMBER}{_GAP}[%\x{{2030}}]$",
    Cell.SPACED: rf"^[+-]?\d{{1,3}}({SPACES}\d{{3}})+([.,]\d*)?$",
    Cell.APOSTROPHES: r"^[+-]?\d{1,3}(['\x{2019}]\d{3})+([.,]\d*)?$",
    Cell.UNDERSCORES: r"^[+-]?\d{1,3}(_\d{3})+([.,]\d*)?$",
    Cell.OTHER_MINUS: rf"^([\x{{2212}}\x{{2013}}]{_GAP}{_NUMBER}|{_NUMBER}-|\({_NUMBER}\))$",
    Cell.OTHER_DIGITS: rf"^[+-]?{_DIGITS}*{_OTHER_DIGITS}+{_DIGITS}*$",
    Cell.PADDED: rf"^({_PAD}+[+-]?{_NUMBER}{_PAD}*|[+-]?{_NUMBER}{_PAD}+)$",
}
AS_THEY_ARE = {Cell.CODE, Cell.WHOLE, Cell.POINT_THREE, Cell.POINT}
BY_COMMA = {Cell.COMMA_THREE, Cell.COMMA_THREE_UNGROUPED, Cell.COMMA}
IN_OTHER_NOTATION = {kind for kind in Cell if Cell.POINT_THREE <= kind <= Cell.GROUPED_BY_POINT} | {
    kind for kind in Cell if Cell.CURRENCY <= kind <= Cell.PADDED
}


def classify(texts: Any, missing: Any) -> NDArray[np.uint8]:
    """Return the kind of each of an Arrow array of texts without spaces around them (n,); null is `Cell.MISSING`.

    Parameters
    ----------
    missing
        The texts that the client named as missing values.
    """
    kinds = np.full(len(texts), Cell.TEXT, dtype=np.uint8)
    candidates = np.flatnonzero(_may_be_special(texts))
    few = texts.take(pa.array(candidates))
    found = np.full(len(few), Cell.TEXT, dtype=np.uint8)
    for kind, pattern in PATTERNS.items():
        left = found == Cell.TEXT
        if not left.any():
            break
        found[left & _mask(pc.match_substring_regex(few, pattern))] = kind
    _check_numbers(few, found)
    _check_dates(few, found)
    kinds[candidates] = found
    kinds[_mask(pc.is_in(texts, pa.array(MISSING_WORDS)))] = Cell.WORD
    kinds[_mask(pc.is_in(texts, missing)) | _mask(pc.is_null(texts))] = Cell.MISSING
    return kinds


def _may_be_special(texts: Any) -> NDArray[np.bool_]:
    """Return whether each text may be anything but text: no letter begins it, or a digit ends it, or it is short."""
    first, last = edges(texts)
    lower = first | 0x20
    no_letter = (lower < ord("a")) | (lower > ord("z"))
    return no_letter | ((last >= ord("0")) & (last <= ord("9"))) | np.isin(lower, (ord("i"), ord("n")))


def edges(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first and the last byte of each text (n,), 0 for empty ones and null."""
    data, offsets = bytes_of(texts)
    filled = offsets[1:] > offsets[:-1]
    if not len(data):
        return np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint8)
    first = np.where(filled, data[np.minimum(offsets[:-1], len(data) - 1)], 0)
    return first, np.where(filled, data[offsets[1:] - 1], 0)


def bytes_of(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the UTF-8 bytes of an Arrow array of texts, and where each begins and the last ends (n + 1,)."""
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8)[: places[-1]], places


def with_points(texts: Any) -> Any:
    """Return an Arrow array of texts with a point for every comma; of bytes, which is faster than text by text."""
    present, offsets, data = texts.buffers()
    if data is None:
        return texts
    replaced = np.frombuffer(data, dtype=np.uint8).copy()
    replaced[replaced == ord(",")] = ord(".")
    return pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(replaced.data), present, -1, texts.offset)


def has_codes(texts: Any) -> bool:
    """Return whether a text among whole or other plain numbers has leading zeros, as `01569` and `-05` do."""
    data, offsets = bytes_of(texts)
    begins, ends = offsets[:-1], offsets[1:]
    if not len(data):
        return False
    last = len(data) - 1
    first = data[np.minimum(begins, last)]
    begins = begins + ((first == ord("-")) | (first == ord("+")))
    zero = (ends - begins >= 2) & (data[np.minimum(begins, last)] == ord("0"))
    if not zero.any():
        return False
    begins, ends = begins[zero], ends[zero]
    digit = data[begins + 1] - np.uint8(ord("0")) <= 9  # below "0" wraps around
    return any(bytes(data[begin:end]).isdigit() for begin, end in zip(begins[digit], ends[digit], strict=True))


def _check_numbers(texts: Any, kinds: NDArray[np.uint8]) -> None:
    """Set the kind of numbers that a float64 does not hold."""
    plain = np.flatnonzero((kinds >= Cell.CODE) & (kinds <= Cell.COMMA))
    if len(plain):
        numbers = pc.cast(with_points(texts.take(pa.array(plain))), pa.float64())
        kinds[plain[np.isinf(np.asarray(numbers))]] = Cell.BEYOND


def _check_dates(texts: Any, kinds: NDArray[np.uint8]) -> None:
    """Set the kind of what has the form of a date but is none, such as the 30th of February."""
    places = np.flatnonzero(kinds == Cell.DATE)
    if len(places):
        kinds[places[np.isnan(dates.days_of(texts.take(pa.array(places))))]] = Cell.NO_DATE


def _mask(array: Any) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
