"""The rows of a prediction's body: JSON, CSV, NPZ, an Arrow stream, or raw float32 numbers; each may be packed."""

from dataclasses import replace
from typing import Any

from flask import request
from numpy.typing import NDArray

from service.api.bodies import collect, open_body, open_raw_body
from service.api.context import services
from service.api.dataset_options import check_format, options_of
from service.api.routes import TEXT, Query
from service.datasets.columnar import rows as arrow_rows
from service.datasets.csv import rows as csv_rows
from service.datasets.faulty_rows import with_faulty_rows
from service.datasets.media_types import ARROW_STREAM, CSV, JSON, NPZ, RAW
from service.datasets.npz import read_array
from service.datasets.options import Limits, limits_of
from service.datasets.strict_json import parse_json
from service.definitions.columns import ColumnKind, ColumnType
from service.definitions.requests import PredictRequest
from service.definitions.validation import check
from service.errors import Invalid
from service.inference.instances import ROW_FIELDS, native_rows, rows_of_columns
from service.models import prediction, raw_numbers
from service.models.cache import TrainedNetwork
from service.models.prediction import RawRows
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_columns import rows_from_columns
from service.preprocessing.prediction_rows import PredictionRows, refuse_unknown, rows_from_array

FILES = (CSV, NPZ, ARROW_STREAM)
UNKNOWN = Query(
    "unknown",
    {"enum": ["zeros", "error"], "default": "zeros"},
    "what a category never seen in training is: all zeros and listed in the answer, or an error",
)
SHAPE = Query(
    "shape",
    TEXT,
    "sizes such as `100,784`: the body is little-endian float32 numbers, row by row, with no header",
)


def read_body(trained: TrainedNetwork) -> RawRows:
    """Return the rows of the request's body, whatever its format is."""
    most_bytes, refuses_unknown = services().settings.max_json_bytes, _refuses_unknown()
    if SHAPE.name in request.args:
        shape = raw_numbers.read_shape(request.args[SHAPE.name])
        return raw_numbers.rows_of(trained, collect(open_raw_body(RAW), most_bytes), shape)
    kind, blocks = open_body((JSON, *FILES))
    data = collect(blocks, most_bytes)
    if kind == CSV and request.mimetype == RAW and b"\0" in data[:1000]:
        columns = len(trained.preprocessing.inputs)
        raise Invalid.at("?shape", f"is missing; rows as float32 numbers need it, such as `shape=1,{columns}` for one")
    return _raw_rows(trained, kind, data, refuses_unknown)


def _refuses_unknown() -> bool:
    choice = request.args.get("unknown", "zeros")
    if choice not in ("zeros", "error"):
        raise Invalid.at("?unknown", f"must be `zeros` or `error`, got {choice[:40]!r}")
    return choice == "error"


def _raw_rows(trained: TrainedNetwork, kind: str, data: bytes, refuses_unknown: bool) -> RawRows:
    """Return the body's rows: plain numbers by a fast reader, all others by the one that reports faults."""
    if kind != CSV:
        check_format(request.args, kind)
    if kind == JSON:
        plain = prediction.plain_raw_rows(trained, data)
        if plain is not None:
            return plain
        _refuse_faulty_rows(trained, data, refuses_unknown)
        return _rows_of_json(trained, parse_json(data), refuses_unknown)
    if kind == NPZ:
        return RawRows(rows_from_array(trained.preprocessing, _array_of_npz(data)), in_file=True)
    rows = _rows_of_csv(trained, data) if kind == CSV else _rows_of_arrow(trained, data)
    if refuses_unknown:
        refuse_unknown(trained.preprocessing, rows, None, True)
    return RawRows(rows, as_objects=True, in_file=True)


def _refuse_faulty_rows(trained: TrainedNetwork, data: bytes, refuses_unknown: bool) -> None:
    """Raise `Invalid` for a large body of numbers with faulty rows, before the values of all others are made."""
    preprocessing = trained.preprocessing
    if preprocessing.needs_only_numbers:
        body = with_faulty_rows(data, ROW_FIELDS, len(preprocessing.inputs))
        if body is not None:
            _rows_of_json(trained, body, refuses_unknown)


def _rows_of_json(trained: TrainedNetwork, body: Any, refuses_unknown: bool) -> RawRows:
    """Return rows in a native form, or in another one of TensorFlow Serving."""
    by_column = rows_of_columns(trained.preprocessing, body)
    if by_column is not None:
        if refuses_unknown:
            refuse_unknown(trained.preprocessing, by_column.rows, None, True)
        return by_column
    body, are_single = native_rows(trained.preprocessing, body)
    rows = prediction.raw_rows(trained, check(PredictRequest, body), refuses_unknown)
    return replace(rows, are_single=True) if are_single else rows


def _rows_of_csv(trained: TrainedNetwork, data: bytes) -> PredictionRows:
    """Read a header with the names of input columns, then rows; empty cells are missing values."""
    limits = _limits()
    with services().blobs.scratch() as path:
        path.write_bytes(data)
        options, recoded = options_of(request.args, CSV), path.with_suffix(".utf8")
        found = csv_rows.read_rows(path, _kinds(trained), options, limits, recoded)
    return rows_from_columns(trained.preprocessing, found.names, found.rows, found.numbers, found.texts)


def _rows_of_arrow(trained: TrainedNetwork, data: bytes) -> PredictionRows:
    """Read the input columns of an Arrow stream; null is a missing value."""
    with services().blobs.scratch() as path:
        path.write_bytes(data)
        found = arrow_rows.read_rows(path, _kinds(trained), _limits())
    return rows_from_columns(trained.preprocessing, found.names, found.rows, found.numbers, found.texts)


def _kinds(trained: TrainedNetwork) -> dict[str, ColumnKind]:
    return {column.name: _kind(column) for column in trained.preprocessing.inputs}


def _limits() -> Limits:
    settings = services().settings
    return limits_of(settings, settings.max_json_bytes)


def _kind(column: InputColumn) -> ColumnKind:
    if column.type is ColumnType.CATEGORY:
        return ColumnKind.CATEGORY
    return ColumnKind.DATE if column.is_date else ColumnKind.NUMBER


def _array_of_npz(data: bytes) -> NDArray[Any]:
    with services().blobs.scratch() as path:
        path.write_bytes(data)
        names = ("instances", "inputs", "x_test", "x", "X")
        return read_array(path, names, _limits())
