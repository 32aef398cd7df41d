"""Rows to predict as the bytes of a little-endian float32 array, row by row, and predictions in the same form."""

import re
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.errors import Invalid
from service.models.cache import TrainedNetwork
from service.models.prediction import RawRows
from service.preprocessing.prediction_rows import PredictionRows, rows_from_array

SHAPE_HEADER = "Shape"  # of an answer in raw numbers, such as `100,10`
FLOAT32 = np.dtype("<f4")
SHAPE = re.compile(r"[1-9][0-9]{0,9}(,[1-9][0-9]{0,9}){0,7}")


def read_shape(text: str) -> tuple[int, ...]:
    """Read sizes such as `100,784`, rows first; further ones belong to a row.

    Raises
    ------
    Invalid
        For a text of another form.
    """
    if not SHAPE.fullmatch(text):
        raise Invalid.at("?shape", f"must be sizes such as `100,784`, the number of rows first, got {text[:40]!r}")
    return tuple(map(int, text.split(",")))


def rows_of(trained: TrainedNetwork, data: bytes, shape: tuple[int, ...]) -> RawRows:
    """Return the rows that a body holds: numbers in the order of the input columns, NaN where one is missing.

    Raises
    ------
    Invalid
        When the bytes do not have that shape, or the network takes other rows.
    """
    expected = prod(shape) * FLOAT32.itemsize
    if len(data) != expected:
        sizes = ",".join(map(str, shape))
        raise Invalid.at("?shape", f"is {sizes}, which is {expected:,} bytes of float32; the body has {len(data):,}")
    preprocessing = trained.preprocessing
    if not preprocessing.has_only_numbers:
        text = next(column.name for column in preprocessing.inputs if column.type is ColumnType.CATEGORY)
        raise Invalid(f"column `{text}` holds text, and float32 are numbers alone; send the rows as JSON or CSV")
    values: NDArray[Any] = np.frombuffer(data, FLOAT32).reshape(shape[0], -1)
    are_plain = preprocessing.takes_sent_as_they_are and values.shape[1] == len(preprocessing.inputs)
    if are_plain and np.isfinite(np.add.reduce(values, axis=None)):  # else the reader of arrays finds where one is not
        return RawRows(PredictionRows(values), in_file=True, are_finite=True)
    return RawRows(rows_from_array(preprocessing, values), in_file=True)


def bytes_of_values(values: NDArray[Any]) -> bytes:
    """Return predictions (n, outputs) as little-endian float32 numbers, row by row."""
    return values.astype(FLOAT32, copy=False).tobytes()
