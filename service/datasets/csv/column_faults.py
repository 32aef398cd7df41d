"""What is said of a cell that does not belong in its column: the cell, and the option that mends it."""

from urllib.parse import quote

from service.datasets.column_plans import ColumnRequest
from service.datasets.csv.cells import Cell
from service.datasets.csv.notation import Notation
from service.datasets.csv.text_warnings import is_sum

WRITTEN = {
    Cell.CURRENCY: "is an amount with a currency",
    Cell.PERCENT: "is a percentage",
    Cell.OTHER_MINUS: "has a sign other than `-` (U+002D) before the number",
    Cell.OTHER_DIGITS: "has digits other than 0 to 9",
    Cell.PADDED: "has a space next to the number that is not an ASCII space, such as U+00A0",
}
IN_URLS = set("#&+% ")  # characters that a query of a URL cannot have or that mean something in it
GROUPED = {Cell.SPACED: "space", Cell.APOSTROPHES: "'", Cell.UNDERSCORES: "_"}


def complaint(kind: Cell, text: str, row: int, request: ColumnRequest, notation: Notation, wanted: str) -> str:
    """Return what is wrong with a cell of a column that is to hold `a number` or `a date`, and the way out."""
    shown = f"`{text.strip()[:40]}`"
    may_be_text = not request.must_be_number and request.kind is None
    or_text = f", or say `types={request.name}:category` to read text" if may_be_text else ""
    if kind is Cell.BEYOND:
        return f"is beyond what a float64 holds: {text[:40]}"
    if wanted == "a date":
        return f"must be an ISO 8601 date such as 2024-01-31, got {text[:40]!r}{or_text}"
    if kind in WRITTEN:
        return f"{shown} {WRITTEN[kind]}; write the number alone{or_text}"
    if kind is Cell.COMMA_THREE:
        whole, _, rest = text.strip().partition(",")
        if notation.decimal == "." and notation.thousands is None:
            return (
                f"{shown} is {whole}{rest} with `thousands=,` and {whole}.{rest} with `decimal=,`: say which{or_text}"
            )
    if option := _option(kind, text):
        return f"{shown} is no number as numbers are read here; say {option}{or_text}"
    if kind is Cell.INFINITE:
        return f"must be a finite number, got {text[:40]!r}"
    if is_sum(text):
        return f"must be a number, got {text[:40]!r}; remove the row if it holds sums, which are no data{or_text}"
    way_out = f"say {_missing(text.strip()[:40])} if no value is known"
    if row == 1:
        way_out = f"remove the row if it belongs to the header, {way_out}"
    return f"must be a number, got {text[:40]!r}; {way_out}{or_text}"


def _missing(word: str) -> str:
    """Return the option that makes a word a missing value, as it is written in a URL too if that is different."""
    in_url = quote(word, safe="!$'()*,/:;?@")
    is_different = not IN_URLS.isdisjoint(word)
    return f"`missing={word}`" + (f" (in a URL `missing={in_url}`)" if is_different else "")


def _option(kind: Cell, text: str) -> str:
    """Return the options by which such a cell would be a number."""
    if kind in (Cell.COMMA, Cell.COMMA_THREE, Cell.COMMA_THREE_UNGROUPED):
        return "`decimal=,`"
    if kind is Cell.GROUPED_BY_COMMA:
        return "`thousands=,`"
    if kind is Cell.GROUPED_BY_POINT:
        return "`decimal=,` and `thousands=.`"
    if kind is Cell.POINT_THREE:
        return "`decimal=.` or `thousands=.`"
    if kind is Cell.POINT:
        return "`decimal=.`"
    if kind in GROUPED:
        return f"`thousands={GROUPED[kind]}`" + (" and `decimal=,`" if "," in text else "")
    return ""
