"""Columns of JSON values, surveyed in blocks and then converted: JSON knows numbers, text, booleans and null apart.

Numbers are numbers; text and booleans are categories, but text that is all ISO 8601 dates is dates. Text is never read
as a number unless the client says so: `"01569"` and `"1569"` are two codes.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from service.datasets.column_plans import (
    LARGEST_WHOLE,
    ColumnRequest,
    PlannedColumn,
    category_plan,
    is_text_beyond_doubles,
    number_plan,
)
from service.datasets.options import Limits
from service.datasets.texts import (
    A_DATE,
    A_NUMBER,
    MISTAKES_FROM_SHARE,
    MIXED_OFFSETS,
    has_offset,
    is_storable,
    number_as_text,
    number_of,
)
from service.definitions.columns import ColumnKind, Role
from service.errors import MAX_FAULTS, Fault, Invalid
from service.preprocessing.dates import day_of

NUMBERS, TEXTS = frozenset({int, float}), frozenset({str, bool})
NESTED = (list, dict)
TOO_LARGE = "too large for a float64"


class JsonColumn:
    """A column: call `survey` for each block of values, then `plan`."""

    def __init__(self, request: ColumnRequest, limits: Limits) -> None:
        self.request, self.limits = request, limits
        self.examples: dict[type, list[tuple[int, Any]]] = {}  # the first values of each type, with their rows
        self.texts: set[str] = set()
        self.beyond: tuple[int, int] | None = None  # the first whole number beyond 2^53, and its row
        self.rounded: tuple[int, int] | None = None  # the first that no float is written as, and its row
        self.collects_numbers = request.kind is ColumnKind.CATEGORY or request.role is Role.TARGET
        self.read = number_of if request.must_be_number else day_of
        self.may_be_read = request.kind is not ColumnKind.CATEGORY and request.class_or_value != "class"
        self.present = self.right = 0  # texts, and those that `read` can read
        self.odd: list[tuple[int, Any]] = []  # the first others
        self.has_offset: set[bool] = set()

    def survey(self, values: list[Any], first_row: int) -> None:
        """Look at a block of values, of which the first is of that row.

        Raises
        ------
        Invalid
            Once as many lists or objects were found as are reported: no column holds them.
        """
        kinds = set(map(type, values)) - {type(None)}
        for kind in kinds:
            known = self.examples.setdefault(kind, [])
            for row, value in enumerate(values, first_row):
                if len(known) >= MAX_FAULTS:
                    break
                if type(value) is kind:
                    known.append((row, value))
        if int in kinds and self.rounded is None:
            whole = ((value, row) for row, value in enumerate(values, first_row) if type(value) is int)
            big = [pair for pair in whole if abs(pair[0]) > LARGEST_WHOLE]
            self.beyond = self.beyond or next(iter(big), None)
            self.rounded = next((pair for pair in big if not is_a_written_float(pair[0])), None)
        if (kinds & TEXTS or (self.collects_numbers and kinds)) and len(self.texts) <= self.limits.max_categories:
            self._collect(values, first_row)
        if str in kinds and (self.may_be_read or self.request.must_be_number):
            self._read_texts(values, first_row)
        if any(len(self.examples.get(kind, ())) >= MAX_FAULTS for kind in NESTED):
            self.plan()

    def _collect(self, values: list[Any], first_row: int) -> None:
        if self.request.kind is ColumnKind.DATE:
            return
        found = {text for text in map(as_text, values) if text is not None}
        if not all(map(is_storable, found)):
            row = next(row for row, value in enumerate(values, first_row) if not is_storable(as_text(value) or ""))
            detail = "must not hold NUL or half of a surrogate pair"
            raise Invalid.from_faults([Fault(detail, row=row, column=self.request.name)])
        self.limits.seen.add(self.request.name, found, self.texts)

    def _read_texts(self, values: list[Any], first_row: int) -> None:
        for row, value in enumerate(values, first_row):
            if type(value) is not str:
                continue
            self.present += 1
            if self.read(value) is not None:
                self.right += 1
                if (offset := has_offset(value)) is not None:
                    self.has_offset.add(offset)
            elif len(self.odd) < MAX_FAULTS:
                self.odd.append((row, value))

    def plan(self) -> PlannedColumn:
        """Return how the column is stored, after all values were surveyed.

        Raises
        ------
        Invalid
            When values have different types, or are not what the client said of the column.
        """
        kinds, request = set(self.examples), self.request
        if not kinds and not request.must_be_number and request.kind is not ColumnKind.DATE:
            detail = f"has only null; leave it out with `drop={request.name}`"
            raise Invalid.from_faults([Fault(detail, column=request.name)])
        if request.kind is ColumnKind.CATEGORY:
            self._check(NUMBERS | TEXTS, "a number, text, true or false")
            return self._categories()
        if request.must_be_number:
            return self._numbers_as_said()
        if request.kind is ColumnKind.DATE:
            self._check({str}, A_DATE)
            return self._dates()
        if kinds <= NUMBERS:
            return self._numbers_or_codes()
        self._check(*((NUMBERS, "a number") if kinds & NUMBERS else (TEXTS, "text")))
        if kinds == {str} and self.may_be_read and self.right >= MISTAKES_FROM_SHARE * self.present:
            return self._dates()
        return self._categories()

    def _numbers_or_codes(self) -> PlannedColumn:
        if self.beyond is not None and set(self.examples) == {int}:
            value, row = self.beyond
            if self.request.role is not Role.TARGET and how_changed(value) == TOO_LARGE:
                fault = Fault(f"is {TOO_LARGE}: {show(value)}", row=row, column=self.request.name)
                raise Invalid.from_faults([fault])
            if is_text_beyond_doubles(self.request, str(value), row):
                return self._categories()
        elif self.rounded is not None and self.request.role is not Role.TARGET:
            value, row = self.rounded
            is_text_beyond_doubles(self.request, str(value), row)
        return PlannedColumn(number_plan(self.request), self._numbers)

    def _numbers_as_said(self) -> PlannedColumn:
        self._check(NUMBERS | TEXTS if self.request.kind is ColumnKind.NUMBER else NUMBERS, A_NUMBER)
        if self.right < self.present:
            self._refuse(self.odd, A_NUMBER, self.present - self.right)
        return PlannedColumn(number_plan(self.request), self._numbers)

    def _dates(self) -> PlannedColumn:
        if self.right < self.present:
            way_out = "" if self.request.kind else f"; `types={self.request.name}:category` reads text"
            self._refuse(self.odd, A_DATE, self.present - self.right, way_out)
        if len(self.has_offset) > 1:
            raise Invalid.from_faults([Fault(MIXED_OFFSETS, column=self.request.name)])
        return PlannedColumn(number_plan(self.request, is_date=True), self._numbers)

    def _categories(self) -> PlannedColumn:
        plan = category_plan(self.request, self.texts, self.limits)
        codes: dict[str | None, float] = {text: float(code) for code, text in enumerate(plan.categories or ())}
        codes[None] = np.nan
        return PlannedColumn(plan, lambda values: np.array([codes[as_text(value)] for value in values]))

    def _numbers(self, values: list[Any]) -> NDArray[np.float64]:
        if str in self.examples:
            values = [self.read(value) if isinstance(value, str) else value for value in values]
        try:
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        except OverflowError:
            raise Invalid(f"column `{self.request.name}` holds a whole number {TOO_LARGE}") from None

    def _check(self, allowed: Iterable[type], wanted: str) -> None:
        """Raise `Invalid` with the first values of types that are not allowed."""
        odd = [pair for kind, pairs in self.examples.items() if kind not in set(allowed) for pair in pairs]
        if odd:
            self._refuse(sorted(odd, key=lambda pair: pair[0])[:MAX_FAULTS], wanted, len(odd))

    def _refuse(self, odd: list[tuple[int, Any]], wanted: str, count: int, way_out: str = "") -> NoReturn:
        """Raise `Invalid` for the first of at least so many values that are not what is wanted."""
        name = self.request.name
        faults = [Fault(f"must be {wanted}, got {show(value)}{way_out}", row=row, column=name) for row, value in odd]
        raise Invalid.from_faults(faults, all_found=count <= len(faults) < MAX_FAULTS)


def as_text(value: Any) -> str | None:
    """Return a JSON value as the text of a category; None for null and for what is no single value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_as_text(value) if isinstance(value, int | float) else None


def how_changed(value: int) -> str | None:
    """Return what a float64 would do to a whole number; None if it holds the number exactly."""
    try:
        exact = int(float(value)) == value
    except OverflowError:
        return TOO_LARGE
    return None if exact else "beyond what a float64 holds exactly, send it as a float, such as 1e16, to round it"


def is_a_written_float(value: int) -> bool:
    """Return whether a float64 may have been written as this whole number, as JavaScript writes those below 1e21."""
    try:
        return Decimal(repr(float(value))) == value
    except OverflowError:
        return False


def show(value: object) -> str:
    """Return a JSON value as it is written, truncated to a readable length."""
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) < 40 else text[:37] + "..."
