"""`/v1/audit`: who changed what."""

from flask import Response, request

from service.access.principal import Scope
from service.api.answers import limit, listing, whole
from service.api.context import all_services, principal
from service.api.key_answers import ChangeAnswer, describe_change
from service.api.other_tenants import TENANT, services_of_tenant
from service.api.routes import PAGE, TEXT, Query, Routes
from service.api.schemas import ListAnswer
from service.store import audit
from service.store.records import Page

routes = Routes("audit", "Who changed what.")
LARGEST = 2**63 - 1


@routes.route(
    "GET",
    "/v1/audit",
    query=[
        PAGE[0],
        Query("after", TEXT, "the `last_id` of the page before"),
        Query("key", TEXT, "the id of a key"),
        TENANT,
    ],
    answers={200: ListAnswer[ChangeAnswer]},
    problems=(404,),
    scope=Scope.ADMIN,
)
def list_changes() -> Response:
    """List who changed what, newest first: in one's own tenant, for the operator in all or in one."""
    page = Page(limit(), position=whole("after", LARGEST, minimum=1, maximum=LARGEST))
    tenant = request.args.get("tenant")
    seen = all_services() if tenant is None and principal().is_operator else services_of_tenant(tenant)
    with seen.database.read() as connection:
        found = audit.list_changes(connection, page, request.args.get("key"))
    return listing([describe_change(record) for record in found.data], found.has_more, lambda item: item["id"])
