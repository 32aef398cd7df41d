"""`/v1/tenants`: who data and keys belong to; for the operator alone."""

from datetime import datetime
from typing import Literal

from flask import Response
from typing_extensions import TypedDict

from service.access import tenants as work
from service.access.principal import Scope
from service.api import freshness
from service.api.answer_headers import LOCATION
from service.api.answers import answer, flag, page, record_page
from service.api.authorization import check_operator
from service.api.bodies import read_model
from service.api.context import services
from service.api.limiting import see_changes
from service.api.routes import BOOLEAN, PAGE, Example, Query, Routes
from service.api.schemas import ListAnswer
from service.definitions.base import answer_model
from service.definitions.limits import LimitsRequest
from service.definitions.tenants import TenantRequest
from service.store import limits, tenants
from service.store.records import TenantRecord

routes = Routes("tenants", "Who data and keys belong to, and the limits of each; for the operator alone.")


@answer_model
class TenantAnswer(TypedDict):
    """A tenant."""

    name: str
    object: Literal["tenant"]
    created_at: datetime
    weight: float
    limits: dict[str, float]  # those of its own; `GET /v1/usage` shows which are in force


def describe(tenant: TenantRecord) -> TenantAnswer:
    """Describe a tenant as the operator reads it."""
    return {
        "name": tenant.name,
        "object": "tenant",
        "created_at": tenant.created_at,
        "weight": tenant.weight,
        "limits": tenant.limits,
    }


@routes.route(
    "POST",
    "/v1/tenants",
    body=TenantRequest,
    examples=[Example({"name": "class-7"})],
    answers={201: TenantAnswer},
    sends=(LOCATION,),
    problems=(409,),
    creates=True,
    scope=Scope.ADMIN,
)
def create_tenant() -> Response:
    """Make a tenant."""
    check_operator()
    body = read_model(TenantRequest, services().settings.max_json_bytes)
    with services().database.begin() as connection:
        made = tenants.add_tenant(connection, body.name)
    return answer(describe(made), 201, {"Location": f"/v1/tenants/{made.name}"})


@routes.route(
    "GET", "/v1/tenants", query=PAGE, answers={200: ListAnswer[TenantAnswer]}, problems=(404,), scope=Scope.ADMIN
)
def list_tenants() -> Response:
    """List the tenants, newest first."""
    check_operator()
    with services().database.read() as connection:
        found = tenants.list_tenants(connection, page("tenant"))
    return record_page(found, [describe(each) for each in found.data], "tenant", lambda each: each.name)


@routes.route("GET", "/v1/tenants/{name}", answers={200: TenantAnswer}, problems=(404,), scope=Scope.ADMIN)
def get_tenant(name: str) -> Response:
    """Return a tenant."""
    check_operator()
    with services().database.read() as connection:
        return answer(describe(tenants.get_tenant(connection, name)))


@routes.route(
    "PATCH",
    "/v1/tenants/{name}",
    body=LimitsRequest,
    examples=[Example({"weight": 2, "epochs": 500, "requests_per_second": None})],
    answers={200: TenantAnswer},
    problems=(404,),
    creates=True,
    scope=Scope.ADMIN,
)
def limit_tenant(name: str) -> Response:
    """Change a tenant's limits and its share of the workers; what is left out stays, null takes a limit away."""
    check_operator()
    body = read_model(LimitsRequest, services().settings.max_json_bytes)
    with services().database.begin() as connection:
        limits.change(connection, tenants.number_of(connection, name), body.changes(), body.weight)
        changed = tenants.get_tenant(connection, name)
    see_changes()
    return answer(describe(changed))


@routes.route(
    "DELETE",
    "/v1/tenants/{name}",
    query=[Query("purge", BOOLEAN, "also delete what the tenant has")],
    answers={204: None},
    problems=(404, 409),
    scope=Scope.ADMIN,
)
def delete_tenant(name: str) -> Response:
    """Delete a tenant; with `?purge=true` also its jobs, data, models and keys, once its running jobs have stopped."""
    check_operator()
    work.delete(services(), name, flag("purge"))
    freshness.announce()
    return Response(status=204)
