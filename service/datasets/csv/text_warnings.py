"""Warnings about columns of a CSV: text that looks like dates or numbers, rows of sums, and points in numbers."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from service.datasets.column_plans import ColumnRequest
from service.datasets.csv.cells import IN_OTHER_NOTATION, Cell
from service.datasets.csv.notation import Notation

SHARE_OF_DATES, SHARE_OF_NUMBERS = 0.9, 0.5
SUMS = {"total", "grand total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt"}
_OTHER_DATE = re.compile(r"\s*\d{1,2}([./-])\d{1,2}\1(\d{4}|\d{2})([ ,T]+\d{1,2}:\d{2}.*)?\s*", re.ASCII)
_SHOWN = 3


def is_sum(text: str) -> bool:
    """Return whether a cell is a word for the row of sums that ends many tables."""
    return text.strip(" :").casefold() in SUMS


def warnings_of_text(
    request: ColumnRequest,
    counts: Mapping[int, int],
    first: Mapping[int, Sequence[tuple[int, str]]],
    texts: Collection[str],
    notation: Notation,
) -> tuple[str, ...]:
    """Return the warnings about a column that is text, unless the client has said that it is.

    Parameters
    ----------
    counts, first
        How many cells of each kind there are, and row and text of the first of them.
    texts
        The different texts of the column.
    """
    if request.kind is not None or request.class_or_value == "class" or counts.get(Cell.CODE):
        return ()
    found = _dates(request.name, texts) or _numbers(request.name, counts, first, notation)
    return (*found, *_sums(request.name, texts))


def warning_of_points(name: str, text: str) -> str:
    """Return the warning about a column in whose file every point has three digits behind it, as in this cell."""
    text = text.strip()
    return (
        f"column `{name}`: `{text}` is read as {float(text):g}, and every point in the file has three digits behind it;"
        " say `thousands=.` if they group thousands, `decimal=.` if they do not"
    )


def _dates(name: str, texts: Collection[str]) -> list[str]:
    others = [text for text in texts if _OTHER_DATE.fullmatch(text)]
    if not texts or len(others) < SHARE_OF_DATES * len(texts):
        return []
    return [
        f"column `{name}` looks like dates, such as `{min(others).strip()}`, and is read as text, as only ISO 8601 is"
        f" read as dates; write them as 2024-01-31, or say `types={name}:category` if text is meant"
    ]


def _numbers(
    name: str, counts: Mapping[int, int], first: Mapping[int, Sequence[tuple[int, str]]], notation: Notation
) -> list[str]:
    like_numbers = notation.numbers | IN_OTHER_NOTATION
    others = [kind for kind in counts if kind not in like_numbers and kind not in (Cell.MISSING, Cell.WORD)]
    no_numbers = sum(counts[kind] for kind in others)
    numbers = sum(counts[kind] for kind in counts if kind in like_numbers)
    if not no_numbers or numbers < SHARE_OF_NUMBERS * (numbers + no_numbers):
        return []
    examples = sorted(place for kind in others for place in first.get(kind, ()))
    shown = ", ".join(dict.fromkeys(f"`{text.strip()[:40]}`" for _, text in examples[: 2 * _SHOWN]))
    return [
        f"column `{name}` is read as text, as {no_numbers:,} of its cells are no numbers ({shown}) and {numbers:,} are;"
        f" name words for a missing value with `missing=`, or say `types={name}:number` to have each such cell named,"
        f" `types={name}:category` if text is meant"
    ]


def _sums(name: str, texts: Iterable[str]) -> Iterator[str]:
    for text in sorted(texts):
        if is_sum(text):
            yield f"column `{name}` has the text `{text.strip()}`; if its row holds sums, remove it, as it is no data"
            return
