"""`/v1/models`: trained networks by name, and their predictions."""

from flask import Response, request

from service.api.answers import answer, page, record_page
from service.api.context import model_cache, services
from service.api.predicting import predict_request
from service.api.routes import PAGE, TEXT, Query, Routes
from service.api.schemas import ListAnswer, ModelAnswer, PredictAnswer, VersionAnswer
from service.datasets.media_types import CSV, NPZ
from service.definitions.requests import PredictRequest
from service.models import views
from service.models.loading import load_version
from service.store import models as stored

routes = Routes("models")
FORMAT = Query("format", {"enum": ["json", "csv", "npz"]})
EPOCH = Query("epoch", TEXT, "the network as it was after that epoch: a number, `best` or `last`")


@routes.route("GET", "/v1/models", query=PAGE, answers={200: ListAnswer}, problems=(404,))
def list_models() -> Response:
    """The models, newest first."""
    with services().database.read(snapshot=True) as connection:
        found = stored.list_models(connection, page("model"))
    return record_page(found, [views.describe(model) for model in found.data], "model", lambda model: model.name)


@routes.route("GET", "/v1/models/{name}", answers={200: ModelAnswer}, problems=(404,))
def get_model(name: str) -> Response:
    """One model: its versions, and a body that predict takes."""
    return answer(views.read(services(), name))


@routes.route("DELETE", "/v1/models/{name}", answers={204: None}, problems=(404, 409))
def delete_model(name: str) -> Response:
    """Remove a model with all its versions."""
    with services().database.begin() as connection:
        stored.delete_model(connection, name)
    return Response(status=204)


@routes.route("GET", "/v1/models/{name}/versions/{version}", answers={200: VersionAnswer}, problems=(404,))
def get_version(name: str, version: str) -> Response:
    """One version of a model."""
    return answer(views.read_version(services(), name, version))


@routes.route(
    "POST",
    "/v1/models/{name}:predict",
    body=PredictRequest,
    files=(CSV, NPZ),
    query=[EPOCH, FORMAT],
    answers={200: (PredictAnswer, CSV, NPZ)},
    problems=(404, 409),
)
def predict(name: str) -> Response:
    """Predict with a model's latest version."""
    return _predict(name, None)


@routes.route(
    "POST",
    "/v1/models/{name}/versions/{version}:predict",
    body=PredictRequest,
    files=(CSV, NPZ),
    query=[EPOCH, FORMAT],
    answers={200: (PredictAnswer, CSV, NPZ)},
    problems=(404, 409),
)
def predict_version(name: str, version: str) -> Response:
    """Predict with one version of a model."""
    return _predict(name, views.version_number(version))


def _predict(name: str, version: int | None) -> Response:
    return predict_request(load_version(services(), model_cache(), name, version, request.args.get("epoch")))
