"""`/v1/jobs/{id}/shares`: tokens that read one job, its epochs, events, layers and traces, and nothing else."""

from flask import Response

from service.access import keys as access
from service.access.principal import Scope
from service.api.answer_headers import LOCATION
from service.api.answers import answer, page, record_page
from service.api.authentication import keyring
from service.api.bodies import read_model_if_any
from service.api.context import services
from service.api.key_answers import ShareAnswer, describe_share
from service.api.routes import PAGE, Example, Routes
from service.api.schemas import ListAnswer
from service.api.secret_answers import MAX_BYTES, NO_STORE, refuse_idempotency_key
from service.definitions.keys import ShareRequest, expiry_of
from service.store import keys
from service.store.database import Connection
from service.store.keys import KeyKind

routes = Routes("shares", "Tokens that read one job and nothing else.")


@routes.route(
    "POST",
    "/v1/jobs/{id}/shares",
    body=ShareRequest,
    examples=[Example({"name": "seminar", "expires": "7d"})],
    body_optional=True,
    answers={201: ShareAnswer},
    sends=(LOCATION,),
    problems=(404,),
    scope=Scope.TRAIN,
)
def share_job(id: str) -> Response:
    """Make a token that reads this job; its text is in this answer alone."""
    refuse_idempotency_key()
    with services().database.read() as connection:
        keys.check_job(connection, id)
    body = read_model_if_any(ShareRequest, MAX_BYTES)
    with services().database.begin() as connection:
        made = access.share(connection, id, body.name, expiry_of(body.expires))
    keyring().changes.look_again()
    described: ShareAnswer = {**describe_share(made.record), "token": made.token.text}
    return answer(described, 201, {"Location": f"/v1/jobs/{id}/shares/{made.record.id}", **NO_STORE})


@routes.route(
    "GET",
    "/v1/jobs/{id}/shares",
    query=PAGE,
    answers={200: ListAnswer[ShareAnswer]},
    problems=(404,),
    scope=Scope.TRAIN,
)
def list_shares(id: str) -> Response:
    """List the tokens that read this job, newest first; their texts are not known."""
    with services().database.read() as connection:
        keys.check_job(connection, id)
        found = keys.list_keys(connection, page("share"), (KeyKind.SHARE,), id)
    return record_page(found, [describe_share(record) for record in found.data], "share", lambda record: record.id)


@routes.route("DELETE", "/v1/jobs/{id}/shares/{share}", answers={204: None}, problems=(404,), scope=Scope.TRAIN)
def revoke_share(id: str, share: str) -> Response:
    """Revoke a token that reads this job."""

    def revoke(connection: Connection) -> None:
        keys.check_job(connection, id)
        access.revoke(connection, share, job=id)

    services().ending(revoke)
    keyring().changes.look_again()
    return Response(status=204)
