"""Numbers and dates written as text, and numbers taken as texts of categories.

Formats that know text from numbers read a column of text as dates when all of it is, and as numbers only when the
client says so.
"""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.base import is_unicode
from service.preprocessing import dates

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
OFFSET = r"\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
MISTAKES_FROM_SHARE = 0.9  # a column with this share of dates, or of numbers, is one of these with mistakes
A_NUMBER, A_DATE = "a number", "an ISO 8601 date such as 2024-01-31"
MIXED_OFFSETS = "has times with an offset from UTC and times without one; write all of them in one way"
_NUMBER, _OFFSET = re.compile(NUMBER, re.ASCII), re.compile(OFFSET)


def number_of(text: str) -> float | None:
    """Return the number of a text; None for one that is no plain decimal number within a float64."""
    number = float(text) if _NUMBER.match(text) else math.inf
    return number if math.isfinite(number) else None


def has_offset(date: str) -> bool | None:
    """Return whether a date with a time says its offset from UTC; None for one without a time."""
    return _OFFSET.search(date) is not None if ":" in date else None


def numbers_of(texts: Any) -> NDArray[np.float64]:
    """Return the numbers of an Arrow array of texts (rows,), NaN where it is null or no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_number = pc.match_substring_regex(texts, NUMBER)
    plain = pc.if_else(is_number, pc.utf8_trim_whitespace(texts), pa.scalar(None, pa.string()))
    cast: Any = pc.cast(plain, pa.float64())
    numbers = np.array(cast.to_numpy(zero_copy_only=False))
    numbers[np.isinf(numbers)] = np.nan
    return numbers


def days_of(texts: Any) -> NDArray[np.float64]:
    """Return the days of an Arrow array of texts (rows,), NaN where it is null or no date."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_date = pc.match_substring_regex(texts, dates.PATTERN)
    return dates.days_of(pc.if_else(is_date, texts, pa.scalar(None, pa.string())))


def is_storable(text: str) -> bool:
    """Return whether databases and UTF-8 can hold a text: not NUL, and not half of a surrogate pair."""
    return "\x00" not in text and is_unicode(text)


def number_as_text(value: Any) -> str | None:
    """Return the text of a number as a category: `2` for 2 and 2.0, the shortest that is the same float for others."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and not (value.is_integer() and abs(value) < 1e16):
        return repr(value)
    return str(int(value)) if value == math.floor(value) else str(value)
