"""Writes parts of a Markdown document, with text of clients in it that cannot become markup. Imports nothing."""

import re
from collections.abc import Iterable, Sequence

LONGEST = 200  # characters of a cell that are written
NOT_KNOWN = "-"
_SPACE = re.compile(r"[\x00-\x20\x7f\x85\xa0\u2028\u2029]+")
# Punctuation of ASCII, all of which CommonMark lets be escaped; a hyphen within a word or a date is never markup.
_PUNCTUATION = re.compile(r"([!-,./:-@\[-`{-~]|(?<![0-9A-Za-z])-|-(?![0-9A-Za-z]))")


def text(value: object) -> str:
    """Return text on one line in which nothing is markup, a link, or HTML."""
    plain = _SPACE.sub(" ", str(value)).strip()
    shown = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    return _PUNCTUATION.sub(r"\\\1", shown)


def number(value: object) -> str:
    """Return a number with at most six digits, and thousands apart; other values as text."""
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def heading(title: str) -> list[str]:
    return [f"## {title}", ""]


def bullets(lines: Iterable[str]) -> list[str]:
    return [*(f"- {line}" for line in lines), ""]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; its cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows), ""]


def code(lines: str, language: str) -> list[str]:
    """Return a block of code, fenced by more backticks than there are in it together."""
    longest = max((len(run) for run in re.findall("`+", lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", lines, fence, ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
