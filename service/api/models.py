"""`/v1/models`: trained networks by name. Predictions are in `service.api.predicting`."""

from contextlib import suppress
from typing import cast

from flask import Response, request

from service.access.principal import Scope
from service.api import freshness
from service.api.answers import answer, flag, page, record_page
from service.api.context import all_services, services
from service.api.fields import FIELDS_QUERY, Wanted, picked, wanted_fields
from service.api.granted import OWNER, services_of
from service.api.routes import BOOLEAN, PAGE, Query, Routes
from service.api.schemas import ListAnswer
from service.errors import NotFound
from service.models import views
from service.models.answers import ModelAnswer, VersionAnswer
from service.services import Services
from service.store import grants, model_removal
from service.store import models as stored

routes = Routes("models", "Trained networks by name; each success of a job adds a version.")


GRANTED = Query("granted", BOOLEAN, "those that other tenants have granted, by `owner`")
UNNAMED = Query("unnamed", BOOLEAN, "also those that jobs made whose request named no model")


@routes.route(
    "GET",
    "/v1/models",
    query=[*PAGE, GRANTED, UNNAMED, FIELDS_QUERY],
    answers={200: ListAnswer[ModelAnswer]},
    problems=(404,),
)
def list_models() -> Response:
    """List the models, newest first; with `?granted=true` those of other tenants that this one may predict with."""
    wanted = wanted_fields(ModelAnswer)
    if flag("granted"):
        return _list_granted(wanted)
    with services().database.read(snapshot=True) as connection:
        found = stored.list_models(connection, page("model"), flag("unnamed"))
        answers = views.describe_all(connection, found.data)
    freshness.announce_recent(version["created_at"] for model in answers for version in model["versions"][-1:])
    return record_page(found, [picked(each, wanted) for each in answers], "model", lambda model: model.name)


def _list_granted(wanted: Wanted | None) -> Response:
    with services().database.read() as connection:
        found = grants.list_granted(connection, cast(int, services().tenant), page("model"))
    described = []
    for model in found.data:
        with suppress(NotFound):  # deleted meanwhile
            described.append(_described(model.name, all_services().scoped(model.tenant), model.owner))
    shown = [picked(each, wanted) for each in described]
    return record_page(found, shown, "model", lambda model: f"{model.owner}/{model.name}")


def _described(name: str, owner: Services, owner_name: str | None) -> ModelAnswer:
    """Describe a model of the tenant that `owner` is scoped to, which is another one if `owner_name` is given."""
    described = views.read(owner, name)
    freshness.announce_recent(version["created_at"] for version in described["versions"][-1:])
    return described if owner_name is None else {**described, "owner": owner_name}


@routes.route("GET", "/v1/models/{name}", query=[OWNER, FIELDS_QUERY], answers={200: ModelAnswer}, problems=(404,))
def get_model(name: str) -> Response:
    """Return the model's versions and an example body for predictions."""
    wanted = wanted_fields(ModelAnswer)
    return answer(picked(_described(name, services_of(name), request.args.get("owner")), wanted))


@routes.route("DELETE", "/v1/models/{name}", answers={204: None}, problems=(404, 409), scope=Scope.TRAIN)
def delete_model(name: str) -> Response:
    """Delete a model with all its versions."""
    services().ending(lambda connection: model_removal.delete_model(connection, name))
    freshness.announce()
    return Response(status=204)


@routes.route(
    "GET",
    "/v1/models/{name}/versions/{version}",
    query=[OWNER, FIELDS_QUERY],
    answers={200: VersionAnswer},
    problems=(404,),
)
def get_version(name: str, version: str) -> Response:
    """Return one version of a model, by its number or an alias."""
    wanted = wanted_fields(VersionAnswer)
    described = views.read_version(services_of(name), name, version)
    freshness.announce_recent([described["created_at"]])
    return answer(picked(described, wanted))
