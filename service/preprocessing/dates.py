"""ISO 8601 dates as numbers: days since 1970-01-01 in UTC, with fractions for the time of day.

A date is `2024-01-31`, alone or with a time: `2024-01-31T10:20`, with or without seconds and their fraction, a space in
place of the `T`, and `Z` or an offset such as `+02:00` at the end. A time without an offset is taken as UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

PATTERN = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_DATE = re.compile(PATTERN, re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_A_DAY = 86_400_000_000
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31


def day_of(text: str) -> float | None:
    """Return the day of one date; None for a text that is no date."""
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return None
    try:
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except OverflowError:
        return None
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) / _MICROSECONDS_A_DAY


def date_of(day: float) -> str | float:
    """Return the date of a day, with the time in UTC unless it is midnight; the day itself beyond the years 1 to 9999.

    Files with types of their own, such as Parquet, have dates beyond them.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=round(day * _MICROSECONDS_A_DAY))
    except OverflowError:
        return day
    is_midnight = moment.time() == datetime.min.time()
    return moment.date().isoformat() if is_midnight else moment.replace(tzinfo=None).isoformat() + "Z"


def days_of(texts: Any) -> NDArray[np.float64]:
    """Return the days of an Arrow array of dates (rows,), NaN where it is null or no date."""
    import pyarrow as pa
    import pyarrow.compute as pc

    are_dates: Any = pc.match_substring_regex(texts, PATTERN)
    zones = (None, "UTC") if pc.all(are_dates).as_py() is not False else ()
    for zone in zones:  # all without an offset, or all with one; what else there is goes one by one
        try:
            moments: Any = pc.cast(texts, pa.timestamp("us", zone))
        except pa.ArrowInvalid:
            continue
        found = np.asarray(pc.cast(pc.cast(moments, pa.int64()), pa.float64(), safe=False)) / _MICROSECONDS_A_DAY
        if not (found < FIRST_DAY).any():  # Arrow knows a year 0
            return found
    days = [None if text is None else day_of(text) for text in texts.to_pylist()]
    return np.array([np.nan if day is None else day for day in days], dtype=np.float64)
