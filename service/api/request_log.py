"""The line that is logged of a request."""

import logging

from service import logs

LONGEST_METHOD, LONGEST_PATH = 20, 500  # in a line of the log

log = logging.getLogger("service.requests")


def log_request(method: str, path: str, status: int, seconds: float) -> None:
    """Log a request that was answered."""
    if not log.isEnabledFor(logging.INFO):
        return
    method, path, milliseconds = logs.escaped(method, LONGEST_METHOD), logs.escaped(path, LONGEST_PATH), seconds * 1000
    fields = {"method": method, "path": path, "status": status, "milliseconds": round(milliseconds, 1)}
    log.handle(logs.LineRecord(log.name, logging.INFO, f"{method} {path} {status} {milliseconds:.1f} ms", fields))
