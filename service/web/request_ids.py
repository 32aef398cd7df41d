"""The id of a request, which its answer and the log have: the client's own, or one that is made here."""

import re
import secrets

HEADER = "X-Request-Id"
ENVIRON = "HTTP_X_REQUEST_ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def request_id_of(given: str) -> str:
    """Return the id that a client has given in `X-Request-Id`, or a new one where that is none."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
