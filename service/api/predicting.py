"""Predictions: reads rows and writes predictions as JSON, CSV or NPZ."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Response

from service.api.answers import answer
from service.api.bodies import collect, open_body, parse_json
from service.api.context import services
from service.api.formats import wanted_format
from service.api.routes import Query, Routes
from service.api.trained_networks import NetworkReference, Operation, register
from service.datasets.media_types import CSV, JSON, NPZ
from service.datasets.npz import read_array
from service.datasets.options import Limits
from service.definitions.columns import ColumnType
from service.definitions.requests import PredictRequest
from service.definitions.validation import check
from service.errors import Fault, Invalid, Malformed
from service.models import prediction
from service.models.answers import PredictAnswer
from service.models.cache import TrainedNetwork
from service.models.prediction import RawRows

FORMATS = {"json": JSON, "csv": CSV, "npz": NPZ}  # all but JSON have a writer in `WRITERS`
FORMAT = Query("format", {"enum": list(FORMATS)})
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

routes = Routes("predictions")


def _predict(network: NetworkReference) -> Response:
    """Predict the rows of the request's body; `?format=` or `Accept` decides the format of the answer."""
    trained = network.trained()
    wanted = wanted_format(FORMATS)
    kind, blocks = open_body((JSON, CSV, NPZ))
    data = collect(blocks, services().settings.max_json_bytes)
    rows = _raw_rows(trained, kind, data)
    if wanted == "json":
        return answer(prediction.predict(trained, rows))
    A = prediction.outputs(trained, rows)
    values, labels = trained.preprocessing.restore(A), trained.preprocessing.label_of(A)
    return Response(WRITERS[wanted](trained, values, labels), mimetype=FORMATS[wanted])


def _raw_rows(trained: TrainedNetwork, kind: str, data: bytes) -> RawRows:
    """Return the body's rows: plain numbers by a fast reader, all others by the one that reports faults."""
    if kind == JSON:
        plain = prediction.plain_raw_rows(trained, data)
        return plain or prediction.raw_rows(trained, check(PredictRequest, parse_json(data)))
    rows = _rows_of_csv(trained, data) if kind == CSV else _rows_of_npz(data)
    return prediction.raw_rows(trained, PredictRequest.model_construct(instances=rows, inputs=None))


def _rows_of_csv(trained: TrainedNetwork, data: bytes) -> list[dict[str, Any]]:
    """Read a header with the names of input columns, then rows; empty cells are missing values."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except UnicodeDecodeError as error:
        raise Malformed(f"the CSV is not UTF-8 at byte {error.start}") from None
    except csv.Error as error:
        raise Malformed(f"the CSV cannot be read: {error}") from None
    if not rows:
        raise Invalid("the CSV needs a header and at least one row; send it with `-T` or `--data-binary`")
    numbers = {column.name for column in trained.preprocessing.inputs if column.type is ColumnType.NUMBER}
    return [_cells(row, numbers, number) for number, row in enumerate(rows, 1)]


def _cells(row: dict[str, Any], numbers: set[str], number: int) -> dict[str, Any]:
    if None in row or None in row.values():
        raise Invalid(f"row {number} has another number of cells than the header", [Fault("is ragged", row=number)])
    return {name: _number(cell, number, name) if name in numbers else (cell or None) for name, cell in row.items()}


def _number(cell: str, row: int, column: str) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell) if "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        fault = Fault(f"must be a number, got {cell[:40]!r}", row=row, column=column)
        raise Invalid(f"column `{column}`, row {row}: {fault.detail}", [fault])
    return value


def _rows_of_npz(data: bytes) -> list[list[float]]:
    with services().blobs.scratch() as path:
        path.write_bytes(data)
        names = ("instances", "inputs", "x_test", "x", "X")
        array = read_array(path, names, Limits(max_bytes=services().settings.max_json_bytes))
        rows: list[list[float]] = array.reshape(len(array), -1).astype(np.float64).tolist()
    return rows


def _as_csv(trained: TrainedNetwork, values: Any, labels: Sequence[Any] | None) -> bytes:
    """Write one row for each prediction: the label and each class's output, or each target's value."""
    preprocessing = trained.preprocessing
    names = [target.name for target in preprocessing.targets]
    if labels is not None:
        classes = preprocessing.labels or ()
        names = [names[0], *map(str, classes[1:] if preprocessing.single_output else classes)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_harmless(name) for name in names])
    for index, row in enumerate(values.tolist()):
        writer.writerow(row if labels is None else [_harmless(labels[index]), *row])
    return stream.getvalue().encode()


def _harmless(value: Any) -> Any:
    """Quote text that a spreadsheet would take for a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _as_npz(trained: TrainedNetwork, values: Any, labels: Sequence[Any] | None) -> bytes:
    stream = io.BytesIO()
    arrays = {"predictions": values} | ({} if labels is None else {"labels": np.array(labels)})
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


WRITERS = {"csv": _as_csv, "npz": _as_npz}

register(
    routes,
    Operation(
        "predict",
        ("predict_epoch", "predict", "predict_version"),
        "Predict with {}.",
        _predict,
        PredictRequest,
        (PredictAnswer, CSV, NPZ),
        files=(CSV, NPZ),
        query=(FORMAT,),
    ),
)
