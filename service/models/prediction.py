"""Predictions of a trained network for rows of raw input columns."""

from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType
from service.definitions.requests import PredictRequest
from service.errors import Fault, Invalid
from service.models.answers import PredictAnswer, UnknownAnswer
from service.models.cache import TrainedNetwork
from service.models.outputs import OutputNames
from service.models.views import SCALE_IS_UNKNOWN
from service.preprocessing.plain_rows import plain_rows
from service.preprocessing.prediction_rows import PredictionRows, refuse_unknown, rows_from_lists, rows_from_objects


@dataclass(frozen=True)
class RawRows:
    """Rows to predict and how they were sent: as the request's `field`, `instances` or `inputs`, or in a file."""

    rows: PredictionRows
    field: str = "instances"
    as_objects: bool = False
    in_file: bool = False

    def fault(self, row: int, detail: str) -> Fault:
        """Return a fault of one row, counted from 0: with a pointer, or with the row's number in the file."""
        return Fault(detail, row=row + 1) if self.in_file else Fault(detail, pointer=f"#/{self.field}/{row}")


def predict(trained: TrainedNetwork, rows: RawRows) -> PredictAnswer:
    """Return the predictions in the row format of TensorFlow Serving, with the labels of classes added."""
    A = outputs(trained, rows)
    labels = trained.preprocessing.label_of(A)
    values = trained.preprocessing.restore(A)
    answer: PredictAnswer = {
        "labels": labels,
        "model": trained.name,
        "version": trained.version,
        "epoch": trained.epoch,
    }
    if trained.preprocessing.scale is None:
        answer["scale"], answer["scale_note"] = None, SCALE_IS_UNKNOWN
    found = rows.rows
    if found.ignored:
        answer["ignored"] = list(found.ignored)
    if found.unknown:
        answer["unknown"] = [cast(UnknownAnswer, asdict(unknown)) for unknown in found.unknown]
        if found.unknown_count > len(found.unknown):
            answer["unknown_more"] = found.unknown_count - len(found.unknown)
    key = "predictions" if rows.field == "instances" else "outputs"
    predicted = OutputNames.of(trained).objects(values, labels) if rows.as_objects else values
    return cast(PredictAnswer, {key: predicted, **answer})


def plain_raw_rows(trained: TrainedNetwork, body: bytes) -> RawRows | None:
    """Return the rows of a JSON body that holds only numbers, if all inputs are numbers; otherwise None."""
    columns = trained.preprocessing.inputs
    if any(column.type is not ColumnType.NUMBER for column in columns):
        return None
    plain = plain_rows(body, len(columns))
    return None if plain is None else RawRows(PredictionRows(plain[1]), plain[0])


def raw_rows(trained: TrainedNetwork, request: PredictRequest, refuses_unknown: bool = False) -> RawRows:
    """Return the request's rows as raw input columns.

    Raises
    ------
    Invalid
        With the faults of the rows, each with a pointer to it.
    """
    field = "instances" if request.instances is not None else "inputs"
    rows = request.instances if request.instances is not None else request.inputs or []
    as_objects = isinstance(rows[0], dict)
    read = rows_from_objects if as_objects else rows_from_lists
    found = read(trained.preprocessing, rows, field)
    if refuses_unknown:
        refuse_unknown(trained.preprocessing, found, field, as_objects)
    return RawRows(found, field, as_objects)


def outputs(trained: TrainedNetwork, rows: RawRows) -> NDArray[Any]:
    """Return the network's outputs (n, outputs)."""
    values = rows.rows.values
    X = np.empty((len(values), trained.preprocessing.features), dtype=trained.network.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        trained.preprocessing.transform_sent(values, X)
    _check_finite(X, rows, f"holds a number beyond a {X.dtype.name}, the network's precision")
    A = trained.network.predict(X)
    _check_finite(A, rows, f"leads to a number beyond a {A.dtype.name}, the network's precision")
    return A


def _check_finite(values: NDArray[Any], rows: RawRows, detail: str) -> None:
    """Raise `Invalid` for the first row of `values`, one for each of the rows that were sent, that is not finite."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        raise Invalid.from_faults([rows.fault(int(finite.argmin()), detail)])
