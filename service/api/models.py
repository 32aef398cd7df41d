"""`/v1/models`: trained networks by name. Predictions are in `service.api.predicting`."""

from flask import Response

from service.access.principal import Scope
from service.api.answers import answer, page, record_page
from service.api.context import services
from service.api.routes import PAGE, Routes
from service.api.schemas import ListAnswer
from service.models import views
from service.models.answers import ModelAnswer, VersionAnswer
from service.store import models as stored

routes = Routes("models")


@routes.route("GET", "/v1/models", query=PAGE, answers={200: ListAnswer[ModelAnswer]}, problems=(404,))
def list_models() -> Response:
    """List the models, newest first."""
    with services().database.read(snapshot=True) as connection:
        found = stored.list_models(connection, page("model"))
        answers = views.describe_all(connection, found.data)
    return record_page(found, answers, "model", lambda model: model.name)


@routes.route("GET", "/v1/models/{name}", answers={200: ModelAnswer}, problems=(404,))
def get_model(name: str) -> Response:
    """Return the model's versions and an example body for predictions."""
    return answer(views.read(services(), name))


@routes.route("DELETE", "/v1/models/{name}", answers={204: None}, problems=(404, 409), scope=Scope.TRAIN)
def delete_model(name: str) -> Response:
    """Delete a model with all its versions."""
    services().ending(lambda connection: stored.delete_model(connection, name))
    return Response(status=204)


@routes.route("GET", "/v1/models/{name}/versions/{version}", answers={200: VersionAnswer}, problems=(404,))
def get_version(name: str, version: str) -> Response:
    """Return one version of a model."""
    return answer(views.read_version(services(), name, version))
