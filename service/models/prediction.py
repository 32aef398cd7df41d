"""Predictions of a trained network for rows of raw input columns."""

import math
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

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
    """Rows to predict and how they were sent: as the request's `field`, `instances` or `inputs`, or in a file.

    Those that `are_single` values are answered with single values where the network has one output.

    `are_finite` says that no number is NaN or infinite, if that is known.
    """

    rows: PredictionRows
    field: str = "instances"
    as_objects: bool = False
    in_file: bool = False
    are_single: bool = False
    are_finite: bool = False

    def fault(self, row: int, detail: str) -> Fault:
        """Return a fault of one row, counted from 0: with a pointer, or with the row's number in the file."""
        return Fault(detail, row=row + 1) if self.in_file else Fault(detail, pointer=f"#/{self.field}/{row}")


def predict(trained: TrainedNetwork, rows: RawRows) -> PredictAnswer:
    """Return the predictions in the row format of TensorFlow Serving, with the labels of classes added."""
    A = outputs(trained, rows)
    labels = trained.preprocessing.label_of(A)
    values = restored(trained, A, rows)
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
    if rows.are_single and values.shape[1] == 1:
        predicted = np.ascontiguousarray(values[:, 0])
    return cast(PredictAnswer, {key: predicted, **answer})


def plain_raw_rows(trained: TrainedNetwork, body: bytes) -> RawRows | None:
    """Return the rows of a JSON body that holds only numbers, if all inputs are numbers; otherwise None."""
    preprocessing = trained.preprocessing
    if not preprocessing.has_only_numbers:
        return None
    plain = plain_rows(body, len(preprocessing.inputs))
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
    with np.errstate(all="ignore"):
        X = _inputs(trained, rows.rows.values)
        if X is not rows.rows.values or not rows.are_finite:
            _check_finite(X, rows, "holds")
        A = trained.predictor(X)
        _check_finite(A, rows, "leads to")
    return A


def restored(trained: TrainedNetwork, A: NDArray[Any], rows: RawRows) -> NDArray[Any]:
    """Return outputs (n, outputs) as predictions; raise `Invalid` for a row whose value is not finite in its units."""
    with np.errstate(all="ignore"):
        values = trained.preprocessing.restore(A)
        if values is not A:
            _check_finite(values, rows, "leads to", "in which predictions are answered")
    return values


def as_float32(values: NDArray[Any], rows: RawRows) -> NDArray[Any]:
    """Return predictions as float32; raise `Invalid` for a row of which one is larger than that."""
    with np.errstate(all="ignore"):
        narrow = values.astype(np.float32, copy=False)
        if narrow is not values:
            _check_finite(narrow, rows, "leads to", "in which raw numbers are answered")
    return narrow


def _inputs(trained: TrainedNetwork, values: NDArray[Any]) -> NDArray[Any]:
    """Return the network's inputs (n, features) of raw columns (n, columns); these themselves where they are the same.

    Rows of float32 are read as the float64 that have the same values, so that they are treated as those of JSON.
    """
    preprocessing, dtype = trained.preprocessing, trained.network.dtype
    if preprocessing.takes_sent_as_they_are and values.dtype == dtype:
        return values
    X = np.empty((len(values), preprocessing.features), dtype=dtype)
    preprocessing.transform_sent(values.astype(np.float64, copy=False), X)
    return X


def _check_finite(values: NDArray[Any], rows: RawRows, verb: str, of: str = "the network's precision") -> None:
    """Raise `Invalid` for the first row of `values`, one for each of the rows that were sent, that is not finite.

    The sum is finite only if all values are, and takes a third of the time.
    """
    if math.isfinite(np.add.reduce(values, axis=None)):
        return
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        detail = f"{verb} a number beyond a {values.dtype.name}, {of}"
        raise Invalid.from_faults([rows.fault(int(finite.argmin()), detail)])
