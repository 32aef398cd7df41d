"""Headers that keep browsers from guessing, framing and leaking what the service answers, as WSGI middleware.

They are added to the finished list of headers, as changing those of Flask's responses takes five times as long.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Header = tuple[str, str]
CONTENT_POLICY = "Content-Security-Policy"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"  # an answer of the API loads and sends nothing
UNLESS_SAID = {
    "X-Content-Type-Options": "nosniff",
    "Server": "backprop",  # the HTTP server would name itself
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # `no-referrer` would make the Origin of this service's own forms `null`
    "Cache-Control": "private, no-cache",  # kept by the client alone, which asks by ETag whether it still holds
    "Vary": "Origin",
}
FRAME_OPTIONS = {"'none'": "DENY", "'self'": "SAMEORIGIN"}  # for browsers that know no frame-ancestors


def usual_headers(ancestors: str) -> dict[str, str]:
    """Return the headers of an answer that says nothing itself; `ancestors` may show the service in a frame."""
    policy = {CONTENT_POLICY: f"{NOTHING}; frame-ancestors {ancestors}"}
    options = {"X-Frame-Options": FRAME_OPTIONS[ancestors]} if ancestors in FRAME_OPTIONS else {}
    return {**UNLESS_SAID, **policy, **options}


class SecurityHeaders:
    """WSGI middleware that adds the headers which an answer lacks, and makes its `Location` a path.

    A view that needs other ones, such as a page with scripts, sets its own headers: a `Content-Security-Policy` of its
    own stays, and gets `frame-ancestors` from the setting.
    """

    def __init__(self, app: "WSGIApplication", ancestors: str) -> None:
        self._app = app
        self._usual = [(name.lower(), (name, value)) for name, value in usual_headers(ancestors).items()]
        self._changes: dict[str, Callable[[str], str]] = {
            "content-security-policy": lambda policy: _framed(policy, ancestors),
            "location": as_path,
            "vary": lambda vary: f"{vary}, Origin",
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[Header], *error: Any) -> Any:
            return start_response(status, self.secured(headers), *error)

        return self._app(environ, start)

    def secured(self, headers: list[Header]) -> list[Header]:
        """Return the headers of an answer, with those that it lacks."""
        secured, said = [], set()
        for header in headers:
            key = header[0].lower()
            said.add(key)
            change = self._changes.get(key)
            secured.append(header if change is None else (header[0], change(header[1])))
        secured += [header for key, header in self._usual if key not in said]
        return secured


def as_path(location: str) -> str:
    """Return an address without its scheme and host, which would repeat the client's `Host`."""
    parts = urlsplit(location)
    path = "/" + parts.path.lstrip("/\\")  # `//name` would lead to another host
    return parts._replace(scheme="", netloc="", path=path).geturl()


def _framed(policy: str, ancestors: str) -> str:
    return policy if "frame-ancestors" in policy else f"{policy}; frame-ancestors {ancestors}"
