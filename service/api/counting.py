"""What every request to predict does before it computes and after it: deadline, limits, counts, `Server-Timing`.

Predictions are counted by the version of a model that made them, for the statistics of the Open Inference Protocol.
"""

from typing import cast

from flask import Response, g, request

from service.api import deadlines
from service.api.context import model_statistics
from service.api.granted import services_of
from service.api.limiting import count_predictions
from service.api.timing import NAME as SERVER_TIMING
from service.api.timing import Timing
from service.models.cache import TrainedNetwork
from service.ops.model_statistics import Counted


def begin(rows: int, timing: Timing) -> None:
    """End the reading of so many rows, and count them, unless the request is too late or the tenant at its limit."""
    timing.end("parse")
    deadlines.check(request.environ)
    count_predictions(rows)
    g.predicted_rows = rows


def end(response: Response, trained: TrainedNetwork, rows: int, timing: Timing) -> Response:
    """End the writing of an answer: say how long its steps took, and count it; epochs of jobs are not counted."""
    timing.end("encode")
    response.headers[SERVER_TIMING] = timing.header
    if trained.version is not None:
        model_statistics().count(_counted(trained, trained.version), rows, *timing.nanoseconds)
    return response


def count_refused(trained: TrainedNetwork, timing: Timing) -> None:
    """Count a request to predict that was refused once its version was found."""
    if trained.version is not None:
        timing.end("refuse")
        model_statistics().count_failure(_counted(trained, trained.version), sum(timing.nanoseconds))


def _counted(trained: TrainedNetwork, version: int) -> Counted:
    """Return whose statistics a request is counted in: those of the tenant that has the model."""
    return Counted(cast(int, services_of(trained.name).tenant), trained.name, version)
