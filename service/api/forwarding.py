"""What proxies say of a request: `X-Forwarded-*` counts when the peer is a trusted proxy, and is removed otherwise."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from service.web.proxies import TrustedProxies, read_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED_BY = "backprop.forwarded"  # in the environment: the first header that shows that a proxy sent the request
FOR, PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"
BELIEVED = (FOR, PROTO, "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")
# these only show that there is a proxy; a proxy that writes X-Forwarded-* may pass a client's own `Forwarded` on
MARKS = (*BELIEVED, "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_X_FORWARDED_SERVER")


class Forwarding:
    """WSGI middleware that replaces peer, scheme and host by those that a trusted proxy names.

    werkzeug's `ProxyFix` believes a fixed number of hops, whoever the peer is; here it is called only when the
    peer is trusted, and is given the one client that `TrustedProxies.client_of` finds.
    """

    def __init__(self, app: "WSGIApplication", proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies
        self._fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=1)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        marks = [name for name in MARKS if name in environ]
        if not marks:
            return self._app(environ, start_response)
        environ[FORWARDED_BY] = marks[0].removeprefix("HTTP_").replace("_", "-").title()
        if not self._proxies.trust(read_address(environ.get("REMOTE_ADDR", ""))):
            for name in marks:
                del environ[name]
            return self._app(environ, start_response)
        client = self._proxies.client_of(environ.pop(FOR, "").split(","))
        if client is not None:
            environ[FOR] = str(client)
        if environ.get(PROTO, "").rpartition(",")[2].strip().lower() not in ("http", "https"):
            environ.pop(PROTO, None)
        return self._fixed(environ, start_response)


def original_host(environ: "WSGIEnvironment") -> str | None:
    """Return the `Host` that came over the wire when a proxy named another one, else None."""
    original: dict[str, str | None] = environ.get("werkzeug.proxy_fix.orig", {})
    host = original.get("HTTP_HOST")
    return host if host != environ.get("HTTP_HOST") else None
