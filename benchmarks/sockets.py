"""Requests over a connection of their own, and what a service's processes hold, for measurements of its server."""

import http.client
import time
from collections.abc import Mapping

PATIENCE_SECONDS = 60.0
NOTHING: Mapping[str, str] = {}


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = NOTHING,
    seconds: float = PATIENCE_SECONDS,
) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_until_ready(port: int) -> None:
    """Return when the service answers that it is ready; raise `TimeoutError` when that takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if b'"ready"' in ask(port, "GET", "/readyz")[1]:
                return
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.05)
    raise TimeoutError(f"the service on port {port} is not ready after {PATIENCE_SECONDS:g} s")
