"""Predictions of rows by a trained network: the same for a model, one of its versions and an epoch of a job."""

import io
from dataclasses import dataclass
from typing import Any

from backprop_client.http import Answer, Transport
from backprop_client.tables import NPZ, is_array, is_frame, rows_content


@dataclass(frozen=True)
class Prediction:
    """What a network says of some rows.

    Attributes
    ----------
    predictions
        For arrays and frames an array (rows, outputs): probabilities of the classes, or values in the units of the
        dataset. For lists the same as lists. For mappings a mapping for each row, with the target's name and the
        probabilities.
    labels
        The class of each row; None for values.
    model, version, epoch
        What has predicted; an epoch of a job, asked by the job's id, has no version.
    unknown
        Categories never seen in training, `{"row", "column", "value"}` with rows counted from 0; of arrays and frames
        only `unknown_count` is known.
    unknown_count
        How many there are.
    """

    predictions: Any
    labels: Any
    model: str | None = None
    version: int | None = None
    epoch: int | None = None
    unknown: tuple[dict[str, Any], ...] = ()
    unknown_count: int = 0


def predict(transport: Transport, path: str, rows: Any, query: dict[str, Any]) -> Prediction:
    """Send rows to the network at a path and return what it predicts."""
    as_arrays = is_array(rows) or is_frame(rows)
    headers = {"Accept": NPZ} if as_arrays else {}
    with rows_content(rows) as content:
        answer = transport.send("POST", f"{path}:predict", query=query, headers=headers, content=content)
    if as_arrays:
        return _of_arrays(answer)
    body = answer.json()
    unknown = tuple(body.get("unknown") or ())
    return Prediction(
        body["predictions"],
        body.get("labels"),
        body.get("model"),
        body.get("version"),
        body.get("epoch"),
        unknown,
        len(unknown) + (body.get("unknown_more") or 0),
    )


def _of_arrays(answer: Answer) -> Prediction:
    import numpy

    headers = answer.headers
    with numpy.load(io.BytesIO(answer.data), allow_pickle=False) as arrays:
        return Prediction(
            arrays["predictions"],
            arrays.get("labels"),
            headers.get("X-Model"),
            _number(headers.get("X-Version")),
            _number(headers.get("X-Epoch")),
            unknown_count=int(headers.get("Unknown-Categories", 0)),
        )


def _number(header: str | None) -> int | None:
    return None if header is None else int(header)
