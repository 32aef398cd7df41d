"""Columns of Arrow's types (Parquet, Arrow streams and files), surveyed in blocks and then converted to numbers.

Numbers are numbers, dates are days since 1970-01-01, text and booleans are categories; null and NaN are missing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.datasets.column_plans import (
    LARGEST_WHOLE,
    ColumnRequest,
    PlannedColumn,
    category_plan,
    is_text_beyond_doubles,
    number_plan,
)
from service.datasets.columnar.arrow_cells import (
    as_strings,
    by_distinct,
    coded,
    codes_of,
    days_of_times,
    decoded,
    floats_of,
    is_number,
    is_text,
    is_time,
)
from service.datasets.options import Limits
from service.datasets.texts import (
    A_DATE,
    A_NUMBER,
    MISTAKES_FROM_SHARE,
    MIXED_OFFSETS,
    OFFSET,
    days_of,
    number_as_text,
    numbers_of,
)
from service.definitions.columns import ColumnKind, Role
from service.errors import MAX_FAULTS, Fault, Faults, Invalid

FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, in days since 1970-01-01
NARROW: tuple[np.dtype[Any], ...] = (np.dtype(np.uint8), np.dtype(np.float32))


class TypedColumn(ABC):
    """A column: call `survey` for each block, then `plan`. Subclasses stand for the kinds of types."""

    def __init__(self, request: ColumnRequest, kind: pa.DataType, limits: Limits) -> None:
        self.request, self.kind, self.limits = request, kind, limits
        self.missing = 0
        self.fits = set(NARROW)  # the types that hold all of its numbers exactly
        self.texts: set[str] = set()

    @property
    def needs_survey(self) -> bool:
        """Whether the plan depends on the cells."""
        return True

    def survey(self, cells: Any, first_row: int) -> None:
        """Look at a block of cells (rows,), of which the first is of that row."""
        self.missing += cells.null_count
        if cells.null_count:
            self.fits.discard(np.dtype(np.uint8))

    @abstractmethod
    def plan(self) -> PlannedColumn:
        """Return how the column is stored, after all blocks were surveyed."""

    def _add_texts(self, texts: Any) -> None:
        if len(self.texts) <= self.limits.max_categories and self.request.kind is not ColumnKind.DATE:
            self.limits.seen.add(self.request.name, texts, self.texts)

    def _categories(self, as_texts: Callable[[Any], Any]) -> PlannedColumn:
        plan = category_plan(self.request, self.texts, self.limits)
        known = pa.array(plan.categories or (), pa.string())
        if len(known) > 2**8:
            self.fits.discard(np.dtype(np.uint8))
        return PlannedColumn(plan, lambda cells: codes_of(as_texts(cells), known))


class NumberColumn(TypedColumn):
    """A column of whole numbers, floats or decimals."""

    def __init__(self, request: ColumnRequest, kind: pa.DataType, limits: Limits) -> None:
        super().__init__(request, kind, limits)
        self.may_be_beyond = kind in (pa.int64(), pa.uint64()) or pa.types.is_decimal(kind)
        self.as_text = request.kind is ColumnKind.CATEGORY
        self.collects = self.as_text or (self.may_be_beyond and request.role is Role.TARGET)

    @property
    def needs_survey(self) -> bool:
        return self.may_be_beyond or self.as_text

    def survey(self, cells: Any, first_row: int) -> None:
        super().survey(cells, first_row)
        if self.collects and len(self.texts) <= self.limits.max_categories:
            self._add_texts(map(number_as_text, pc.unique(cells).to_pylist()))
        if self.may_be_beyond and not self.as_text:
            self.as_text = self._is_text_beyond_doubles(cells, first_row)
        values = self.floats(cells)
        present = values[~np.isnan(values)]
        for narrow in tuple(self.fits):
            with np.errstate(all="ignore"):
                if (len(present) < len(values) and narrow.kind == "u") or (present.astype(narrow) != present).any():
                    self.fits.discard(narrow)

    def _is_text_beyond_doubles(self, cells: Any, first_row: int) -> bool:
        floats = self.floats(cells)
        for index in np.flatnonzero(np.abs(floats) >= LARGEST_WHOLE):
            value = cells[int(index)].as_py()
            if abs(value) > LARGEST_WHOLE and value == int(value):
                return is_text_beyond_doubles(self.request, number_as_text(value) or "", first_row + int(index))
        return False

    def check_finite(self, cells: Any, first_row: int) -> None:
        """Raise `Invalid` for an infinity among a block's numbers."""
        if not pa.types.is_floating(self.kind):
            return
        faults = Faults()
        for index in np.flatnonzero(np.isinf(self.floats(cells)))[:MAX_FAULTS]:
            shown = cells[int(index)].as_py()
            faults.add(Fault(f"must be finite, got {shown}", row=first_row + int(index), column=self.request.name))
        faults.check()

    def floats(self, cells: Any) -> NDArray[np.float64]:
        """Return the cells as float64, with NaN for null."""
        if pa.types.is_decimal(self.kind):  # by way of text, as Arrow's own conversion is off by a bit
            cells = pc.cast(pc.cast(cells, pa.string()), pa.float64())
        return floats_of(cells)

    def plan(self) -> PlannedColumn:
        if self.as_text:
            return self._categories(lambda cells: cells)
        return PlannedColumn(number_plan(self.request), self.floats)


class DateColumn(TypedColumn):
    """A column of dates or timestamps."""

    @property
    def needs_survey(self) -> bool:
        return self.request.kind is ColumnKind.CATEGORY

    def survey(self, cells: Any, first_row: int) -> None:
        super().survey(cells, first_row)
        _check_calendar(self.request, cells, first_row)
        self._add_texts(as_strings(pc.unique(cells)).to_pylist())

    def plan(self) -> PlannedColumn:
        if self.request.kind is ColumnKind.CATEGORY:
            return self._categories(as_strings)
        self.fits.clear()
        return PlannedColumn(number_plan(self.request, is_date=True), days_of_times)


class BooleanColumn(TypedColumn):
    """A column of true and false."""

    def survey(self, cells: Any, first_row: int) -> None:
        super().survey(cells, first_row)
        self._add_texts(as_strings(pc.unique(cells)).to_pylist())

    def plan(self) -> PlannedColumn:
        if self.request.must_be_number:
            return PlannedColumn(number_plan(self.request), lambda cells: floats_of(pc.cast(cells, pa.uint8())))
        return self._categories(as_strings)


class TextColumn(TypedColumn):
    """A column of text, or of another type that the file itself stores by a dictionary of distinct values."""

    def __init__(self, request: ColumnRequest, kind: pa.DataType, limits: Limits) -> None:
        super().__init__(request, kind, limits)
        self.convert = numbers_of if request.must_be_number else days_of
        self.wanted = A_NUMBER if request.must_be_number else A_DATE
        self.must_be_right = request.must_be_number or request.kind is ColumnKind.DATE
        self.may_be_right = request.kind is not ColumnKind.CATEGORY and request.class_or_value != "class"
        self.present = self.right = 0
        self.odd: list[tuple[int, str]] = []  # rows and texts of the first cells that are no dates, or no numbers
        self.has_offset: set[bool] = set()

    def survey(self, cells: Any, first_row: int) -> None:
        if is_time(self.kind.value_type if pa.types.is_dictionary(self.kind) else self.kind):
            times = cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells
            _check_calendar(self.request, times, first_row)
        known = coded(cells)
        texts = as_strings(known.dictionary)
        indices = pc.fill_null(pc.cast(known.indices, pa.int64()), len(texts)).to_numpy(zero_copy_only=False)
        counts = np.bincount(indices, minlength=len(texts) + 1)[: len(texts)]
        is_null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        counts[is_null] = 0
        if counts.sum() < len(cells):
            self.fits.discard(np.dtype(np.uint8))
        self.present += int(counts.sum())
        used = texts.filter(pa.array(counts > 0))
        self._check_texts(used, first_row, cells)
        if len(self.texts) <= self.limits.max_categories:
            self._add_texts(used.to_pylist())
        if self.may_be_right or self.must_be_right:
            self._compare(texts, counts, np.append(is_null, True)[indices], indices, first_row)

    def _compare(self, texts: Any, counts: Any, is_missing: Any, indices: Any, first_row: int) -> None:
        """Count the cells that are what the column may be, and collect the first others."""
        is_right = ~np.isnan(self.convert(texts))
        self.right += int(counts[is_right].sum())
        if self.wanted is A_DATE and is_right.any():
            dates = texts.filter(pa.array(is_right & (counts > 0)))
            times = dates.filter(pc.match_substring(dates, ":"))
            self.has_offset |= set(pc.match_substring_regex(times, OFFSET).unique().to_pylist())
        if len(self.odd) < MAX_FAULTS:
            others = np.flatnonzero(~np.append(is_right, False)[indices] & ~is_missing)
            for row in others[: MAX_FAULTS - len(self.odd)]:
                self.odd.append((first_row + int(row), texts[int(indices[row])].as_py()))

    def _check_texts(self, texts: Any, first_row: int, cells: Any) -> None:
        if pc.any(pc.match_substring(texts, "\0")).as_py():
            found = pc.match_substring(decoded(cells), "\0")
            row = first_row + pc.index(found, True).as_py()
            raise Invalid.from_faults([Fault("must not hold NUL", row=row, column=self.request.name)])

    def plan(self) -> PlannedColumn:
        mistaken = self.may_be_right and self.right >= MISTAKES_FROM_SHARE * self.present > 0
        if self.right < self.present and (self.must_be_right or mistaken):
            _refuse(self.request, self.odd, self.wanted, self.present - self.right)
        if self.must_be_right or mistaken:
            if len(self.has_offset) > 1:
                raise Invalid.from_faults([Fault(MIXED_OFFSETS, column=self.request.name)])
            self.fits.clear()
            plan = number_plan(self.request, is_date=self.wanted is A_DATE)
            return PlannedColumn(plan, by_distinct(self.convert))
        return self._categories(lambda cells: cells)


def _check_calendar(request: ColumnRequest, times: Any, first_row: int) -> None:
    """Raise `Invalid` for a date that has no text in years of four digits, for which Arrow writes anything."""
    days = days_of_times(times)
    beyond = np.flatnonzero((days < FIRST_DAY) | (days >= LAST_DAY + 1))
    if len(beyond):
        detail = "must lie in the years 1 to 9999 to be read as text; read it as a date, or leave the column out with"
        raise Invalid.from_faults(
            [Fault(f"{detail} `drop={request.name}`", row=first_row + int(beyond[0]), column=request.name)]
        )


def typed_column(field: "pa.Field[Any]", request: ColumnRequest, limits: Limits, faults: Faults) -> TypedColumn | None:
    """Return the column of a field; add a fault when its type is no number, date, text or boolean."""
    kind = field.type
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    if is_number(values) or pa.types.is_boolean(values) or is_time(values) or is_text(values):
        if request.kind is ColumnKind.DATE and not (is_text(values) or is_time(values)):
            faults.add(
                Fault(f"is of type {kind}; `types={field.name}:date` goes with text and dates", column=field.name)
            )
        if is_text(values) or values is not kind:
            return TextColumn(request, kind, limits)
        if is_time(kind):
            return DateColumn(request, kind, limits)
        return (BooleanColumn if pa.types.is_boolean(kind) else NumberColumn)(request, kind, limits)
    name, shown = field.name, str(kind)[:60]
    if pa.types.is_null(kind):
        faults.add(Fault(f"has no value in any row; leave it out with `drop={name}`", column=name))
    elif pa.types.is_nested(kind):
        faults.add(
            Fault(f"is of type {shown}; give each of its values a column, or leave it out: `drop={name}`", column=name)
        )
    else:
        faults.add(
            Fault(
                f"is of type {shown}; convert it to numbers, dates or text, or leave it out: `drop={name}`", column=name
            )
        )
    return None


def _refuse(request: ColumnRequest, odd: list[tuple[int, str]], wanted: str, count: int) -> NoReturn:
    """Raise `Invalid` for the first of so many cells of a column that are not what is wanted."""
    name = request.name
    way_out = "" if request.kind or request.must_be_number else f"; `types={name}:category` reads text"
    faults = [Fault(f"must be {wanted}, got {text[:40]!r}{way_out}", row=row, column=name) for row, text in odd]
    raise Invalid.from_faults(faults, all_found=count <= len(faults))
