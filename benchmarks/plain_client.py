"""A client of a service whose requests are sent once and as they are written, by the standard library alone."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from service.errors import ServiceError

START_SECONDS = 60.0
ANSWER_SECONDS = 90.0


class Client:
    """Requests to one address; an answer of 400 or more is raised as a `ServiceError` with its text."""

    def __init__(self, address: str) -> None:
        self.address = address

    def send(self, method: str, path: str, body: Any = None, media_type: str = "application/json") -> Any:
        """Send a request, its body as JSON unless it is bytes; return the JSON of the answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": media_type}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ServiceError(f"{method} {path} is answered with {error.code}: {error.read(1000).decode()}") from None

    def wait_until_ready(self) -> None:
        """Return when database, queue and workers answer."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.send("GET", "/readyz")["status"] == "ready":
                    return
            except (OSError, ServiceError):
                pass  # nothing listens yet, or a part of it is not there; the deadline ends this
            time.sleep(0.1)
        raise ServiceError(f"the service was not ready within {START_SECONDS:.0f} s")
