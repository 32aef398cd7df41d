"""Sentences about what is wrong with rows to predict, each with the way out where there is one."""

import math
from collections.abc import Sequence
from typing import Any

from service.definitions.guessing import closest, show
from service.preprocessing.fitted_columns import InputColumn

MOST_NAMES = 5  # that one sentence lists


def left_out(absent: Sequence[str], others: Sequence[str], rows: int = 1) -> str:
    """Return a sentence about columns that rows leave out, with which of their other names may have been meant."""
    shown = []
    for name in absent[:MOST_NAMES]:
        like = closest(name, others)
        shown.append(f"`{name}`" + (f" (did you mean it by `{readable(like[0])[:60]}`?)" if like else ""))
    listed = ", ".join(shown) + (f" and {len(absent) - MOST_NAMES} more" if len(absent) > MOST_NAMES else "")
    subject = f"column {listed} is missing" if len(absent) == 1 else f"columns {listed} are missing"
    return subject + (f" in {rows:,} rows" if rows > 1 else "")


def unknown_category(column: InputColumn, value: str | bool) -> str:
    """Return a sentence about a category never seen in training, with a similar one or some of those there are."""
    like = closest(str(value), list(column.codes))
    known = ", ".join(show(text) for text in list(column.codes)[:MOST_NAMES])
    more = len(column.codes) - MOST_NAMES
    hint = f"did you mean {show(like[0])}?" if like else f"there are {known}{f' and {more} more' if more > 0 else ''}"
    return f"{show(value)} is no category of `{column.name}`; {hint}"


def way_out(value: Any) -> str:
    """Return what to send in place of a value that is no number, if that can be said."""
    if value is None:
        return "; no missing value was filled in training (`preprocessing.missing`), so none is here"
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        return f"; send {number:.15g} without quotes" if math.isfinite(number) else ""
    return ""


def as_text(column: InputColumn, value: Any) -> str:
    """Return how to send a value that is no text, as the dataset may have several texts of the same number."""
    if value is None:
        return way_out(value)
    if not isinstance(value, (int, float)):
        return ""
    meant = [text for text in column.codes if _is_number(text, value)]
    example = meant[0] if meant else next(iter(column.codes), "")
    return f'; send it as text, exactly as the dataset has it, as in "{example[:40]}"'


def _is_number(text: str, value: float) -> bool:
    try:
        return float(text) == value
    except (ValueError, OverflowError):
        return False


def readable(name: str) -> str:
    """Return a key of JSON, which may have half a surrogate pair, as text that can be sent."""
    return name.encode("utf-8", "backslashreplace").decode()
