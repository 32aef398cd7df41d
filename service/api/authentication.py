"""Finds out who makes a request, before anything else of it is read.

A request carries a key in `Authorization: Bearer bp_...`, or the cookie of a session. Nothing is taken from the URL,
which is kept in logs and histories: a page reads an event stream with `fetch`, or with the cookie of a session.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import current_app, g, request

from service.access.keyring import WORDS, KeyRing
from service.access.principal import ANYBODY, Principal
from service.access.sessions import is_csrf_token
from service.access.tokens import id_of
from service.errors import Forbidden, Unauthenticated
from service.store.keys import KeyKind
from service.web.origins import read_origin

COOKIE = "backprop_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SENT = frozenset({KeyKind.KEY, KeyKind.SHARE})


def keyring() -> KeyRing:
    """Return the keys that are valid now."""
    return cast(KeyRing, current_app.extensions["keyring"])


def identify() -> None:
    """Set who makes this request, or refuse it; operations that are open to everybody are not looked at."""
    if request.method != "OPTIONS" and request.endpoint not in current_app.extensions["open_endpoints"]:
        g.principal = who()


def who() -> Principal:
    """Return who makes this request.

    Raises
    ------
    Unauthenticated
        When it carries no valid key.
    Forbidden
        When its key is limited to pages of other origins, or the CSRF token is missing.
    """
    ring = keyring()
    if not ring.asks:
        return ANYBODY
    if "HTTP_AUTHORIZATION" not in request.environ and COOKIE in request.cookies:
        return _of_session(ring, request.cookies[COOKIE])
    text = bearer_of(request.environ)
    found = ring.principal_of(text, SENT)
    _check_origin(found)
    g.recognised = id_of(text)
    return found


def still_valid() -> Callable[[], bool]:
    """Return a function that says whether the key of this request is still valid, for answers that go on for long."""
    ring, id = keyring(), g.get("recognised")
    if id is None:
        return lambda: not ring.asks
    return lambda: ring.is_live(id)


def check_still_valid() -> None:
    """Raise `Unauthenticated` when the key of this request, which has waited, is no longer valid."""
    if not still_valid()():
        raise Unauthenticated(WORDS)


def bearer_of(environ: Mapping[str, Any]) -> str:
    """Return the key of the header; empty, which is no key, for another scheme or none."""
    scheme, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _of_session(ring: KeyRing, cookie: str) -> Principal:
    found = ring.principal_of(cookie, frozenset({KeyKind.SESSION}))
    if request.method not in SAFE_METHODS and not is_csrf_token(request.headers.get(CSRF_HEADER, ""), cookie):
        raise Forbidden(
            f"a request of a session that changes something carries the header {CSRF_HEADER}, with the `csrf_token` "
            "that `GET /v1/session` answers"
        )
    g.recognised = id_of(cookie)
    return found


def _check_origin(found: Principal) -> None:
    if found.origins is None:
        return
    sent = request.headers.get("Origin")
    if sent is None or str(read_origin(sent)) not in found.origins:
        shown = "none" if sent is None else f"`{sent[:80]}`"
        raise Forbidden(f"this key is limited to pages of {', '.join(found.origins)}; the header Origin is {shown}")


def check_metrics() -> None:
    """Raise unless this request may see the metrics: the operator's, or one with the token that was set for them."""
    token = keyring().settings.metrics_token
    if token and hmac.compare_digest(bearer_of(request.environ).encode("utf-8", "surrogateescape"), token.encode()):
        return
    if token and not keyring().asks:
        raise Unauthenticated("metrics need the token of BACKPROP_METRICS_TOKEN: `Authorization: Bearer TOKEN`")
    if not who().is_operator:
        raise Forbidden("metrics are for the operator: an admin of the tenant `default`, or BACKPROP_METRICS_TOKEN")
