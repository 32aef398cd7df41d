"""Rows to predict from the tensors of a request.

Columns of numbers may come as one tensor of any name, (rows, columns) in the order of the input columns. Any columns
may come as a tensor each, by the name of the column, (rows,) or (rows, 1): numbers, and BYTES for text and dates.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.definitions.guessing import show
from service.errors import Fault, Faults, Invalid, Malformed
from service.inference.datatypes import BOOL, FP64
from service.inference.requests import InferenceRequest
from service.inference.tensors import Tensor, from_bytes
from service.models.prediction import RawRows
from service.preprocessing.dates import FIRST_DAY, LAST_DAY, day_of
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_columns import rows_from_columns
from service.preprocessing.prediction_rows import refuse_unknown, rows_from_array

WHOLE = "inputs"  # the name that metadata gives to one tensor of all columns
EXAMPLE_DATE = "2024-01-31"


def takes_one_tensor(preprocessing: Preprocessing) -> bool:
    """Return whether metadata describes one tensor of all columns: all are numbers, and none is a date."""
    return all(column.type is ColumnType.NUMBER and not column.is_date for column in preprocessing.inputs)


def rows_of(preprocessing: Preprocessing, request: InferenceRequest) -> RawRows:
    """Return the rows of a request.

    Raises
    ------
    Malformed, Invalid
        When the tensors do not fit each other, or not the columns.
    """
    tensors = (_raw_tensor(preprocessing, request.raw),) if request.raw is not None else request.inputs
    if any(not len(tensor.values) for tensor in tensors):
        raise Invalid("the tensors have no rows; send at least one")
    names = {column.name for column in preprocessing.inputs}
    if len(tensors) == 1 and tensors[0].name not in names:
        found = rows_from_array(preprocessing, _whole(preprocessing, tensors[0]))
    else:
        found = _of_columns(preprocessing, {tensor.name: tensor for tensor in tensors})
    if request.parameters.get("unknown") == "error":
        refuse_unknown(preprocessing, found, None, True)
    return RawRows(found, in_file=True)


def _raw_tensor(preprocessing: Preprocessing, data: bytes) -> Tensor:
    """Return the one input of a body that has its bytes alone, as many rows as there are."""
    if not takes_one_tensor(preprocessing):
        raise Invalid("a body without JSON holds the one input of a model of numbers; this model has several inputs")
    width = len(preprocessing.inputs)
    size = width * FP64.size
    if len(data) % size:
        raise Malformed(f"the body has {len(data):,} bytes, and a row of {width:,} FP64 numbers {size:,}")
    return from_bytes(WHOLE, FP64, (len(data) // size, width), memoryview(data), "the body")


def _whole(preprocessing: Preprocessing, tensor: Tensor) -> NDArray[Any]:
    """Return the rows (n, columns) of one tensor of all columns."""
    width = len(preprocessing.inputs)
    if tensor.is_text or any(column.type is ColumnType.CATEGORY for column in preprocessing.inputs):
        raise Invalid(f"input {show(tensor.name)} is no column; {_way_out(preprocessing)}")
    values = np.asarray(tensor.values)
    if len(tensor.shape) == 1 and width > 1 and len(values) == width:  # one row, from clients without batches
        return values.reshape(1, width)
    rows = tensor.rows
    if len(values) != rows * width or (len(tensor.shape) == 1 and width > 1):
        shown = list(tensor.shape)
        raise Invalid(
            f"input {show(tensor.name)} must have the shape [rows, {width}], one number a column, got {shown}"
        )
    return values.reshape(rows, width)


def _way_out(preprocessing: Preprocessing) -> str:
    """Return how to send a table with columns of several types."""
    some = [f"{show(each.name)} {datatype_of(each)}" for each in preprocessing.inputs[:5]]
    more = f" and {len(preprocessing.inputs) - 5} more" if len(preprocessing.inputs) > 5 else ""
    return f"send one tensor for each column, with the shape [rows, 1]: {', '.join(some)}{more}"


def datatype_of(column: InputColumn) -> str:
    """Return the datatype that metadata gives to a column that is sent as a tensor of its own."""
    return "BYTES" if column.type is ColumnType.CATEGORY or column.is_date else FP64.name


def _of_columns(preprocessing: Preprocessing, tensors: Mapping[str, Tensor]) -> Any:
    """Return the rows of tensors by column; others are ignored."""
    rows = _same_rows([tensors[column.name] for column in preprocessing.inputs if column.name in tensors])
    numbers, texts = dict[str, NDArray[np.float64]](), dict[str, Sequence[str | None]]()
    faults = Faults()
    for column in preprocessing.inputs:
        tensor = tensors.get(column.name)
        if tensor is None:
            continue
        if column.type is ColumnType.CATEGORY:
            texts[column.name] = _categories(column, tensor)
        elif column.is_date:
            numbers[column.name] = _days(column, tensor, faults)
        else:
            numbers[column.name] = _column_of_numbers(column, tensor)
    faults.check()
    return rows_from_columns(preprocessing, list(tensors), rows, numbers, texts)


def _same_rows(tensors: Sequence[Tensor]) -> int:
    """Return how many rows tensors of one column each have."""
    for tensor in tensors:
        if len(tensor.values) != tensor.rows:
            shown = list(tensor.shape)
            raise Invalid(f"input {show(tensor.name)} is one column: its shape is [rows] or [rows, 1], got {shown}")
        if tensor.rows != tensors[0].rows:
            one, other = tensors[0], tensor
            raise Invalid(
                f"input {show(other.name)} has {other.rows:,} rows, and {show(one.name)} has {one.rows:,}; "
                "all columns have the same"
            )
    return tensors[0].rows if tensors else 0


def _categories(column: InputColumn, tensor: Tensor) -> Sequence[str | None]:
    if isinstance(tensor.values, list):
        return tensor.values
    if tensor.datatype is not BOOL:
        raise Invalid(
            f"column `{column.name}` holds text: send BYTES, each text exactly as the dataset has it, "
            f"got {tensor.datatype.name}"
        )
    spellings = {value: column.truths[value] for value in (True, False)}
    several = [each for each in spellings.values() if len(each) > 1]
    if several:
        raise Invalid(f"column `{column.name}` has {' and '.join(map(show, several[0]))}; send BYTES with one of them")
    return [None if np.isnan(each) else _spelled(bool(each), spellings) for each in tensor.values.astype(np.float64)]


def _spelled(value: bool, spellings: Mapping[bool, Sequence[str]]) -> str:
    return spellings[value][0] if spellings[value] else str(value).lower()


def _days(column: InputColumn, tensor: Tensor, faults: Faults) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01, NaN where one is missing."""
    if isinstance(tensor.values, list):
        days = np.empty(len(tensor.values))
        for row, text in enumerate(tensor.values):
            day = None if text is None else day_of(text.strip())
            if text is not None and day is None:
                detail = f"must be an ISO 8601 date such as {EXAMPLE_DATE}, got {show(text)}"
                faults.add(Fault(detail, row=row + 1, column=column.name))
            days[row] = np.nan if day is None else day
        return days
    days = tensor.values.astype(np.float64)
    for at in np.flatnonzero((days < FIRST_DAY) | (days >= LAST_DAY + 1)):
        row = int(at)
        detail = f"must be a date as days since 1970-01-01, such as 19753 for {EXAMPLE_DATE}, got {days[row]:g}"
        faults.add(Fault(detail, row=row + 1, column=column.name))
    return days


def _column_of_numbers(column: InputColumn, tensor: Tensor) -> NDArray[np.float64]:
    if isinstance(tensor.values, list):
        raise Invalid(f"column `{column.name}` holds numbers: send FP64, FP32 or a type of whole numbers, got BYTES")
    return tensor.values.astype(np.float64)
