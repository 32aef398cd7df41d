"""The id of a request, and the line that is logged of it."""

import logging
import re
import secrets

from service import logs

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
LONGEST_METHOD, LONGEST_PATH = 20, 500  # in a line of the log

log = logging.getLogger("service.requests")


def request_id_of(given: str) -> str:
    """Return the id that a client has given in `X-Request-Id`, or a new one where that is none."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def log_request(method: str, path: str, status: int, seconds: float) -> None:
    """Log a request that was answered."""
    if not log.isEnabledFor(logging.INFO):
        return
    method, path, milliseconds = logs.escaped(method, LONGEST_METHOD), logs.escaped(path, LONGEST_PATH), seconds * 1000
    fields = {"method": method, "path": path, "status": status, "milliseconds": round(milliseconds, 1)}
    log.handle(logs.LineRecord(log.name, logging.INFO, f"{method} {path} {status} {milliseconds:.1f} ms", fields))
