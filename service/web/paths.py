"""Paths as clients that join addresses carelessly write them: `//v1//jobs` is `/v1/jobs`, as WSGI middleware."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SLASHES = re.compile("/{2,}")


class SingleSlashes:
    """WSGI middleware that joins slashes: a redirect would lose the body of clients that do not follow it."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if "//" in path:
            environ["PATH_INFO"] = SLASHES.sub("/", path)
        return self._app(environ, start_response)
