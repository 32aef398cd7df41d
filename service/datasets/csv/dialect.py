"""How a CSV is laid out: its delimiter and its header, said by the client or found in its first hundred rows."""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from service.datasets.column_plans import check_names
from service.datasets.csv import cells
from service.datasets.csv.cells import Cell
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind
from service.errors import Fault, Invalid

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
LINES = 100


@dataclass(frozen=True)
class Dialect:
    """The delimiter, whether there is a header, and the columns' names: `column_1`, ... where the file has none.

    `is_guess` is whether no delimiter cut the first rows into as many cells each, so that the comma was taken;
    `is_blank_first` whether the first line is blank.
    """

    delimiter: str
    header: bool
    names: tuple[str, ...]
    is_guess: bool = False
    is_blank_first: bool = False


def dialect_of(head: str, is_whole: bool, options: ReadOptions, limits: Limits, known: Collection[str] = ()) -> Dialect:
    """Return the layout of a CSV that begins with `head`; `is_whole` is whether that is all of it.

    Parameters
    ----------
    known
        The names of the only columns that are wanted, if they are known; others may then have no name.

    Raises
    ------
    Invalid
        When two delimiters fit, the first line may be names or data, or a column that is read has no name.
    """
    if not head.strip():
        raise Invalid("the dataset is empty")
    if options.header is not False and is_whole and len(head.strip("\r\n").splitlines()) == 1:
        raise Invalid(
            "the CSV has one line only, so a header and no rows; if it came by `curl -d @file`, that strips the line"
            " ends: use `curl -T file` or `--data-binary @file`"
        )
    if said := re.match(r"sep=(.)\r?\n", head):
        raise Invalid(f"the first line, `{said[0].strip()}`, is Excel's and no part of the table; remove it")
    delimiter, is_guess = options.delimiter, False
    if delimiter is None:
        delimiter, is_guess = _delimiter(head, is_whole, known)
    first = next(iter(_records(head, is_whole, delimiter)), [])
    header = _has_header(first) if options.header is None else options.header
    names = first if header else [""] * len(first)
    named = tuple(name if name.strip() else f"column_{number}" for number, name in enumerate(names, 1))
    if header and not known:
        _check_unnamed(names, options)
    check_names(named, limits)
    return Dialect(delimiter, header, named, is_guess, head.startswith(("\r", "\n")))


def _records(head: str, is_whole: bool, delimiter: str) -> list[list[str]]:
    """Return the first rows of cells, blank lines left out, without one that the end of `head` cuts off."""
    records: list[list[str]] = []
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) > LINES:
                return records[:LINES]
    except csv.Error:  # a cell longer than that parser takes, which may be a quote that is not closed
        return records
    return records if is_whole or len(records) < 2 else records[:-1]


def _delimiter(head: str, is_whole: bool, known: Collection[str]) -> tuple[str, bool]:
    """Return the delimiter that cuts the first rows into as many cells each, and whether it is a guess."""
    fitting = []
    for delimiter in DELIMITERS:
        records = _records(head, is_whole, delimiter)
        widths = {len(record) for record in records}
        if len(widths) == 1 and widths.pop() >= 2:
            fitting.append(delimiter)
            if known and set(known) <= set(records[0]):
                return delimiter, False
    if len(fitting) > 1:
        shown = " and ".join("tab" if delimiter == "\t" else f"`{delimiter}`" for delimiter in fitting)
        say = " or ".join(f"`delimiter={DELIMITERS[delimiter]}`" for delimiter in fitting)
        raise Invalid.at("?delimiter", f"{shown} each cut the lines into the same number of cells; say {say}")
    return (fitting[0], False) if fitting else (",", True)


def _has_header(first: list[str]) -> bool:
    """Return True; raise `Invalid` when a number in the first line makes it look like data."""
    texts = pa.array([cell.strip(" \t\r\n\f\v") for cell in first], pa.string())
    kinds = cells.classify(texts, pa.array([], pa.string()))
    for text, kind in zip(first, kinds.tolist(), strict=True):
        if Cell.CODE <= kind <= Cell.DATE:
            detail = (
                f"the first line holds a number, `{text.strip()[:40]}`; say `header=false` if it is data,"
                " `header=true` if it holds the columns' names"
            )
            raise Invalid.at("?header", detail)
    return True


def _check_unnamed(names: list[str], options: ReadOptions) -> None:
    """Raise `Invalid` for a column without a name, unless it is left out as `column_1`."""
    left_out = {*options.drop, *(name for name, kind in options.types.items() if kind is ColumnKind.IGNORE)}
    for number, name in enumerate(names, 1):
        if not name.strip() and f"column_{number}" not in left_out:
            drop = f"`drop=column_{number}`"
            if number == 1:
                way_out = (
                    "; if it is the index that pandas writes, write the file with `to_csv(..., index=False)`, or leave"
                    f" it out with {drop}"
                )
            else:
                way_out = f"; name it, or leave it out with {drop}"
            raise Invalid.from_faults([Fault(f"column {number} has no name in the header{way_out}")])
