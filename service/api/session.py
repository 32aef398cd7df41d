"""`/v1/session`: the dashboard signs in with a key, which becomes a cookie that no script can read."""

from flask import Response, g, request

from service.access import sessions
from service.access.principal import Principal
from service.api.answer_headers import CLEAR_SITE_DATA
from service.api.answers import answer
from service.api.authentication import COOKIE, SENT, keyring
from service.api.bodies import read_model
from service.api.context import all_services, principal, services
from service.api.examples import KEY
from service.api.key_answers import SessionAnswer
from service.api.routes import Declared, Example, Routes
from service.api.secret_answers import MAX_BYTES, NO_STORE
from service.definitions.keys import SessionRequest
from service.errors import Forbidden
from service.store import audit, keys
from service.store.audit import Actor

routes = Routes("session", "Signing in to the dashboard with a key.")
PATH = "/v1/session"


def _describe(found: Principal, cookie: str | None) -> SessionAnswer:
    return {
        "object": "session",
        "key": found.key_id,
        "tenant": found.tenant_name,
        "scopes": sorted(found.scopes),
        "job": found.job,
        "csrf_token": None if cookie is None else sessions.csrf_token(cookie),
    }


@routes.route(
    "POST",
    PATH,
    body=SessionRequest,
    examples=[Example({"key": KEY})],
    answers={200: SessionAnswer},
    problems=(401, 403),
    scope=None,
)
def begin_session() -> Response:
    """Sign in with a key: the answer sets a cookie for twelve hours, which ends with the key."""
    found = keyring().principal_of(read_model(SessionRequest, MAX_BYTES).key, SENT)
    if found.origins is not None:
        raise Forbidden("a key limited to pages of some origins cannot sign in; it is sent with each request")
    actor = Actor(found.key_id, "begin_session", PATH, g.request_id)
    with all_services().scoped(found.tenant).database.recording(audit.recorder_of(actor)).begin() as connection:
        made = sessions.begin(connection, keys.get_key(connection, str(found.key_id)))
    keyring().changes.look_again()
    response = answer(_describe(found, made.token.text), headers=NO_STORE)
    seconds = int(sessions.LIVES.total_seconds())
    response.set_cookie(
        COOKIE, made.token.text, max_age=seconds, path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return response


@routes.route("GET", PATH, answers={200: SessionAnswer}, scope=Declared.ANY)
def get_session() -> Response:
    """Return who is signed in, with the CSRF token of the session."""
    cookie = request.cookies.get(COOKIE) if keyring().asks and "Authorization" not in request.headers else None
    return answer(_describe(principal(), cookie), headers=NO_STORE)


@routes.route("DELETE", PATH, answers={204: None}, sends=(CLEAR_SITE_DATA,), scope=Declared.ANY)
def end_session() -> Response:
    """Sign out: the cookie is worth nothing afterwards."""
    if "Authorization" not in request.headers and (cookie := request.cookies.get(COOKIE)):
        services().ending(lambda connection: sessions.end(connection, cookie))
        keyring().changes.look_again()
    response = Response(status=204)
    response.delete_cookie(COOKIE, path="/", secure=request.is_secure, httponly=True, samesite="Strict")
    response.headers[CLEAR_SITE_DATA.name] = '"cache"'  # else the browser holds answers that the next person could read
    return response
