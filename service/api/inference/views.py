"""The operations of the Open Inference Protocol: health, metadata, infer, and Triton's statistics and repository.

Errors here are `{"error": "text"}` (`service.api.errors`), and unknown names in the query or the body are ignored.
"""

from collections.abc import Iterable
from typing import cast

from flask import Response

from service.access.principal import Scope
from service.api.answer_headers import Header
from service.api.answers import answer
from service.api.bodies import whole_body
from service.api.context import health, model_cache, model_statistics, services
from service.api.examples import ROWS
from service.api.granted import OWNER, services_of
from service.api.inference.finding import find, wanted
from service.api.inference.infer import infer
from service.api.predicting import UNKNOWN_HEADER
from service.api.routes import TEXT, Declared, Example, Query, Routes
from service.datasets.media_types import RAW
from service.datasets.strict_json import parse_json
from service.definitions.validation import check
from service.inference.metadata import model_config, model_metadata, server_metadata
from service.inference.metadata_answers import (
    DoneAnswer,
    IndexEntry,
    InferAnswer,
    ModelConfigAnswer,
    ModelMetadataAnswer,
    ModelReadyAnswer,
    RepositoryIndex,
    ServerLiveAnswer,
    ServerMetadataAnswer,
    ServerReadyAnswer,
    StatisticsAnswer,
)
from service.inference.references import read_reference, version_text
from service.inference.request_model import InferRequest, RepositoryRequest
from service.inference.requests import HEADER
from service.inference.statistics import statistics_of
from service.models.loading import load_version
from service.store import models as stored

routes = Routes("inference", "The Open Inference Protocol, version 2, with Triton's statistics and repository.")
IGNORED = Query("*", TEXT)  # whatever clients send
TENSOR = Example(
    {"inputs": [{"name": "rows", "shape": [2, 2], "datatype": "FP64", "data": ROWS}]}, "One tensor of all columns"
)
JSON_LENGTH = Query(HEADER, {"type": "integer", "minimum": 0}, "the length of the JSON before binary tensors")
SENDS = (
    Header(HEADER, JSON_LENGTH.description),
    Header(UNKNOWN_HEADER, "how many categories were never seen in training"),
)
MODEL = "/v2/models/{name}"
VERSION = MODEL + "/versions/{version}"
REPOSITORY = "/v2/repository/models/{name}"
MOST_REPOSITORY_BYTES = 1024 * 1024


@routes.route("GET", "/v2/health/live", query=(IGNORED,), answers={200: ServerLiveAnswer}, scope=None)
def server_live() -> Response:
    """Return that this process is alive."""
    return answer({"live": True})


@routes.route(
    "GET", "/v2/health/ready", query=(IGNORED,), answers={200: ServerReadyAnswer, 503: ServerReadyAnswer}, scope=None
)
def server_ready() -> Response:
    """Return whether predictions are answered: 503 without the database."""
    found = health().readiness()
    if found.status != "unavailable":
        return answer({"ready": True, "live": True})
    wrong = "; ".join(f"{name}: {check.detail}" for name, check in found.checks.items() if not check.ok)
    return answer({"ready": False, "live": True, "error": f"the service is not ready: {wrong}"}, 503)


@routes.route("GET", "/v2", query=(IGNORED,), answers={200: ServerMetadataAnswer}, scope=Declared.ANY)
def read_server() -> Response:
    """Return the name, the version and the extensions of the service."""
    return answer(server_metadata())


def _metadata(name: str, version: str | None) -> Response:
    trained = find(name, version, {}).trained
    with services_of(name).database.read() as connection:
        numbers = stored.list_numbers(connection, name)
    return answer(model_metadata(trained, numbers, services().settings.max_json_bytes))


@routes.route("GET", MODEL, query=(OWNER, IGNORED), answers={200: ModelMetadataAnswer}, problems=(404, 409))
def read_model_metadata(name: str) -> Response:
    """Return the versions, inputs and outputs of a model."""
    return _metadata(name, None)


@routes.route("GET", VERSION, query=(OWNER, IGNORED), answers={200: ModelMetadataAnswer}, problems=(404, 409))
def read_version_metadata(name: str, version: str) -> Response:
    """Return the inputs and outputs of one version."""
    return _metadata(name, version)


def _ready(name: str, version: str | None) -> Response:
    found = find(name, version, {})
    return answer({"name": name, "version": version_text(found.trained, found.reference), "ready": True})


@routes.route("GET", MODEL + "/ready", query=(OWNER, IGNORED), answers={200: ModelReadyAnswer}, problems=(404, 409))
def model_ready(name: str) -> Response:
    """Return that a model can be asked; its network is in memory afterwards."""
    return _ready(name, None)


@routes.route("GET", VERSION + "/ready", query=(OWNER, IGNORED), answers={200: ModelReadyAnswer}, problems=(404, 409))
def version_ready(name: str, version: str) -> Response:
    """Return that one version can be asked; its network is in memory afterwards."""
    return _ready(name, version)


def _config(name: str, version: str | None) -> Response:
    return answer(model_config(find(name, version, {}).trained, services().settings.max_json_bytes))


@routes.route("GET", MODEL + "/config", query=(OWNER, IGNORED), answers={200: ModelConfigAnswer}, problems=(404, 409))
def read_model_config(name: str) -> Response:
    """Return a model as Triton's configuration describes it."""
    return _config(name, None)


@routes.route("GET", VERSION + "/config", query=(OWNER, IGNORED), answers={200: ModelConfigAnswer}, problems=(404, 409))
def read_version_config(name: str, version: str) -> Response:
    """Return one version as Triton's configuration describes it."""
    return _config(name, version)


@routes.route(
    "POST",
    MODEL + "/infer",
    body=InferRequest,
    examples=[TENSOR],
    files=(RAW,),
    query=(OWNER, IGNORED),
    answers={200: (InferAnswer, RAW)},
    headers=(JSON_LENGTH,),
    sends=SENDS,
    problems=(404, 409),
    scope=Scope.PREDICT,
)
def infer_model(name: str) -> Response:
    """Predict with the version that a model's name means."""
    return infer(name, None)


@routes.route(
    "POST",
    VERSION + "/infer",
    body=InferRequest,
    examples=[TENSOR],
    files=(RAW,),
    query=(OWNER, IGNORED),
    answers={200: (InferAnswer, RAW)},
    headers=(JSON_LENGTH,),
    sends=SENDS,
    problems=(404, 409),
    scope=Scope.PREDICT,
)
def infer_version(name: str, version: str) -> Response:
    """Predict with one version, `3`, or with its network after an epoch of its job, `3@12`."""
    return infer(name, version)


def _statistics(versions: Iterable[tuple[str, int]]) -> Response:
    tenant = cast(int, services().tenant)
    return answer(statistics_of(model_statistics().of_tenant(tenant), tenant, versions))


@routes.route("GET", "/v2/models/stats", query=(IGNORED,), answers={200: StatisticsAnswer})
def read_all_statistics() -> Response:
    """Return what was counted of all versions of all models since the service was started."""
    with services().database.read() as connection:
        return _statistics(stored.list_all_versions(connection))


@routes.route("GET", MODEL + "/stats", query=(IGNORED,), answers={200: StatisticsAnswer}, problems=(404,))
def read_model_statistics(name: str) -> Response:
    """Return what was counted of each version of a model since the service was started."""
    with services().database.read() as connection:
        return _statistics([(name, number) for number in stored.list_numbers(connection, name)])


@routes.route("GET", VERSION + "/stats", query=(IGNORED,), answers={200: StatisticsAnswer}, problems=(404, 409))
def read_version_statistics(name: str, version: str) -> Response:
    """Return what was counted of one version since the service was started."""
    number = wanted(read_reference(version, {}))
    with services().database.read() as connection:
        return _statistics([(name, stored.find_version(connection, name, number).version)])


@routes.route(
    "POST",
    "/v2/repository/index",
    body=RepositoryRequest,
    body_optional=True,
    examples=[Example({"ready": True})],
    query=(IGNORED,),
    answers={200: RepositoryIndex},
    scope=Scope.READ,
)
def read_index() -> Response:
    """Return all versions of all models; each can be asked."""
    _read_parameters()
    with services().database.read() as connection:
        versions = stored.list_all_versions(connection)
    return answer([_entry(name, number) for name, number in versions])


def _entry(name: str, number: int) -> IndexEntry:
    return {"name": name, "version": str(number), "state": "READY", "reason": ""}


def _read_parameters() -> None:
    """Read the body, whose fields have no effect, so that one that is not as documented is refused."""
    body = whole_body(MOST_REPOSITORY_BYTES)
    if body.strip():
        check(RepositoryRequest, parse_json(body))


@routes.route(
    "POST",
    REPOSITORY + "/load",
    body=RepositoryRequest,
    body_optional=True,
    examples=[Example({})],
    query=(IGNORED,),
    answers={200: DoneAnswer},
    problems=(404, 409),
    scope=Scope.PREDICT,
)
def load_model(name: str) -> Response:
    """Read a model's network into the memory of the process that answers."""
    _read_parameters()
    load_version(services(), model_cache(), name, None)
    return answer({})


@routes.route(
    "POST",
    REPOSITORY + "/unload",
    body=RepositoryRequest,
    body_optional=True,
    examples=[Example({})],
    query=(IGNORED,),
    answers={200: DoneAnswer},
    problems=(404,),
    scope=Scope.PREDICT,
)
def unload_model(name: str) -> Response:
    """Drop a model's networks from the memory of the process that answers; the next request reads them again."""
    _read_parameters()
    with services().database.read() as connection:
        stored.list_numbers(connection, name)
    model_cache().drop(services().tenant, name)
    return answer({})
