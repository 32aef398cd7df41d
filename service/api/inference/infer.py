"""Answers a request to infer: finds the network, reads the tensors, predicts, and writes the tensors of the answer."""

from typing import Any, cast

from flask import Response, request

from service.api import counting
from service.api.bodies import check_declared, whole_body
from service.api.context import services
from service.api.inference.finding import Found, find
from service.api.predicting import UNKNOWN_HEADER
from service.api.query import is_pretty
from service.api.timing import Timing
from service.datasets.media_types import JSON, RAW
from service.errors import ServiceError
from service.inference.answers import write_answer
from service.inference.outputs import tensors_of
from service.inference.references import version_text
from service.inference.requests import HEADER, InferenceRequest, read_request
from service.inference.rows import rows_of
from service.models.prediction import predict


def infer(name: str, version: str | None) -> Response:
    """Answer a request to a version of a model, to the one that the name means without its text."""
    found = find(name, version, {})
    check_declared((JSON, RAW))
    body = whole_body(services().settings.max_json_bytes)
    timing = Timing()
    try:
        asked = read_request(body, request.headers.get(HEADER))
        if "epoch" in asked.parameters:
            found = find(name, version, asked.parameters)
        return _answer(found, asked, timing)
    except ServiceError:
        counting.count_refused(found.trained, timing)
        raise


def _answer(found: Found, asked: InferenceRequest, timing: Timing) -> Response:
    trained = found.trained
    rows = rows_of(trained.preprocessing, asked)
    counting.begin(len(rows.rows.values), timing)
    predicted = predict(trained, rows)
    timing.end("predict")
    tensors = tensors_of(trained, asked, cast(Any, predicted.get("predictions")), predicted["labels"])
    fields: dict[str, Any] = {} if asked.id is None else {"id": asked.id}
    parameters = {} if trained.epoch is None else {"epoch": trained.epoch}
    if rows.rows.unknown_count:
        parameters["unknown_categories"] = rows.rows.unknown_count
    fields |= {"model_name": trained.name, "model_version": version_text(trained, found.reference)}
    fields["parameters"] = parameters
    body, length = write_answer(fields, tensors, is_pretty())
    response = Response(body, mimetype=JSON if length is None else RAW)
    if length is not None:
        response.headers[HEADER] = str(length)
    if rows.rows.unknown_count:
        response.headers[UNKNOWN_HEADER] = str(rows.rows.unknown_count)
    return counting.end(response, trained, len(rows.rows.values), timing)
