"""Cells of Arrow's types: their kinds, and their conversion to numbers, texts and codes of categories."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.datasets.texts import number_as_text

UNITS_A_DAY = {"day": 1, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000}


def is_number(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_time(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of dates or timestamps."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def is_text(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def floats_of(cells: Any) -> NDArray[np.float64]:
    """Return cells as float64 (rows,), with NaN for null."""
    return np.asarray(cells.to_numpy(zero_copy_only=False), dtype=np.float64)


def as_strings(cells: Any) -> Any:
    """Return cells as an array of Arrow's text type."""
    kind = cells.type
    if is_number(kind):
        return pa.array(map(number_as_text, cells.to_pylist()), pa.string())
    return cells if pa.types.is_string(kind) else pc.cast(cells, pa.string())


def decoded(cells: Any) -> Any:
    """Return cells as text, also when they are stored by a dictionary."""
    return as_strings(cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells)


def coded(cells: Any) -> Any:
    """Return cells as indices into a dictionary of distinct values."""
    if pa.types.is_dictionary(cells.type):
        return cells
    return pc.dictionary_encode(cells if is_number(cells.type) else as_strings(cells))


def by_distinct(convert: Callable[[Any], NDArray[np.float64]]) -> Callable[[Any], NDArray[np.float64]]:
    """Return a function that converts cells by converting each distinct text once."""

    def converted(cells: Any) -> NDArray[np.float64]:
        known = coded(cells)
        numbers = pa.array(convert(as_strings(known.dictionary)), from_pandas=True)
        return floats_of(numbers.take(known.indices))

    return converted


def days_of_times(times: Any) -> NDArray[np.float64]:
    """Return the days since 1970-01-01 of an Arrow array of dates or timestamps (rows,), with NaN for null."""
    kind = times.type
    is_missing = np.asarray(times.is_null().to_numpy(zero_copy_only=False))
    whole = pc.cast(times, pa.int32()) if pa.types.is_date32(kind) else pc.cast(times, pa.int64())
    counts = np.asarray(pc.fill_null(whole, 0).to_numpy(zero_copy_only=False))
    if pa.types.is_timestamp(kind) and kind.unit == "ns":  # texts of dates are read to the microsecond too
        counts = counts // 1000
    unit = "day" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
    days = counts / UNITS_A_DAY[unit]
    days[is_missing] = np.nan
    return days


def codes_of(texts: Any, known: Any) -> NDArray[np.float64]:
    """Return the index of each text among the known ones, with NaN for null."""
    if not pa.types.is_dictionary(texts.type) and not is_number(texts.type):
        return floats_of(pc.index_in(as_strings(texts), value_set=known))
    distinct = coded(texts)
    return floats_of(pc.index_in(as_strings(distinct.dictionary), value_set=known).take(distinct.indices))
