"""Backpropagation, told: traces, gradient checks, slopes, surfaces and differences of what is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import Response, request

from service.api.answers import answer, flag, real, whole
from service.api.bodies import read_model, read_model_if_any
from service.api.context import model_cache, services
from service.api.explain_schemas import DiffAnswer, GradientCheckAnswer, SlopeAnswer, SurfaceAnswer, TraceAnswer
from service.api.models import EPOCH
from service.api.routes import Query, Routes
from service.definitions.base import Model
from service.definitions.explaining import (
    GradientCheckRequest,
    NetworkGradientCheckRequest,
    NetworkTraceRequest,
    TraceRequest,
)
from service.explain import epoch_diff, gradient_check, loss_landscape, trace
from service.explain.parameter_query import any_parameter, weight_or_bias
from service.explain.subjects import Subject, epoch_subject, version_subject
from service.explain.untrained_networks import network_subject
from service.models.views import version_number

routes = Routes("backpropagation, told")
M = TypeVar("M", bound=Model)
BOOLEAN = {"enum": ["true", "false", "1", "0", ""], "default": "false"}  # `?full` alone is a yes
NUMBER = "[0-9]{1,11}"
WEIGHT = {"type": "string", "pattern": f"^{NUMBER}(,{NUMBER})?$"}
BIAS = {"type": "string", "pattern": f"^{NUMBER}$"}
PLACE = {"type": "string", "pattern": f"^{NUMBER},((bias|b|{NUMBER}),)?{NUMBER}$"}
FULL = Query("full", BOOLEAN, "every number, where large arrays are summarised otherwise")
EXPLAIN = Query("explain", BOOLEAN, "the formula of each number with its numbers put in")
TRACE = (FULL, EXPLAIN)
PROBLEMS = (404, 409)
MOST_SPAN = 1e6
LARGE_PARAMETERS = 1_000_000  # a trace of so many takes about 100 MB


def _epoch(id: str, epoch: str) -> Subject:
    return epoch_subject(services(), model_cache(), id, epoch)


def _version(name: str, version: str | None) -> Subject:
    number = None if version is None else version_number(version)
    return version_subject(services(), model_cache(), name, number, request.args.get("epoch"))


def _body(model: type[M]) -> M:
    return read_model(model, services().settings.max_json_bytes)


@contextmanager
def _room(subject: Subject) -> Iterator[None]:
    """Large networks are explained one at a time in each process, so that memory is bounded."""
    if subject.network.parameters.size <= LARGE_PARAMETERS:
        yield
        return
    with model_cache().one_large:
        yield


def _trace(subject: Subject, body: TraceRequest | NetworkTraceRequest) -> Response:
    with _room(subject):
        return answer(trace.trace_step(services(), subject, body, flag("full"), flag("explain")))


@routes.route(
    "POST",
    "/v1/jobs/{id}/epochs/{epoch}:trace",
    body=TraceRequest,
    query=TRACE,
    answers={200: TraceAnswer},
    problems=PROBLEMS,
)
def trace_epoch(id: str, epoch: str) -> Response:
    """One step of backpropagation on a job's network as it was after an epoch, told number by number."""
    return _trace(_epoch(id, epoch), _body(TraceRequest))


@routes.route(
    "POST",
    "/v1/models/{name}:trace",
    body=TraceRequest,
    query=(EPOCH, *TRACE),
    answers={200: TraceAnswer},
    problems=PROBLEMS,
)
def trace_model(name: str) -> Response:
    """One step of backpropagation on a model's latest version."""
    return _trace(_version(name, None), _body(TraceRequest))


@routes.route(
    "POST",
    "/v1/models/{name}/versions/{version}:trace",
    body=TraceRequest,
    query=(EPOCH, *TRACE),
    answers={200: TraceAnswer},
    problems=PROBLEMS,
)
def trace_version(name: str, version: str) -> Response:
    """One step of backpropagation on one version of a model."""
    return _trace(_version(name, version), _body(TraceRequest))


@routes.route(
    "POST",
    "/v1/networks/{name}:trace",
    body=NetworkTraceRequest,
    query=TRACE,
    answers={200: TraceAnswer},
    problems=(404,),
)
def trace_network(name: str) -> Response:
    """One step of backpropagation on a bare network, with parameters given or with_drawn_parameters."""
    body = _body(NetworkTraceRequest)
    return _trace(network_subject(services(), name, body), body)


@routes.route(
    "POST",
    "/v1/jobs/{id}/epochs/{epoch}:gradient-check",
    body=GradientCheckRequest,
    body_optional=True,
    answers={200: GradientCheckAnswer},
    problems=PROBLEMS,
)
def check_epoch(id: str, epoch: str) -> Response:
    """Backpropagation against central differences on a job's network as it was after an epoch."""
    return _check(_epoch(id, epoch))


@routes.route(
    "POST",
    "/v1/models/{name}:gradient-check",
    body=GradientCheckRequest,
    body_optional=True,
    query=[EPOCH],
    answers={200: GradientCheckAnswer},
    problems=PROBLEMS,
)
def check_model(name: str) -> Response:
    """Backpropagation against central differences on a model's latest version."""
    return _check(_version(name, None))


@routes.route(
    "POST",
    "/v1/models/{name}/versions/{version}:gradient-check",
    body=GradientCheckRequest,
    body_optional=True,
    query=[EPOCH],
    answers={200: GradientCheckAnswer},
    problems=PROBLEMS,
)
def check_version(name: str, version: str) -> Response:
    """Backpropagation against central differences on one version of a model."""
    return _check(_version(name, version))


def _check(subject: Subject) -> Response:
    body = read_model_if_any(GradientCheckRequest, services().settings.max_json_bytes)
    with _room(subject):
        return answer(gradient_check.check_job(services(), subject, body))


@routes.route(
    "POST",
    "/v1/networks/{name}:gradient-check",
    body=NetworkGradientCheckRequest,
    body_optional=True,
    answers={200: GradientCheckAnswer},
    problems=(404,),
)
def check_network(name: str) -> Response:
    """Backpropagation against central differences on a bare network and rows with_drawn_parameters at random."""
    body = read_model_if_any(NetworkGradientCheckRequest, services().settings.max_json_bytes)
    return answer(gradient_check.check_network(services(), name, body))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/slope",
    query=[
        Query("layer", {"type": "integer", "minimum": 0}, "counted from 0", required=True),
        Query("weight", WEIGHT, "`input,unit`, counted from 0; of a normalization `unit`"),
        Query("bias", BIAS, "`unit`, in place of `weight`"),
        Query("span", {"type": "number", "exclusiveMinimum": 0, "default": 1.0}, "how far on either side"),
        Query("points", {"type": "integer", "minimum": 2, "default": 41}, "more than 1001 is taken as 1001"),
    ],
    answers={200: SlopeAnswer},
    problems=(*PROBLEMS, 413),
)
def slope(id: str, epoch: str) -> Response:
    """The loss as one parameter moves, the tangent, and the step the optimizer would take."""
    subject = _epoch(id, epoch)
    place = weight_or_bias(subject.network, *(request.args.get(name) for name in ("layer", "weight", "bias")))
    span, points = real("span", 1.0, MOST_SPAN), whole("points", 41, minimum=2, maximum=1001)
    with _room(subject):
        return answer(loss_landscape.slope(services(), subject, place, span, points))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/surface",
    query=[
        Query("x", PLACE, "`layer,input,unit` of a weight, `layer,bias,unit` of a bias, counted from 0", required=True),
        Query("y", PLACE, "another parameter", required=True),
        Query("span", {"type": "number", "exclusiveMinimum": 0}, "how far on either side; without it the path fits"),
        Query("points", {"type": "integer", "minimum": 2, "default": 25}, "by axis; more than 51 is taken as 51"),
    ],
    answers={200: SurfaceAnswer},
    problems=(*PROBLEMS, 413),
)
def surface(id: str, epoch: str) -> Response:
    """The loss over two parameters, and the path the job took over it."""
    subject = _epoch(id, epoch)
    x, y = (any_parameter(subject.network, name, request.args.get(name)) for name in ("x", "y"))
    span = real("span", 1.0, MOST_SPAN) if "span" in request.args else None
    points = whole("points", 25, minimum=2, maximum=51)
    with _room(subject):
        return answer(loss_landscape.surface(services(), subject, x, y, span, points))


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/diff/{other}",
    query=[FULL],
    answers={200: DiffAnswer},
    problems=(*PROBLEMS, 413),
)
def diff(id: str, epoch: str, other: str) -> Response:
    """What training changed from one stored epoch to another."""
    before, after = _epoch(id, epoch), _epoch(id, other)
    with _room(before):
        return answer(epoch_diff.diff(services(), before, after, flag("full")))
