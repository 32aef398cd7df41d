"""Predictions: reads rows and writes predictions as JSON, CSV, NPZ or raw float32 numbers."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Response, g, request
from numpy.typing import NDArray

from service.access.principal import Scope
from service.api import deadlines
from service.api.answers import answer
from service.api.bodies import collect, open_body, open_raw_body
from service.api.context import services
from service.api.counting import count_answered, count_refused
from service.api.dataset_options import CSV_QUERY, check_format, options_of
from service.api.formats import wanted_format
from service.api.limiting import count_predictions
from service.api.routes import TEXT, Query, Routes
from service.api.timing import NAME as SERVER_TIMING
from service.api.timing import Timing
from service.api.trained_networks import NetworkReference, Operation, register
from service.datasets.csv.rows import read_rows
from service.datasets.media_types import CSV, JSON, NPZ, RAW
from service.datasets.npz import read_array
from service.datasets.options import Limits, limits_of
from service.datasets.strict_json import parse_json
from service.definitions.columns import ColumnKind, ColumnType
from service.definitions.requests import PredictRequest
from service.definitions.validation import check
from service.errors import Invalid, ServiceError
from service.models import prediction, raw_numbers
from service.models.answers import PredictAnswer
from service.models.cache import TrainedNetwork
from service.models.outputs import OutputNames, harmless, unique
from service.models.prediction import RawRows
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.prediction_columns import rows_from_columns
from service.preprocessing.prediction_rows import PredictionRows, refuse_unknown, rows_from_array

FORMATS = {"json": JSON, "csv": CSV, "npz": NPZ, "raw": RAW}  # all but JSON have a writer in `WRITERS`
FORMAT = Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else JSON")
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
UNKNOWN_HEADER = "Unknown-Categories"  # how many there are, for answers that cannot list them

routes = Routes("predictions")


def _predict(network: NetworkReference) -> Response:
    """Predict the rows of the request's body; `?format=` or `Accept` decides the format of the answer."""
    trained = network.trained()
    wanted = wanted_format(FORMATS)
    timing = Timing()
    try:
        rows = _read_rows(trained)
        timing.end("parse")
        deadlines.check(request.environ)
        count_predictions(len(rows.rows.values))
        g.predicted_rows = len(rows.rows.values)
        response = _answered(trained, rows, wanted, timing)
    except ServiceError:
        count_refused(trained, timing)
        raise
    timing.end("encode")
    response.headers[SERVER_TIMING] = timing.header
    count_answered(trained, len(rows.rows.values), timing)
    return response


def _read_rows(trained: TrainedNetwork) -> RawRows:
    most_bytes, refuses_unknown = services().settings.max_json_bytes, _refuses_unknown()
    if SHAPE.name in request.args:
        shape = raw_numbers.read_shape(request.args[SHAPE.name])
        return raw_numbers.rows_of(trained, collect(open_raw_body(RAW), most_bytes), shape)
    kind, blocks = open_body((JSON, CSV, NPZ))
    return _raw_rows(trained, kind, collect(blocks, most_bytes), refuses_unknown)


def _answered(trained: TrainedNetwork, rows: RawRows, wanted: str, timing: Timing) -> Response:
    if wanted == "json":
        predicted = prediction.predict(trained, rows)
        timing.end("predict")
        return answer(predicted)
    A = prediction.outputs(trained, rows)
    values, labels = trained.preprocessing.restore(A), trained.preprocessing.label_of(A)
    timing.end("predict")
    response = Response(WRITERS[wanted](trained, values, labels), mimetype=FORMATS[wanted])
    if wanted == "raw":
        response.headers[raw_numbers.SHAPE_HEADER] = ",".join(map(str, values.shape))
    if rows.rows.unknown_count:
        response.headers[UNKNOWN_HEADER] = str(rows.rows.unknown_count)
    return response


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
        return plain or prediction.raw_rows(trained, check(PredictRequest, parse_json(data)), refuses_unknown)
    if kind == NPZ:
        return RawRows(rows_from_array(trained.preprocessing, _array_of_npz(data)), in_file=True)
    rows = _rows_of_csv(trained, data)
    if refuses_unknown:
        refuse_unknown(trained.preprocessing, rows, None, True)
    return RawRows(rows, as_objects=True, in_file=True)


def _rows_of_csv(trained: TrainedNetwork, data: bytes) -> PredictionRows:
    """Read a header with the names of input columns, then rows; empty cells are missing values."""
    kinds = {column.name: _kind(column) for column in trained.preprocessing.inputs}
    limits = _limits()
    with services().blobs.scratch() as path:
        path.write_bytes(data)
        found = read_rows(path, kinds, options_of(request.args, CSV), limits, path.with_suffix(".utf8"))
    return rows_from_columns(trained.preprocessing, found.names, found.rows, found.numbers, found.texts)


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


def _as_csv(trained: TrainedNetwork, values: Any, labels: Sequence[Any] | None) -> bytes:
    """Write one row for each prediction: the label and each class's output, or each target's value.

    A class that is called like the target, or like another one once it is quoted, gets a number behind its name.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(unique(map(harmless, OutputNames.of(trained).columns())))
    for index, row in enumerate(values.tolist()):
        writer.writerow(row if labels is None else [harmless(labels[index]), *row])
    return stream.getvalue().encode()


def _as_npz(trained: TrainedNetwork, values: Any, labels: Sequence[Any] | None) -> bytes:
    stream = io.BytesIO()
    arrays = {"predictions": values} | ({} if labels is None else {"labels": np.array(labels)})
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _as_raw(_: TrainedNetwork, values: Any, labels: Sequence[Any] | None) -> bytes:
    return raw_numbers.bytes_of_values(values)


WRITERS = {"csv": _as_csv, "npz": _as_npz, "raw": _as_raw}

register(
    routes,
    Operation(
        "predict",
        ("predict_epoch", "predict", "predict_version"),
        "Predict with {}.",
        _predict,
        PredictRequest,
        (PredictAnswer, CSV, NPZ, RAW),
        Scope.PREDICT,
        files=(CSV, NPZ, RAW),
        query=(FORMAT, SHAPE, UNKNOWN, *CSV_QUERY),
        grantable=True,
    ),
)
