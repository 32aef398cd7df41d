"""One request, as plainly as it can be sent. Imports nothing of the service."""

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 90.0


def send(address: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of an answer, problems included."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
