"""How numbers are written in a CSV: the decimal and the thousands separator, said by the client or found."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from service.datasets.csv import cells
from service.datasets.csv.cells import Cell
from service.datasets.options import ReadOptions

GROUPED = {"space": cells.SPACES, "'": "['\u2019]", "_": "_"}  # separators that no decimal separator is mistaken for
COMMA_DELIMITED = (";", "\t")  # delimiters of files in which a comma may be the decimal separator


@dataclass
class Evidence:
    """What has been seen in the cells of a file that looks like numbers; all surveys of a file share it."""

    point: bool = False
    comma: bool = False  # with other than three digits behind it
    grouped_by_comma: bool = False
    grouped_by_point: bool = False
    decimal_point: bool = False  # a point that groups no thousands

    def add(self, kinds: set[int]) -> None:
        """Take the kinds of cells of a block into account."""
        self.point |= bool(kinds & {Cell.POINT, Cell.POINT_THREE, Cell.GROUPED_BY_COMMA, Cell.GROUPED_BY_POINT})
        self.comma |= Cell.COMMA in kinds
        self.grouped_by_comma |= Cell.GROUPED_BY_COMMA in kinds
        self.grouped_by_point |= Cell.GROUPED_BY_POINT in kinds
        self.decimal_point |= bool(kinds & {Cell.POINT, Cell.GROUPED_BY_COMMA})

    def add_points(self, texts: Any) -> str | None:
        """Note whether the points of plain numbers may group thousands; return one such number, None if some do not."""
        if self.decimal_point:
            return None
        of_points = texts.filter(pc.match_substring(texts, "."))
        self.decimal_point = not pc.all(pc.match_substring_regex(of_points, cells.PATTERNS[Cell.POINT_THREE])).as_py()
        return None if self.decimal_point else of_points[0].as_py()


@dataclass(frozen=True)
class Notation:
    """The separators of numbers; `thousands` is None, a character, or `space` for every kind of space."""

    decimal: str = "."
    thousands: str | None = None

    @property
    def numbers(self) -> set[Cell]:
        """The kinds of cells that are numbers in this notation."""
        if self.decimal == ".":
            grouped = {Cell.GROUPED_BY_COMMA, Cell.COMMA_THREE} if self.thousands == "," else set()
            return cells.AS_THEY_ARE | grouped
        grouped = {Cell.GROUPED_BY_POINT, Cell.POINT_THREE} if self.thousands == "." else set()
        return {Cell.CODE, Cell.WHOLE} | cells.BY_COMMA | grouped

    def ungrouped(self, texts: Any) -> Any:
        """Remove the spaces, apostrophes or underscores that group digits from an Arrow array of texts."""
        if self.thousands not in GROUPED:
            return texts
        separator = GROUPED[self.thousands]
        is_grouped = pc.match_substring_regex(texts, rf"^[+-]?[1-9]\d{{0,2}}({separator}\d{{3}})+([.,]\d*)?$")
        return pc.if_else(is_grouped, pc.replace_substring_regex(texts, separator, ""), texts)

    def as_float64(self, texts: Any) -> Any:
        """Return numbers in this notation as an Arrow array of float64; `pa.ArrowInvalid` for what is no number."""
        texts = self.ungrouped(texts)
        if self.thousands in (",", "."):
            texts = pc.replace_substring(texts, self.thousands, "")
        if self.decimal == ",":
            texts = cells.with_points(texts)
        return pc.cast(texts, pa.float64())


def notation_as_requested(options: ReadOptions) -> Notation:
    """Return the notation as far as the client has given it."""
    return Notation(options.decimal or ".", None if options.thousands == "none" else options.thousands)


def may_have_decimal_commas(options: ReadOptions, delimiter: str) -> bool:
    """Return whether a comma may turn out to be the decimal separator of the file."""
    return options.decimal == "," or (options.decimal is None and delimiter in COMMA_DELIMITED)


def may_have_grouping_points(options: ReadOptions, delimiter: str, evidence: Evidence) -> bool:
    """Return whether points that are read as decimal points may be meant to group thousands: all have three digits."""
    is_said = options.decimal is not None or options.thousands is not None
    return not is_said and delimiter in COMMA_DELIMITED and not evidence.decimal_point


def settle(options: ReadOptions, delimiter: str, evidence: Evidence) -> Notation:
    """Return the notation of a file, once all its cells have been seen."""
    decimal = options.decimal
    if decimal is None and options.thousands in (",", "."):
        decimal = "." if options.thousands == "," else ","
    elif decimal is None:
        decimal = "," if delimiter in COMMA_DELIMITED and evidence.comma and not evidence.point else "."
    thousands = options.thousands
    if thousands is None and decimal == "." and evidence.grouped_by_comma:
        thousands = ","
    elif thousands is None and decimal == "," and evidence.grouped_by_point:
        thousands = "."
    return Notation(decimal, None if thousands == "none" else thousands)
