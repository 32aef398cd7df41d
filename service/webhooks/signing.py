"""Signatures as Standard Webhooks 1.0 defines them: HMAC-SHA256 over `id.timestamp.body`, in base64."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from service.definitions.webhooks import SECRET_PREFIX, key_of

NEW_BYTES = 32


def new_secret() -> str:
    """Return a new random secret, in the form in which receivers are given it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(NEW_BYTES)).decode()


def headers_of(secrets_in_use: Sequence[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a delivery; while a secret is replaced, both sign."""
    signed = f"{id}.{timestamp}.".encode() + body
    signatures = (hmac.digest(key_of(secret), signed, hashlib.sha256) for secret in secrets_in_use)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }
