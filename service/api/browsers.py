"""Which requests are taken from the web pages that a person has open: by `Host`, `Origin` and `Sec-Fetch-*`; and CORS.

While no keys are asked for, everything that reaches this service may train and delete, so requests that a page of
another site could have sent are refused. This runs before anyone is asked who they are, and reads no body.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request

from service.api.forwarding import FORWARDED_BY, Forwarding, original_host
from service.api.security_headers import secure
from service.config import Settings
from service.errors import Forbidden, Malformed
from service.web.hosts import ALLOWED_HOSTS, Authority, KnownHosts, known_hosts, read_authority
from service.web.origins import CORS_ORIGINS, Origin, Origins, cors_origins, frame_ancestors, read_origin
from service.web.proxies import TRUSTED_PROXIES, trusted_proxies

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # they change nothing
HEALTH = ("/healthz", "/readyz", "/v2/health/")  # for probes, which send any Host or none
FRAMES = frozenset({"iframe", "frame", "embed", "object"})
OLD_HTTP = ("HTTP/1.0", "HTTP/1")  # it has no Host
REQUEST_HEADERS = (
    "Accept, Authorization, Content-Encoding, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "Inference-Header-Content-Length, Last-Event-ID, Prefer, X-Request-Id"
)
EXPOSED_HEADERS = (
    "Accept, Allow, Content-Disposition, ETag, Idempotent-Replayed, Inference-Header-Content-Length, Link, Location, "
    "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
)
PREFLIGHT_SECONDS = "600"


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

    def check(self) -> Response | None:
        """Answer a preflight; raise `Forbidden` or `Malformed` for a request that must not go on."""
        keyless = not self.asks_for_keys()
        is_probe = request.url_rule is not None and request.url_rule.rule.startswith(HEALTH)
        named = self._check_hosts(is_probe or not (keyless or self.hosts_are_listed), is_probe)
        if keyless and not is_probe and not self.takes_forwarded:
            _check_not_forwarded()
        own = None if named is None else Origin.of(request.scheme, named)
        if "Origin" in request.headers:
            self._check_origin(request.headers["Origin"], own, keyless)
        else:
            self._check_fetch()
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if is_preflight and "cors_origin" in g and request.routing_exception is None:
            return _preflight()
        return None

    def _check_hosts(self, any_name: bool, is_probe: bool) -> Authority | None:
        """Check the `Host`, and the one before a proxy named another: a proxy may pass on what a page wrote."""
        before = original_host(request.environ)
        hosts = [_host(text, is_probe) for text in (before, request.environ.get("HTTP_HOST", "")) if text is not None]
        for host in hosts:
            if host is not None and not any_name and not self.hosts.knows(host):
                raise Forbidden(
                    f"`{host.host[:100]}` is not a name of this service: add it to {ALLOWED_HOSTS}, or use `localhost` "
                    "or an IP address; a page of another site can send requests under a name of its own"
                )
        return hosts[-1]

    def _check_origin(self, text: str, own: Origin | None, keyless: bool) -> None:
        origin = read_origin(text)
        if origin is not None and origin == own:
            if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method not in SAFE:
                raise Forbidden("`Sec-Fetch-Site: cross-site` does not go with this service's own Origin")
            return
        if not self.origins.allow(origin) and (origin is None or keyless or not self.key_names(str(origin))):
            hint = f"; behind a proxy, set {TRUSTED_PROXIES}" if FORWARDED_BY in request.environ else ""
            raise Forbidden(
                f"pages of the origin `{text[:100]}` may not use this service, which is `{own}` here: "
                f"add that origin to {CORS_ORIGINS} if they should{hint}"
            )
        g.cors_origin = str(origin)
        # the answers name no credentials, so what a browser sends along by itself must not count
        request.environ.pop("HTTP_COOKIE", None)

    def _check_fetch(self) -> None:
        """Check a request without an Origin: browsers send none with links, images and scripts."""
        site = request.headers.get("Sec-Fetch-Site", "none")
        if site in ("none", "same-origin"):
            return
        goes_there = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method in SAFE
        is_framed = request.headers.get("Sec-Fetch-Dest") in FRAMES
        if not goes_there or (is_framed and self.ancestors == "'none'"):
            raise Forbidden(
                f"a page of another origin sent this request (`Sec-Fetch-Site: {site[:40]}`): pages of the origins in "
                f"{CORS_ORIGINS} may use `fetch`, and links to this service work from everywhere"
            )

    def mark(self, response: Response) -> Response:
        """Add the headers for browsers to an answer."""
        secure(response, self.ancestors)
        response.vary.add("Origin")
        if "cors_origin" in g:
            response.headers["Access-Control-Allow-Origin"] = g.cors_origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
        return response


def _host(text: str, is_probe: bool) -> Authority | None:
    """Read a `Host`; None when a probe in HTTP/1.0 sends none."""
    if not text and is_probe and request.environ.get("SERVER_PROTOCOL") in OLD_HTTP:
        return None
    host = read_authority(text)
    if host is None:
        what = "has none" if not text else f"has `{text[:100]}`"
        raise Malformed(f"a request must have one `Host`, a name or an address with or without a port; this one {what}")
    return host


def _check_not_forwarded() -> None:
    header = request.environ.get(FORWARDED_BY)
    if header is not None:
        raise Forbidden(
            f"this request came through a proxy (it has `{header}`), and no keys are asked for: make a key, or set "
            "BACKPROP_AUTH=off to take such requests from everybody"
        )


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
) -> None:
    """Check every request of an application, and mark every answer; to be called before what asks for keys."""
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
    app.after_request(browsers.mark)
    app.wsgi_app = Forwarding(app.wsgi_app, trusted_proxies(settings.trusted_proxies))  # type: ignore[method-assign]
