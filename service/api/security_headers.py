"""Headers that keep browsers from guessing, framing and leaking what the service answers."""

from urllib.parse import urlsplit

from flask import Response

CONTENT_POLICY = "Content-Security-Policy"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"  # an answer of the API loads and sends nothing
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Server": "backprop",  # the HTTP server would name itself
}
UNLESS_SAID = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # `no-referrer` would make the Origin of this service's own forms `null`
    "Cache-Control": "private, no-cache",  # kept by the client alone, which asks by ETag whether it still holds
}
FRAME_OPTIONS = {"'none'": "DENY", "'self'": "SAMEORIGIN"}  # for browsers that know no frame-ancestors


def secure(response: Response, ancestors: str) -> None:
    """Set the headers that the answer lacks.

    A view that needs other ones, such as a page with scripts, sets its own headers: a `Content-Security-Policy` of its
    own stays, and gets `frame-ancestors` from the setting.
    """
    headers = response.headers
    for name, value in ALWAYS.items():
        headers[name] = value
    for name, value in UNLESS_SAID.items():
        headers.setdefault(name, value)
    policy = headers.get(CONTENT_POLICY, NOTHING)
    if "frame-ancestors" not in policy:
        policy = f"{policy}; frame-ancestors {ancestors}"
        if ancestors in FRAME_OPTIONS:
            headers.setdefault("X-Frame-Options", FRAME_OPTIONS[ancestors])
    headers[CONTENT_POLICY] = policy
    _keep_here(response)


def _keep_here(response: Response) -> None:
    """Make `Location` a path, as an address would repeat the client's `Host`, and remove the page of a redirect."""
    location = response.headers.get("Location")
    if location is None:
        return
    parts = urlsplit(location)
    path = "/" + parts.path.lstrip("/\\")  # `//name` would lead to another host
    response.headers["Location"] = parts._replace(scheme="", netloc="", path=path).geturl()
    if 300 <= response.status_code < 400:
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
