"""Explanations of backpropagation: traces, gradient checks, slopes, surfaces and differences between epochs."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from flask import Response, request

from service.access.principal import Scope
from service.api.answers import answer, flag, real, whole
from service.api.bodies import read_model, read_model_if_any
from service.api.context import model_cache, services
from service.api.routes import BOOLEAN, Example, Query, Routes
from service.api.trained_networks import PROBLEMS, NetworkReference, Operation, register
from service.api.worksheets import answering as worksheets
from service.definitions.base import Model
from service.definitions.explaining import (
    GradientCheckRequest,
    NetworkGradientCheckRequest,
    NetworkTraceRequest,
    TraceRequest,
)
from service.explain import epoch_diff, gradient_check, loss_landscape, trace
from service.explain.answers import DiffAnswer, GradientCheckAnswer, SlopeAnswer, SurfaceAnswer, TraceAnswer
from service.explain.parameter_query import any_parameter, weight_or_bias
from service.explain.subjects import Subject, epoch_subject
from service.explain.untrained_networks import network_subject
from service.explain.worksheet_answers import WorksheetAnswer
from service.explain.worksheets import worksheet
from service.store import networks

routes = Routes(
    "backpropagation", "Backpropagation number by number: traces, gradient checks, slopes, surfaces and differences."
)
M = TypeVar("M", bound=Model)
NUMBER = "[0-9]{1,11}"
WEIGHT = {"type": "string", "pattern": f"^{NUMBER}(,{NUMBER})?$"}
BIAS = {"type": "string", "pattern": f"^{NUMBER}$"}
PLACE = {"type": "string", "pattern": f"^{NUMBER},((bias|b|{NUMBER}),)?{NUMBER}$"}
FULL = Query("full", BOOLEAN, "every number, where large arrays are summarised otherwise")
EXPLAIN = Query("explain", BOOLEAN, "the formula of each number with its numbers put in")
TRACE = (FULL, EXPLAIN, *worksheets.QUERY)
TRACED = (TraceAnswer | WorksheetAnswer, worksheets.MARKDOWN, worksheets.HTML)
ROW_OF_NUMBERS = {"instances": [[0.05, 0.1]], "targets": [[1, 0, 0]], "seed": 1, "loss": "quadratic"}
CLAIM = {"deltas": [None, [[-0.64, 0.31, 0.33]]], "tolerance": {"relative": 0.01}}  # of the last of two layers
MOST_SPAN = 1e6
LARGE_PARAMETERS = 1_000_000  # a trace of a network of this size takes about 100 MB


def _body(model: type[M]) -> M:
    return read_model(model, services().settings.max_json_bytes)


def _check_exists(network: str) -> None:
    """Raise `NotFound` for a network that is not there, before the body is read."""
    with services().database.read() as connection:
        networks.get_network(connection, network)


@contextmanager
def _one_large(subject: Subject) -> Iterator[None]:
    """Explain large networks one at a time in each process, which bounds the memory."""
    if subject.network.parameters.size <= LARGE_PARAMETERS:
        yield
        return
    with model_cache().one_large:
        yield


def _trace_network(network: NetworkReference) -> Response:
    subject = network.subject()
    return _trace(subject, _body(TraceRequest))


def _trace(subject: Subject, body: TraceRequest | NetworkTraceRequest) -> Response:
    wanted = worksheets.wanted_worksheet()
    with _one_large(subject):
        if wanted is not None:
            make = partial(worksheet, services(), subject, body, wanted.blank, wanted.with_key)
            return worksheets.answer_worksheet(make)
        return answer(trace.trace_step(services(), subject, body, flag("full"), flag("explain")))


@routes.route(
    "POST",
    "/v1/networks/{name}:trace",
    body=NetworkTraceRequest,
    examples=[
        Example(ROW_OF_NUMBERS, "One row"),
        Example({**ROW_OF_NUMBERS, "claim": CLAIM}, "One row, and the deltas that somebody computed by hand"),
    ],
    query=TRACE,
    answers={200: TRACED},
    problems=(404, 406),
    scope=Scope.READ,
)
def trace_network(name: str) -> Response:
    """Trace one step of backpropagation on an untrained network, with parameters given or drawn."""
    _check_exists(name)
    body = _body(NetworkTraceRequest)
    return _trace(network_subject(services(), name, body), body)


def _check_network(network: NetworkReference) -> Response:
    subject = network.subject()
    body = read_model_if_any(GradientCheckRequest, services().settings.max_json_bytes)
    with _one_large(subject):
        return answer(gradient_check.check_job(services(), subject, body))


register(
    routes,
    Operation(
        "trace",
        ("trace_epoch", "trace_model", "trace_version"),
        "Trace one step of backpropagation on {}, number by number.",
        _trace_network,
        TraceRequest,
        TRACED,
        Scope.READ,
        query=TRACE,
        has_formats=True,
        examples=[
            Example({"row": 0}, "A row of the training dataset"),
            Example({"instances": [[1.4, 0.2]], "targets": ["setosa"]}, "A row that is sent"),
            Example({"row": 0, "claim": CLAIM}, "A row, and the deltas that somebody computed by hand"),
        ],
    ),
)
register(
    routes,
    Operation(
        "gradient-check",
        ("check_epoch", "check_model", "check_version"),
        "Compare backpropagation with central differences on {}.",
        _check_network,
        GradientCheckRequest,
        GradientCheckAnswer,
        Scope.READ,
        body_optional=True,
        examples=[Example({"rows": 4, "parameters": 20, "epsilon": 1e-5})],
    ),
)


@routes.route(
    "POST",
    "/v1/networks/{name}:gradient-check",
    body=NetworkGradientCheckRequest,
    examples=[Example({"rows": 4, "parameters": 20, "seed": 1})],
    body_optional=True,
    answers={200: GradientCheckAnswer},
    problems=(404,),
    scope=Scope.READ,
)
def check_network(name: str) -> Response:
    """Compare backpropagation with central differences on an untrained network and rows drawn at random."""
    _check_exists(name)
    body = read_model_if_any(NetworkGradientCheckRequest, services().settings.max_json_bytes)
    return answer(gradient_check.check_network(services(), name, body))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/slope",
    query=[
        Query("layer", {"type": "integer", "minimum": 0}, "counted from 0", required=True, example=0),
        Query("weight", WEIGHT, "`input,unit`, counted from 0; of a normalization `unit`", example="1,2"),
        Query("bias", BIAS, "`unit`, in place of `weight`"),
        Query("span", {"type": "number", "exclusiveMinimum": 0, "default": 1.0}, "how far on either side"),
        Query("points", {"type": "integer", "minimum": 2, "default": 41}, "more than 1001 is taken as 1001"),
    ],
    answers={200: SlopeAnswer},
    problems=(*PROBLEMS, 413),
)
def slope(id: str, epoch: str) -> Response:
    """Compute the loss as one parameter moves, its tangent, and the step that the optimizer would take."""
    subject = epoch_subject(services(), model_cache(), id, epoch)
    place = weight_or_bias(subject.network, *(request.args.get(name) for name in ("layer", "weight", "bias")))
    span, points = real("span", 1.0, MOST_SPAN), whole("points", 41, minimum=2, maximum=1001)
    with _one_large(subject):
        return answer(loss_landscape.slope(services(), subject, place, span, points))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/surface",
    query=[
        Query(
            "x",
            PLACE,
            "`layer,input,unit` of a weight, `layer,bias,unit` of a bias, counted from 0",
            required=True,
            example="0,1,2",
        ),
        Query("y", PLACE, "another parameter", required=True, example="1,bias,0"),
        Query("span", {"type": "number", "exclusiveMinimum": 0}, "how far on either side; without it the path fits"),
        Query("points", {"type": "integer", "minimum": 2, "default": 25}, "by axis; more than 51 is taken as 51"),
    ],
    answers={200: SurfaceAnswer},
    problems=(*PROBLEMS, 413),
)
def surface(id: str, epoch: str) -> Response:
    """Compute the loss over two parameters, and the path that the job took over it."""
    subject = epoch_subject(services(), model_cache(), id, epoch)
    x, y = (any_parameter(subject.network, name, request.args.get(name)) for name in ("x", "y"))
    span = real("span", 1.0, MOST_SPAN) if "span" in request.args else None
    points = whole("points", 25, minimum=2, maximum=51)
    with _one_large(subject):
        return answer(loss_landscape.surface(services(), subject, x, y, span, points))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/diff/{other}",
    query=[FULL],
    answers={200: DiffAnswer},
    problems=(*PROBLEMS, 413),
)
def diff(id: str, epoch: str, other: str) -> Response:
    """Compare the parameters of two stored epochs."""
    before, after = (
        epoch_subject(services(), model_cache(), id, epoch),
        epoch_subject(services(), model_cache(), id, other),
    )
    with _one_large(before):
        return answer(epoch_diff.diff(services(), before, after, flag("full")))
