"""Checks of a CSV's bytes that its parser does not make: UTF-8, NUL, quotes that are not closed, lone carriage returns.

The parser of PyArrow takes an unclosed quote as the beginning of a cell that ends with the file, appends what follows a
closing quote to the cell, and takes a carriage return within a line for the end of a row.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from service.datasets.csv.encodings import not_utf8
from service.datasets.options import MIB
from service.errors import Fault, Invalid

BLOCK_BYTES = 4 * MIB
LONGEST_ROW = 16 * MIB
SHORT_ROW = 3 * MIB
QUOTE, LF, CR = b'"\n\r'


def check_bytes(path: Path, mark: int, delimiter: str, header: bool) -> bool:
    """Check the UTF-8 text in the file at `path`, after a byte-order mark of so many bytes.

    Returns
    -------
    bool
        Whether some row is longer than `SHORT_ROW` bytes.

    Raises
    ------
    Malformed
        For bytes that are not UTF-8.
    Invalid
        For NUL, a quote that is not closed or that text follows, and line ends of two kinds.
    """
    scan = _Scan(path, mark, ord(delimiter), header)
    for position, block in _blocks(path, mark):
        scan.add(position, block)
    scan.finish()
    return scan.has_long_rows


def _blocks(path: Path, mark: int) -> Iterator[tuple[int, bytes]]:
    """Yield blocks that end with a line, and their places in the file; a line end may be within quotes."""
    with path.open("rb") as stream:
        stream.seek(mark)
        position, rest = mark, b""
        while block := stream.read(BLOCK_BYTES):
            block = rest + block
            end = block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1
            if end == 0 and len(block) > LONGEST_ROW:
                raise Invalid(f"a line is longer than {LONGEST_ROW:,} bytes")
            if end:
                yield position, block[:end]
            position += end
            rest = block[end:]
        if rest:
            yield position, rest


class _Scan:
    """The state between blocks: whether a quote is open and where, and which line ends have been seen."""

    def __init__(self, path: Path, mark: int, delimiter: int, header: bool) -> None:
        self.path, self.mark, self.header = path, mark, header
        self.separators = np.array([delimiter, LF, CR], dtype=np.uint8)
        self.opened: int | None = None  # where the open quote is
        self.feeds = False  # whether a row ends with LF
        self.lone_return: int | None = None  # where the first CR without LF is
        self.row_start = mark  # of the newest row that is known
        self.has_long_rows = False

    def add(self, position: int, block: bytes) -> None:
        """Check a block."""
        _check_text(position, block)
        quotes = np.empty(0, np.intp)
        entry = self.opened
        if QUOTE in block:
            data = np.frombuffer(block, dtype=np.uint8)
            quotes = self._quotes(position, block, data)
        if CR in block or not self.feeds:
            self._line_ends(position, block, quotes, entry is not None)
        if not self.has_long_rows:
            self._check_row_length(position, block, quotes, entry is not None)

    def _quotes(self, position: int, block: bytes, data: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Check the quotes of a block; return the places of those that begin and end quoted text, alternating."""
        quotes = np.flatnonzero(data == QUOTE)
        is_open = self.opened is not None
        opening, closing = quotes[int(is_open) :: 2], quotes[int(not is_open) :: 2]
        before = np.where(opening > 0, data[opening - 1], LF)
        after = np.where(closing + 1 < len(data), data[np.minimum(closing + 1, len(data) - 1)], LF)
        good = np.isin(before, self.separators) | (before == QUOTE)
        if not (good.all() and (np.isin(after, self.separators) | (after == QUOTE)).all()):
            quotes = self._one_by_one(position, block, quotes.tolist())
        else:
            stays_open = (len(quotes) + is_open) % 2 == 1
            self.opened = self._beginning(position, quotes, data, is_open) if stays_open else None
        return quotes

    def _beginning(self, position: int, quotes: Any, data: Any, is_open: bool) -> int | None:
        """Return where the cell begins whose quote is open at the end of the block."""
        for index in range(
            len(quotes) - 1, -1, -2
        ):  # opening quotes from the last on; after a quote it is a doubled one
            if quotes[index] == 0 or data[quotes[index] - 1] != QUOTE:
                return position + int(quotes[index])
        return self.opened if is_open else position + int(quotes[0])

    def _one_by_one(self, position: int, block: bytes, quotes: list[int]) -> NDArray[np.intp]:
        """Check quotes of a block that has some within unquoted cells, where they are characters as any other."""
        separators = bytes(self.separators)
        places: list[int] = []
        skip = -1
        for place in quotes:
            if place == skip:
                continue
            if self.opened is None:
                if place == 0 or block[place - 1] in separators:
                    self.opened = position + place
                    places.append(place)
                continue
            after = block[place + 1 : place + 2]
            if after == b'"':
                skip = place + 1
            elif after == b"" or after in separators:
                self.opened = None
                places.append(place)
            else:
                self._refuse_text_after(position + place, block[place + 1 : place + 21])
        return np.array(places, dtype=np.intp)

    def _line_ends(self, position: int, block: bytes, quotes: NDArray[np.intp], is_open: bool) -> None:
        """Look for rows that end with LF and for carriage returns without one, outside of quotes."""
        data = np.frombuffer(block, dtype=np.uint8)

        def outside(places: Any) -> Any:
            return places[(np.searchsorted(quotes, places) + is_open) % 2 == 0]

        if not self.feeds and LF in block:
            self.feeds = len(outside(np.flatnonzero(data == LF))) > 0
        if self.lone_return is None and CR in block:
            returns = np.flatnonzero(data == CR)
            lone = returns[data[np.minimum(returns + 1, len(data) - 1)] != LF]
            if len(found := outside(lone)):
                self.lone_return = position + int(found[0])

    def _check_row_length(self, position: int, block: bytes, quotes: NDArray[np.intp], is_open: bool) -> None:
        """Go on in steps of at most `SHORT_ROW` bytes, each to the end of a row; where none ends, that row is long."""
        last = 0
        while last >= 0:
            begin = self.row_start - position
            last = _last_row_end(block, max(0, begin), max(0, begin + SHORT_ROW), quotes, is_open)
            if last >= 0:
                self.row_start = position + last + 1
        self.has_long_rows = self.row_start + SHORT_ROW < position + len(block)

    def finish(self) -> None:
        """Check what only the whole file shows."""
        if self.opened is not None:
            detail = "a quote opens here and is never closed; close it, or double a quote that is part of a cell's text"
            self._refuse(self.opened, detail)
        if self.feeds and self.lone_return is not None:
            detail = (
                "holds a carriage return (CR) that ends no line, as other lines end with LF; put the cell in quotes, or"
                " remove it"
            )
            self._refuse(self.lone_return, detail)

    def _refuse_text_after(self, place: int, text: bytes) -> NoReturn:
        assert self.opened is not None
        with self.path.open("rb") as stream:
            stream.seek(self.opened)
            lines = stream.read(place - self.opened).count(b"\n")
        where = f", {lines} {'line' if lines == 1 else 'lines'} further down" if lines else ""
        shown = text.splitlines()[0].decode(errors="replace")
        detail = (
            f"a quote opens here, and {shown!r} follows the quote that closes it{where}; close the quote where the cell"
            " ends, and double a quote that is part of its text"
        )
        self._refuse(self.opened, detail)

    def _refuse(self, place: int, detail: str) -> NoReturn:
        raise Invalid.from_faults([Fault(detail, row=self._row(place))])

    def _row(self, place: int) -> int | None:
        """Return the row in which a byte is, counted from 1, None in the header; blank lines are no rows."""
        with self.path.open("rb") as stream:
            stream.seek(self.mark)
            head = io.BytesIO(stream.read(place - self.mark) + b"x")  # so that the last row is not blank
        lines = io.TextIOWrapper(head, "utf-8", "replace", newline="")
        records = csv.reader(lines, delimiter=chr(self.separators[0]))
        try:
            return sum(map(bool, records)) - self.header or None
        except csv.Error:  # a cell before it is longer than that parser takes
            return None


def _last_row_end(block: bytes, begin: int, until: int, quotes: NDArray[np.intp], is_open: bool) -> int:
    """Return the place of the last line end between two places that is outside quotes, -1 if there is none."""
    last = max(block.rfind(b"\n", begin, until), block.rfind(b"\r", begin, until))
    if last < 0 or (np.searchsorted(quotes, last) + is_open) % 2 == 0:
        return last
    data = np.frombuffer(block, dtype=np.uint8)[begin:until]
    ends = begin + np.flatnonzero((data == LF) | (data == CR))
    outside = ends[(np.searchsorted(quotes, ends) + is_open) % 2 == 0]
    return int(outside[-1]) if len(outside) else -1


def text_of(head: bytes, mark: int, is_whole: bool) -> str:
    """Return the text of a file's first bytes, which may end within a character unless that is the whole file."""
    end = len(head) if is_whole else max(head.rfind(b"\n"), head.rfind(b"\r")) + 1 or len(head)
    _check_text(mark, head[:end])
    return head[:end].decode()


def _check_text(position: int, block: bytes) -> None:
    if b"\x00" in block:
        place = position + block.index(0)
        halves = (block[:4096:2].count(0), block[1:4096:2].count(0))
        if max(halves) > len(block[:4096]) // 3 and position < BLOCK_BYTES:
            order = "be" if halves[0] > halves[1] else "le"
            raise Invalid(f"the file seems to be UTF-16 without a byte-order mark: say `encoding=utf-16-{order}`")
        raise Invalid(f"byte {place} is NUL, which no CSV holds")
    try:
        codecs.utf_8_decode(block, "strict", True)
    except UnicodeDecodeError as error:
        raise not_utf8(position + error.start, block[error.start]) from None
