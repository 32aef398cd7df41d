"""What requests for keys and tokens have in common: their bodies are small, and their answers hold a secret."""

from flask import request

from service.errors import Invalid

MAX_BYTES = 64 * 1024
NO_STORE = {"Cache-Control": "no-store"}


def refuse_idempotency_key() -> None:
    """Raise `Invalid` for a request whose answer would be stored, as it holds a secret."""
    if "Idempotency-Key" in request.headers:
        raise Invalid(
            "Idempotency-Key is not taken here: the answer holds a secret, which is not stored; a key that was made "
            "twice can be deleted"
        )
