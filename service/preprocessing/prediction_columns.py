"""Converts the columns of a file of rows to predict, such as a CSV, into raw input columns for preprocessing."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.errors import Fault, Faults, Invalid
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_faults import left_out, way_out
from service.preprocessing.prediction_rows import PredictionRows, RowFindings


def rows_from_columns(
    preprocessing: Preprocessing,
    names: Sequence[str],
    rows: int,
    numbers: Mapping[str, NDArray[np.float64]],
    texts: Mapping[str, Sequence[str | None]],
) -> PredictionRows:
    """Return the rows of a file as raw input columns (n, columns).

    Parameters
    ----------
    names
        All columns of the file; it has every input column, and others are ignored.
    numbers, texts
        The cells of input columns of numbers (dates as days), NaN where missing, and of categories, None where missing.

    Raises
    ------
    Invalid
        With the columns that are left out, or with row, counted from 1, and column of each missing cell.
    """
    inputs = {column.name for column in preprocessing.inputs}
    others = [name for name in names if name not in inputs]
    found = RowFindings(preprocessing)
    if absent := [column.name for column in preprocessing.inputs if column.name not in names]:
        hint = "; leave cells empty where the value is not known" if found.fills else ""
        raise Invalid.from_faults([Fault(left_out(absent, others) + hint)])
    values = np.empty((rows, len(preprocessing.inputs)))
    for index, column in enumerate(preprocessing.inputs):
        if column.name in texts:
            values[:, index] = _codes(column, texts[column.name], found)
        else:
            values[:, index] = numbers[column.name]
            if column.fill is None:
                _refuse_missing(column, np.isnan(values[:, index]), found)
    return found.rows(values, others)


def _codes(column: InputColumn, texts: Sequence[str | None], found: RowFindings) -> list[float]:
    """Return the code of each category; NaN, as it becomes all zeros, for one that is missing or unknown."""
    codes: list[float] = []
    for row, text in enumerate(texts):
        code = None if text is None else column.codes.get(text)
        if text is not None and code is None:
            found.add_unknown(row, column.name, text)
        codes.append(float("nan") if code is None else float(code))
    if not found.fills:
        _refuse_missing(column, np.array([text is None for text in texts], dtype=np.bool_), found)
    return codes


def _refuse_missing(column: InputColumn, is_missing: NDArray[np.bool_], faults: Faults) -> None:
    for row in np.flatnonzero(is_missing):
        faults.add(Fault("is missing" + way_out(None), row=int(row) + 1, column=column.name))
