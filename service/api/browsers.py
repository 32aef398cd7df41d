"""Which requests are taken from the web pages that a person has open: by `Host`, `Origin` and `Sec-Fetch-*`; and CORS.

While no keys are asked for, everything that reaches this service may train and delete, so requests that a page of
another site could have sent are refused. This runs before anyone is asked who they are, and reads no body.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, Response, after_this_request, current_app, request

from service.api.forwarding import FORWARDED_BY, Forwarding, original_host
from service.config import Settings
from service.errors import Forbidden, Malformed, Unavailable
from service.web.hosts import ALLOWED_HOSTS, Authority, KnownHosts, known_hosts, read_authority
from service.web.origins import (
    CORS_ORIGINS,
    FRAME_ANCESTORS,
    Origin,
    Origins,
    cors_origins,
    frame_ancestors,
    read_origin,
)
from service.web.proxies import TRUSTED_PROXIES, trusted_proxies
from service.web.security_headers import SecurityHeaders

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # they change nothing
HEALTH = ("/healthz", "/readyz", "/v2/health/")  # for probes, which send any Host or none
FRAMES = frozenset({"iframe", "frame", "embed", "object"})
OLD_HTTP = ("HTTP/1.0", "HTTP/1")  # it has no Host
REQUEST_HEADERS = (
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "Inference-Header-Content-Length, Last-Event-ID, Prefer, X-Request-Id, X-Request-Timeout"
)
EXPOSED_HEADERS = (
    "Accept, Allow, Content-Disposition, ETag, Export-Leaves-Out, Idempotent-Replayed, "
    "Inference-Header-Content-Length, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, "
    "Server-Timing, Shape, Unknown-Categories, WWW-Authenticate, X-Epoch, "
    "X-Model, X-Request-Id, X-Sha256, X-Version"
)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PREFLIGHT_SECONDS = "600"

log = logging.getLogger(__name__)


def no_keys() -> bool:
    """Whether keys are asked for, in a service that has none."""
    return False


def no_key_names(origin: str) -> bool:
    """Whether a key is limited to an origin, in a service that has none."""
    return False


@dataclass(frozen=True)
class Browsers:
    """What the settings say of web pages.

    Attributes
    ----------
    asks_for_keys
        Whether a request needs a key now.
    key_names
        Whether a valid key is limited to this origin, among others: its pages may send requests with that key.
    """

    hosts: KnownHosts
    hosts_are_listed: bool
    origins: Origins
    ancestors: str
    takes_forwarded: bool
    asks_for_keys: Callable[[], bool] = no_keys
    key_names: Callable[[str], bool] = no_key_names

    def takes_host(self, text: str, asks: bool) -> bool:
        """Return whether a request to no probe, which no page and no proxy sent, may have that `Host`."""
        host = read_authority(text)
        return host is not None and ((asks and not self.hosts_are_listed) or self.hosts.knows(host))

    def check(self) -> Response | None:
        """Answer a preflight; raise `Forbidden` or `Malformed` for a request that must not go on.

        A page cannot read why, as browsers show it no answer that is not for it: the log has the reason, too.
        """
        try:
            return self._check()
        except Forbidden as refused:
            log.info("refused: %s", refused.detail)
            raise

    def _check(self) -> Response | None:
        environ, rule = request.environ, request.url_rule
        is_probe = rule is not None and rule.rule.startswith(HEALTH)
        keyless = is_probe or not self._asks()  # a probe does not wait for the database
        named = self._check_hosts(environ, is_probe or not (keyless or self.hosts_are_listed), is_probe)
        if keyless and not is_probe and not self.takes_forwarded:
            _check_not_forwarded(environ)
        if "HTTP_ORIGIN" in environ:
            return self._check_origin(environ["HTTP_ORIGIN"], named, keyless)
        if "HTTP_SEC_FETCH_SITE" in environ:
            self._check_fetch(environ["HTTP_SEC_FETCH_SITE"])
        return None

    def _asks(self) -> bool:
        """Return whether keys are asked for.

        What everybody may read, such as the OpenAPI document, is answered without a database, to requests that would
        be taken if no keys were asked for.
        """
        try:
            return self.asks_for_keys()
        except Unavailable:
            is_open = request.endpoint in current_app.extensions.get("open_endpoints", ())
            if not is_open or request.method not in SAFE or FORWARDED_BY in request.environ:
                raise
            return False

    def _check_hosts(self, environ: "WSGIEnvironment", any_name: bool, is_probe: bool) -> Authority | None:
        """Check the `Host`, and the one before a proxy named another: a proxy may pass on what a page wrote."""
        host = None
        for text in (original_host(environ), environ.get("HTTP_HOST", "")):
            host = None if text is None else _host(text, environ, is_probe)
            if host is not None and not any_name and not self.hosts.knows(host):
                raise Forbidden(
                    f"`{host.host[:100]}` is not a name of this service: add it to {ALLOWED_HOSTS}, or use `localhost` "
                    "or an IP address; a page of another site can send requests under a name of its own"
                )
        return host

    def _check_origin(self, text: str, named: Authority | None, keyless: bool) -> Response | None:
        """Check a request with an Origin; answer it when it is a preflight of one that is allowed."""
        origin = read_origin(text)
        own = None if named is None else Origin.of(request.scheme, named)
        if origin is not None and origin == own:
            if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method not in SAFE:
                raise Forbidden("`Sec-Fetch-Site: cross-site` does not go with this service's own Origin")
            return None
        if not self.origins.allow(origin) and (origin is None or keyless or not self.key_names(str(origin))):
            raise Forbidden(_foreign(text, origin, own))
        after_this_request(partial(_let_read, str(origin)))
        # the answers name no credentials, so what a browser sends along by itself must not count
        request.environ.pop("HTTP_COOKIE", None)
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return _preflight() if is_preflight and request.routing_exception is None else None

    def _check_fetch(self, site: str) -> None:
        """Check a request without an Origin: browsers send none with links, images and scripts."""
        if site in ("none", "same-origin"):
            return
        goes_there = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method in SAFE
        is_framed = request.headers.get("Sec-Fetch-Dest") in FRAMES
        if not goes_there or (is_framed and self.ancestors == "'none'"):
            raise Forbidden(
                f"a page of another origin sent this request (`Sec-Fetch-Site: {site[:40]}`): pages of the origins in "
                f"{CORS_ORIGINS} may use `fetch`, those in {FRAME_ANCESTORS} may show this in a frame, and links "
                "to the service work from everywhere"
            )


def _host(text: str, environ: "WSGIEnvironment", is_probe: bool) -> Authority | None:
    """Read a `Host`; None when a probe in HTTP/1.0 sends none."""
    if not text and is_probe and environ.get("SERVER_PROTOCOL") in OLD_HTTP:
        return None
    host = read_authority(text)
    if host is None:
        what = "has none" if not text else f"has `{text[:100]}`"
        raise Malformed(f"a request must have one `Host`, a name or an address with or without a port; this one {what}")
    return host


def _check_not_forwarded(environ: "WSGIEnvironment") -> None:
    header = environ.get(FORWARDED_BY)
    if header is not None:
        raise Forbidden(
            f"this request came through a proxy (it has `{header}`), and no keys are asked for: make a key, or set "
            "BACKPROP_AUTH=off to take such requests from everybody"
        )


def _foreign(text: str, origin: Origin | None, own: Origin | None) -> str:
    """Return the sentence that refuses an origin, and how to let it in."""
    refused = f"pages of the origin `{text[:100]}` may not use this service, which is `{own}` here"
    if origin is None:
        return (
            f"{refused}: files and sandboxed pages have no origin; let a web server serve the page, such as "
            f"`python -m http.server`, and add its origin to {CORS_ORIGINS}"
        )
    hint = f"; behind a proxy, set {TRUSTED_PROXIES}" if FORWARDED_BY in request.environ else ""
    return f"{refused}: add that origin to {CORS_ORIGINS} if they should{hint}"


def _let_read(origin: str, response: Response) -> Response:
    """Let pages of an origin read an answer, except for what the browser keeps of it for itself, such as cookies."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    return response


def _bare(response: Response) -> Response:
    """Remove the page of a redirect, which names the address in full."""
    if response.status_code in REDIRECTS:
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
    return response


def _preflight() -> Response:
    """Answer which methods and headers a page may send to this address."""
    response = Response(status=204)
    allowed = current_app.make_default_options_response().allow
    response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(allowed))
    response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    response.vary.update(["Access-Control-Request-Method", "Access-Control-Request-Headers"])
    return response


def register(
    app: Flask,
    settings: Settings,
    asks_for_keys: Callable[[], bool] = no_keys,
    key_names: Callable[[str], bool] = no_key_names,
) -> tuple[Browsers, SecurityHeaders]:
    """Check every request of an application before it is known who asks, and add headers to every answer."""
    browsers = Browsers(
        hosts=known_hosts(settings.allowed_hosts, settings.host),
        hosts_are_listed=bool(settings.allowed_hosts),
        origins=cors_origins(settings.cors_origins),
        ancestors=frame_ancestors(settings.frame_ancestors),
        takes_forwarded=settings.auth == "off",
        asks_for_keys=asks_for_keys,
        key_names=key_names,
    )
    app.before_request(browsers.check)
    app.after_request(_bare)
    forwarding = Forwarding(app.wsgi_app, trusted_proxies(settings.trusted_proxies))
    secured = SecurityHeaders(forwarding, browsers.ancestors)
    app.wsgi_app = secured  # type: ignore[method-assign]
    return browsers, secured
