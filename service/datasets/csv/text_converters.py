"""Converters of the cells of a CSV to the numbers that are stored, NaN where a value is missing."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.datasets.csv import cells
from service.datasets.csv.notation import Notation
from service.datasets.texts import number_of
from service.preprocessing import dates

PROBE = 32


class Missing:
    """The texts of missing values: those that the client named, in every column, and the usual ones among numbers."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = [word.strip(" \t\r\n\f\v") for word in words]
        self.numbers = [number for word in self.words if (number := number_of(word)) is not None]
        self.in_text = pa.array(self.words, pa.string())
        self.among_numbers = pa.array([*cells.MISSING_WORDS, *self.words], pa.string())

    def in_numbers(self, column: Any) -> Any:
        """Return the cells without spaces around them, null where a word stands for a missing number."""
        texts = pc.ascii_trim_whitespace(column)
        return pc.if_else(pc.is_in(texts, self.among_numbers), pa.scalar(None, pa.string()), texts)

    def text_cells(self, column: Any) -> Any:
        """Return the cells as they are, null where the client's word for a missing value stands."""
        if not self.words:
            return column
        is_missing = pc.is_in(pc.ascii_trim_whitespace(column), self.in_text)
        return pc.if_else(is_missing, pa.scalar(None, pa.string()), column)


class Numbers:
    """Converts cells to numbers, NaN where a value is missing."""

    def __init__(self, notation: Notation, missing: Missing) -> None:
        self.notation, self.missing = notation, missing

    def __call__(self, column: Any) -> NDArray[np.float64]:
        if pa.types.is_floating(column.type):  # the parser has converted it
            return np.asarray(column.to_numpy(zero_copy_only=False))
        values = as_numbers(column) if self.notation == Notation() and not self.missing.words else None
        if values is None:
            values = np.array(self.notation.as_float64(self.missing.in_numbers(column)), dtype=np.float64)
        for number in self.missing.numbers:  # -999.0 is missing when -999 is
            values = np.where(values == number, np.nan, values)
        return values


class Dates:
    """Converts cells to days since 1970-01-01, NaN where a value is missing."""

    def __init__(self, missing: Missing) -> None:
        self.missing = missing

    def __call__(self, column: Any) -> NDArray[np.float64]:
        return dates.days_of(self.missing.in_numbers(column))


class Categories:
    """Converts cells to indices of categories, NaN where a value is missing."""

    def __init__(self, categories: tuple[str, ...], missing: Missing) -> None:
        self.categories, self.missing = pa.array(categories, pa.string()), missing

    def __call__(self, column: Any) -> NDArray[np.float64]:
        codes = pc.index_in(self.missing.text_cells(column), value_set=self.categories)
        return np.asarray(pc.cast(codes, pa.float64()).to_numpy(zero_copy_only=False))


def as_numbers(texts: Any) -> NDArray[np.float64] | None:
    """Return plain numbers (n,), NaN for null; None when a text is none, or is one that a float64 does not hold."""
    try:
        pc.cast(texts.slice(0, PROBE), pa.float64())  # what fails is slow, and mostly fails from the beginning
        values = np.asarray(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return None
    return values if np.isfinite(values).sum() == len(values) - texts.null_count else None
