"""`/v1/keys`: keys of one's own tenant, or for the operator of any."""

from collections.abc import Sequence

from flask import Response, request

from service.access import keys as access
from service.access.principal import Scope
from service.api.answer_headers import LOCATION
from service.api.answers import answer, page, record_page
from service.api.authentication import keyring
from service.api.bodies import read_model, read_model_if_any
from service.api.context import principal
from service.api.key_answers import KeyAnswer, describe_key, describe_made
from service.api.other_tenants import TENANT, services_of_tenant
from service.api.routes import PAGE, Example, Routes
from service.api.schemas import ListAnswer
from service.api.secret_answers import MAX_BYTES, NO_STORE, refuse_idempotency_key
from service.definitions.keys import KeyRequest, RotateRequest, duration_of
from service.errors import Forbidden
from service.store import keys

routes = Routes("keys", "Keys, their scopes and restrictions.")


@routes.route(
    "POST",
    "/v1/keys",
    body=KeyRequest,
    examples=[Example({"name": "page", "scopes": ["read", "predict"], "expires": "90d"})],
    answers={201: KeyAnswer},
    sends=(LOCATION,),
    problems=(404,),
    scope=Scope.ADMIN,
)
def create_key() -> Response:
    """Make a key; its text is in this answer alone."""
    refuse_idempotency_key()
    body = read_model(KeyRequest, MAX_BYTES)
    _check_has(body.scopes)
    spec = access.spec_of(body)
    with services_of_tenant(body.tenant).database.begin() as connection:
        made = access.create(connection, spec)
    keyring().changes.look_again()
    return answer(describe_made(made), 201, {"Location": f"/v1/keys/{made.record.id}", **NO_STORE})


def _check_has(scopes: Sequence[str]) -> None:
    for scope in scopes:
        if not principal().may(Scope(scope)):
            raise Forbidden(f"this key lacks the scope `{scope}`, so it cannot make a key that has it")


@routes.route(
    "GET", "/v1/keys", query=[*PAGE, TENANT], answers={200: ListAnswer[KeyAnswer]}, problems=(404,), scope=Scope.ADMIN
)
def list_keys() -> Response:
    """List the keys, newest first, revoked and expired ones too; texts are not known."""
    with services_of_tenant(request.args.get("tenant")).database.read() as connection:
        found = keys.list_keys(connection, page("key"))
    return record_page(found, [describe_key(record) for record in found.data], "key", lambda record: record.id)


@routes.route("GET", "/v1/keys/{id}", query=[TENANT], answers={200: KeyAnswer}, problems=(404,), scope=Scope.ADMIN)
def get_key(id: str) -> Response:
    """Return a key, without its text."""
    with services_of_tenant(request.args.get("tenant")).database.read() as connection:
        return answer(describe_key(access.find(connection, id)))


@routes.route("DELETE", "/v1/keys/{id}", query=[TENANT], answers={204: None}, problems=(404,), scope=Scope.ADMIN)
def revoke_key(id: str) -> Response:
    """Revoke a key, at once here and within a second everywhere; the sessions signed in with it end."""
    services_of_tenant(request.args.get("tenant")).ending(lambda connection: access.revoke(connection, id))
    keyring().changes.look_again()
    return Response(status=204)


@routes.route(
    "POST",
    "/v1/keys/{id}:rotate",
    body=RotateRequest,
    examples=[Example({"overlap": "1h"})],
    body_optional=True,
    query=[TENANT],
    answers={201: KeyAnswer},
    sends=(LOCATION,),
    problems=(404, 409),
    scope=Scope.ADMIN,
)
def rotate_key(id: str) -> Response:
    """Make a key that replaces another, which goes on for a day or the `overlap`."""
    refuse_idempotency_key()
    there = services_of_tenant(request.args.get("tenant"))
    with there.database.read() as connection:
        access.check_can_rotate(connection, id)
    body = read_model_if_any(RotateRequest, MAX_BYTES)
    with there.database.begin() as connection:
        made, _ = access.rotate(connection, id, duration_of(body.overlap))
    keyring().changes.look_again()
    return answer(describe_made(made), 201, {"Location": f"/v1/keys/{made.record.id}", **NO_STORE})
