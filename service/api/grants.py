"""`/v1/models/{name}/grants`: which other tenants may describe a model and predict with it."""

from datetime import datetime
from typing import Literal

from flask import Response
from typing_extensions import TypedDict

from service.access.principal import Scope
from service.api import freshness
from service.api.answer_headers import LOCATION
from service.api.answers import answer
from service.api.bodies import read_model
from service.api.context import services
from service.api.routes import Example, Routes
from service.api.schemas import ListAnswer
from service.definitions.base import answer_model
from service.definitions.tenants import GrantRequest
from service.errors import Invalid
from service.store import grants, models, tenants
from service.store.model_records import GrantRecord

routes = Routes("grants", "Which other tenants may predict with a model.")


@answer_model
class GrantAnswer(TypedDict):
    """Another tenant that may describe a model and predict with it."""

    object: Literal["grant"]
    model: str
    tenant: str
    created_at: datetime


def _describe(model: str, grant: GrantRecord) -> GrantAnswer:
    return {"object": "grant", "model": model, "tenant": grant.tenant, "created_at": grant.created_at}


@routes.route(
    "POST",
    "/v1/models/{name}/grants",
    body=GrantRequest,
    examples=[Example({"tenant": "school"})],
    answers={200: GrantAnswer, 201: GrantAnswer},
    sends=(LOCATION,),
    problems=(404, 409),
    creates=True,
    scope=Scope.ADMIN,
)
def create_grant(name: str) -> Response:
    """Let another tenant describe a model and predict with it, whatever versions it will have."""
    with services().database.read() as connection:
        models.number_of(connection, name)
    wanted = read_model(GrantRequest, services().settings.max_json_bytes).tenant
    with services().database.begin() as connection:
        tenant = tenants.find_tenant(connection, wanted)
        if tenant is None:
            raise Invalid.at("#/tenant", f"there is no tenant named `{wanted}`")
        grant, is_new = grants.add_grant(connection, name, tenant)
    freshness.announce()
    headers = {"Location": f"/v1/models/{name}/grants/{grant.tenant}"}
    return answer(_describe(name, grant), 201 if is_new else 200, headers)


@routes.route(
    "GET",
    "/v1/models/{name}/grants",
    answers={200: ListAnswer[GrantAnswer]},
    problems=(404,),
    scope=Scope.ADMIN,
)
def list_grants(name: str) -> Response:
    """List the other tenants that may predict with a model, by name."""
    with services().database.read() as connection:
        found = grants.list_grants(connection, name)
    data = [_describe(name, grant) for grant in found]
    first, last = (data[0]["tenant"], data[-1]["tenant"]) if data else (None, None)
    body: ListAnswer[GrantAnswer] = {
        "object": "list",
        "data": data,
        "has_more": False,
        "first_id": first,
        "last_id": last,
    }
    return answer(body)


@routes.route("DELETE", "/v1/models/{name}/grants/{tenant}", answers={204: None}, problems=(404,), scope=Scope.ADMIN)
def delete_grant(name: str, tenant: str) -> Response:
    """Take a model back from another tenant, at its next request."""
    services().ending(lambda connection: grants.delete_grant(connection, name, tenant))
    freshness.announce()
    return Response(status=204)
