"""What the cells of one column of text are, counted over all blocks of a file, and what the column is therefore.

A column of plain numbers is recognised by converting it, which is fast. Only blocks with other cells are looked at text
by text.
"""

from collections import Counter
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from service.datasets.column_plans import (
    LARGEST_WHOLE,
    ColumnRequest,
    PlannedColumn,
    category_plan,
    is_text_beyond_doubles,
    number_plan,
)
from service.datasets.csv import cells
from service.datasets.csv.cells import Cell
from service.datasets.csv.column_faults import complaint
from service.datasets.csv.notation import (
    Evidence,
    Notation,
    may_have_decimal_commas,
    may_have_grouping_points,
    notation_as_requested,
)
from service.datasets.csv.text_converters import Categories, Dates, Missing, Numbers, as_numbers
from service.datasets.csv.text_warnings import warning_of_points, warnings_of_text
from service.datasets.options import Limits, ReadOptions
from service.datasets.texts import MISTAKES_FROM_SHARE, MIXED_OFFSETS, OFFSET
from service.definitions.columns import ColumnKind, Role
from service.errors import MAX_FAULTS, Fault, Invalid

MAY_BE_WHOLE = {Cell.WHOLE, Cell.CODE, Cell.GROUPED_BY_COMMA, Cell.GROUPED_BY_POINT}


class TextSurvey:
    """The kinds of the cells of one column. Call `add` for every block, then `decide`, then `planned`."""

    def __init__(self, request: ColumnRequest, options: ReadOptions, delimiter: str, evidence: Evidence) -> None:
        self.request, self.options, self.delimiter, self.evidence = request, options, delimiter, evidence
        self.missing = Missing(options.missing)
        self.may_have_commas = may_have_decimal_commas(options, delimiter)
        self.counts: Counter[int] = Counter()
        self.first: dict[int, list[tuple[int, str]]] = {}  # row and text of the first cells of a kind
        self.is_text = request.kind is ColumnKind.CATEGORY
        self.is_plain = not self.is_text and not options.missing  # only numbers as PyArrow reads them, and empty cells
        self.texts: set[str] | None = set()  # all that have been seen; None when some were not collected
        self.beyond_doubles: tuple[str, int] | None = None  # the first whole number beyond 2^53 and its row
        self.has_offsets: set[bool] = set()
        self.like_grouped: str | None = None  # a number whose point could group thousands

    def add(self, column: Any, first_row: int, limits: Limits) -> None:
        """Count the kinds of a block's cells, an Arrow array of texts; `first_row` is the row of its first cell."""
        if not (self.is_text or self.request.kind is ColumnKind.DATE) and self._add_numbers(column, first_row):
            self.texts = None
            return
        self.is_plain = False
        if self.request.kind is not ColumnKind.CATEGORY:
            self._add_cells(column, first_row)
        if self.request.kind is not ColumnKind.DATE:
            self.collect(column, limits)

    def collect(self, column: Any, limits: Limits) -> None:
        """Collect the texts of a block, unless there are too many or some were not collected before."""
        if self.texts is not None and len(self.texts) <= limits.max_categories:
            present = self.missing.text_cells(column)
            limits.seen.add(self.request.name, pc.unique(present).to_pylist(), self.texts)

    def _add_numbers(self, column: Any, first_row: int) -> bool:
        """Count a block of plain numbers and missing values; return False, having counted nothing, for any other."""
        texts = column
        values = None if self.missing.words else as_numbers(texts)
        if values is None:
            texts = self.missing.in_numbers(column)
            values = as_numbers(texts)
        kind = Cell.WHOLE
        has_point = b"." in cells.bytes_of(texts)[0].tobytes()
        if values is None and self.may_have_commas and not has_point and self.evidence.comma:
            texts = cells.with_points(texts)
            values, kind = as_numbers(texts), Cell.COMMA
        if values is None or cells.has_codes(texts):
            return False
        if has_point and self.options.decimal == ",":
            return False
        if len(values) and np.nanmax(np.abs(values), initial=0.0) >= LARGEST_WHOLE:
            return False
        self.is_plain &= texts is column
        of_kind = pc.match_substring(column, ",") if kind is Cell.COMMA else pc.is_valid(texts)
        self._collect_first(kind, of_kind, column, first_row)
        self.evidence.point |= has_point
        if has_point and self.may_have_commas:
            self.like_grouped = self.evidence.add_points(texts) or self.like_grouped
        self.counts[Cell.MISSING] += column.null_count
        self.counts[Cell.WORD] += texts.null_count - column.null_count
        self.counts[kind] += len(texts) - texts.null_count
        return True

    def _add_cells(self, column: Any, first_row: int) -> None:
        """Count a block's cells by kind, looking at each different text once."""
        counted = pc.value_counts(column)
        values, numbers = counted.field(0), np.asarray(counted.field(1))
        texts = notation_as_requested(self.options).ungrouped(pc.ascii_trim_whitespace(values))
        kinds = cells.classify(texts, pa.array(self.missing.words, pa.string()))
        for kind in np.unique(kinds).tolist():
            self.counts[kind] += int(numbers[kinds == kind].sum())
            if kind not in (Cell.MISSING, Cell.WORD):
                of_kind = values.filter(pa.array(kinds == kind))
                self._collect_first(kind, pc.is_in(column, of_kind), column, first_row)
        found = set(np.unique(kinds).tolist())
        self.evidence.add(found)
        fast = cells.AS_THEY_ARE | (cells.BY_COMMA if self.may_have_commas else set())
        self.is_text |= bool(found - fast - {Cell.MISSING, Cell.WORD}) or Cell.CODE in found
        if self.beyond_doubles is None and found & MAY_BE_WHOLE:
            self._find_beyond_doubles(column, values, texts, kinds, first_row)
        if Cell.DATE in found:
            of_dates = texts.filter(pa.array(kinds == Cell.DATE))
            has_offset = pc.match_substring_regex(of_dates, OFFSET)
            self.has_offsets |= set(has_offset.unique().to_pylist())

    def _collect_first(self, kind: int, mask: Any, column: Any, first_row: int) -> None:
        """Collect row and text of the first cells of a kind, as many as faults are listed."""
        found = self.first.setdefault(kind, [])
        if len(found) < MAX_FAULTS:
            for index in np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)):
                found.append((first_row + int(index), column[int(index)].as_py()))
                if len(found) == MAX_FAULTS:
                    return

    def _find_beyond_doubles(self, column: Any, values: Any, texts: Any, kinds: Any, first_row: int) -> None:
        whole = np.flatnonzero(np.isin(kinds, list(MAY_BE_WHOLE)))
        digits: Any = pc.replace_substring_regex(texts.take(pa.array(whole)), "[.,]", "")
        sizes = np.abs(np.asarray(pc.cast(digits, pa.float64())))
        beyond = []
        for place in np.flatnonzero(sizes >= LARGEST_WHOLE).tolist():
            index, text = int(whole[place]), digits[place].as_py()
            has_fraction = {".", ","} <= set(texts[index].as_py())
            if not has_fraction and text.lstrip("+-").isdigit() and abs(int(text[:400])) > LARGEST_WHOLE:
                beyond.append(values[index].as_py())
        if beyond:
            row = int(np.flatnonzero(np.asarray(pc.is_in(column, pa.array(beyond)).to_numpy(zero_copy_only=False)))[0])
            self.beyond_doubles = column[row].as_py().strip(), first_row + row

    def decide(self, notation: Notation) -> ColumnKind:
        """Return how the column is read; raise `Invalid` for cells that do not belong in it."""
        if self.request.kind is ColumnKind.CATEGORY:
            return ColumnKind.CATEGORY
        counts = self.counts
        numbers = sum(counts[kind] for kind in notation.numbers)
        alike = sum(counts[kind] for kind in cells.IN_OTHER_NOTATION - notation.numbers)
        present = counts.total() - counts[Cell.MISSING] - counts[Cell.WORD]
        if self.request.kind is ColumnKind.DATE:
            self._check({Cell.DATE}, notation, "a date")
            return ColumnKind.DATE
        if self.request.must_be_number:
            self._check(notation.numbers, notation, "a number")
            return ColumnKind.NUMBER
        if present == 0:
            self._refuse_empty()
        if counts[Cell.CODE]:
            return ColumnKind.CATEGORY
        if numbers == present:
            return self._number_or_codes()
        if counts[Cell.DATE] == present and self.request.class_or_value != "class":
            self._check({Cell.DATE}, notation, "a date")
            return ColumnKind.DATE
        if self.request.class_or_value == "class":
            return ColumnKind.CATEGORY
        not_finite = counts[Cell.INFINITE] + counts[Cell.BEYOND]
        if numbers + alike >= MISTAKES_FROM_SHARE * present or (not_finite and numbers + not_finite == present):
            self._check(notation.numbers, notation, "a number")
        if counts[Cell.DATE] + counts[Cell.NO_DATE] >= MISTAKES_FROM_SHARE * present:
            self._check({Cell.DATE}, notation, "a date")
        return ColumnKind.CATEGORY

    def _number_or_codes(self) -> ColumnKind:
        if self.beyond_doubles is not None and is_text_beyond_doubles(self.request, *self.beyond_doubles):
            return ColumnKind.CATEGORY
        return ColumnKind.NUMBER

    def _check(self, allowed: set[Cell], notation: Notation, wanted: str) -> None:
        """Raise `Invalid` with the first cells of kinds that are not allowed."""
        others = {kind: rows for kind, rows in self.first.items() if kind not in allowed}
        count = sum(self.counts[kind] for kind in others)
        if Cell.GROUPED_BY_POINT in others:  # then the options for it are those of all numbers with commas
            grouped = [row for kind in cells.BY_COMMA for row in others.pop(kind, [])]
            others[Cell.GROUPED_BY_POINT] = [*others[Cell.GROUPED_BY_POINT], *grouped]
        places = sorted((row, kind, text) for kind, rows in others.items() for row, text in rows)[:MAX_FAULTS]
        name = self.request.name
        faults = [
            Fault(complaint(Cell(kind), text, row, self.request, notation, wanted), row=row, column=name)
            for row, kind, text in places
        ]
        if faults:
            raise Invalid.from_faults(faults, count <= MAX_FAULTS)
        if allowed == {Cell.DATE} and len(self.has_offsets) == 2:
            raise Invalid.from_faults([Fault(MIXED_OFFSETS, column=name)])

    def _refuse_empty(self) -> NoReturn:
        name = self.request.name
        words = " or words for a missing value" if self.counts[Cell.WORD] else ""
        detail = f"has only empty cells{words}; leave it out with `drop={name}`"
        if self.counts[Cell.WORD] and self.request.kind is None:
            detail += f", or say `types={name}:category` to read the words as text"
        raise Invalid.from_faults([Fault(detail, column=name)])

    def planned(self, kind: ColumnKind, notation: Notation, limits: Limits) -> PlannedColumn:
        """Return the plan of the column; for categories all texts must have been collected."""
        if kind is ColumnKind.CATEGORY:
            if not self.texts:
                self._refuse_empty()
            plan = category_plan(self.request, self.texts, limits)
            warnings = warnings_of_text(self.request, self.counts, self.first, self.texts, notation)
            return PlannedColumn(plan, Categories(plan.categories or (), self.missing), warnings)
        if kind is ColumnKind.DATE:
            return PlannedColumn(number_plan(self.request, is_date=True), Dates(self.missing))
        doubtful = self.doubtful_points
        warnings = () if doubtful is None else (warning_of_points(self.request.name, doubtful),)
        return PlannedColumn(number_plan(self.request), Numbers(notation, self.missing), warnings)

    @property
    def doubtful_points(self) -> str | None:
        """A cell whose point may group thousands, as all points of the file may; None if that is not in doubt."""
        if not may_have_grouping_points(self.options, self.delimiter, self.evidence):
            return None
        return self.like_grouped or next((text for _, text in self.first.get(Cell.POINT_THREE, ())), None)

    @property
    def is_codes(self) -> bool:
        """Whether the column would be numbers if leading zeros or digits beyond 2^53 did not make it text."""
        texts = sum(self.counts[kind] for kind in Cell if kind > Cell.COMMA)
        return self.request.kind is None and not texts and self.request.role is not Role.WEIGHT
