"""Pictures of a network by layer: `/v1/jobs/{id}/layers`, what epochs measured; `.../histograms` of its parameters."""

import math
from typing import cast

from flask import Response, request

from service.access.principal import Scope
from service.api.answers import MAX_LIMIT, answer, listing, whole
from service.api.context import services
from service.api.layer_answers import LayerMeasures, LayerMeasuresAnswer
from service.api.routes import Query, Routes
from service.api.schemas import ListAnswer
from service.api.trained_networks import EpochReference, NetworkReference, Operation, register
from service.definitions.network import has_parameters
from service.errors import Invalid
from service.explain.answers import HistogramsAnswer, SubjectFields
from service.explain.parameter_histograms import layer_histograms
from service.jobs.nonfinite import nonfinite_of_layers
from service.models.cache import TrainedNetwork
from service.store.epoch_records import DiagnosticsRecord
from service.store.epochs import diagnostics
from service.store.jobs import jobs

routes = Routes("layers", "What was measured of each layer while a job trained.")


@routes.route(
    "GET",
    "/v1/jobs/{id}/layers",
    query=[
        Query("after", {"type": "integer", "minimum": 0}, "an epoch's number"),
        Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "more than 1000 is taken as 1000"),
        Query("until", {"type": "integer", "minimum": 0}, "the last epoch's number"),
        Query("points", {"type": "integer", "minimum": 2}, "at most this many from `after` to `until`, evenly"),
    ],
    answers={200: ListAnswer[LayerMeasuresAnswer]},
    problems=(404,),
)
def list_layers(id: str) -> Response:
    """List by epoch and layer the norms of delta, weights and updates, and the shares of saturated and dead units."""
    with services().database.read() as connection:
        job, network = jobs.network_of(connection, id)
        after = whole("after", -1, minimum=0, maximum=2**31 - 1)
        until = whole("until", 2**31 - 1, minimum=0, maximum=2**31 - 1)
        limit = whole("limit", 50, minimum=1, maximum=MAX_LIMIT)
        points = whole("points", 2, minimum=2, maximum=10_000)
        if "points" in request.args:
            records, more = diagnostics.sampled_diagnostics(connection, job, after, until, points), False
        else:
            records, more = diagnostics.list_diagnostics(connection, job, after, until, limit)
    trains = has_parameters(network)
    return listing([_described(record, trains) for record in records], more, lambda item: item["epoch"])


def _described(record: DiagnosticsRecord, trains: list[bool]) -> LayerMeasuresAnswer:
    body: LayerMeasuresAnswer = {"epoch": record.epoch, "layers": cast(list[LayerMeasures], record.layers)}
    if names := nonfinite_of_layers(record.layers, trains):
        body["nonfinite"] = names
    return body


MOST_BINS = 1000
LARGEST = 1e300  # of a range: the distance between its ends is a number, too
LEAST_DISTANCE = 1e-10  # of its ends, as a share of the larger one: there are many numbers between them
HISTOGRAMS = (
    Query(
        "bins",
        {"type": "integer", "minimum": 2, "default": 50},
        "at most so many, with widths that are powers of two; with `range` exactly so many; over 1000 is taken as 1000",
    ),
    Query("range", {"type": "string", "pattern": "^[^,]+,[^,]+$"}, "`low,high`, in place of each array's own range"),
)


def _histograms(network: NetworkReference) -> Response:
    bins, interval = whole("bins", 50, minimum=2, maximum=MOST_BINS), _interval()
    trained = network.trained()
    body: HistogramsAnswer = {
        **_head(network, trained),
        "object": "histograms",
        "layers": layer_histograms(trained.network, bins, interval),
    }
    return answer(body)


def _interval() -> tuple[float, float] | None:
    """Read `?range=low,high`."""
    text = request.args.get("range")
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = math.nan
    lie_apart = -LARGEST <= low < high <= LARGEST and high - low >= LEAST_DISTANCE * max(abs(low), abs(high))
    if "_" in text or not lie_apart or high - low < 1 / LARGEST:
        raise Invalid.at("?range", f"must be two numbers that lie apart, the lower one first: -1,1; got {text[:40]!r}")
    return low, high


def _head(network: NetworkReference, trained: TrainedNetwork) -> SubjectFields:
    if isinstance(network, EpochReference):
        return {"job": network.id, "epoch": trained.epoch}
    return {"model": trained.name, "version": trained.version, "epoch": trained.epoch}


register(
    routes,
    Operation(
        "histograms",
        ("epoch_histograms", "model_histograms", "version_histograms"),
        "Count the parameters of each layer of {} in bins, weights and biases apart.",
        _histograms,
        None,
        HistogramsAnswer,
        Scope.READ,
        query=HISTOGRAMS,
    ),
)
