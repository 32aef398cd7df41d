"""Bodies that are sent to operations without fields: a field in them is refused, as it would have no effect."""

import io

from flask import request

from service.api.unpacking import UNPACKED
from service.datasets.strict_json import parse_json
from service.definitions.base import Model
from service.definitions.validation import check
from service.errors import Invalid, ServiceError, TooLarge

MOST_BYTES = 64 * 1024


class NoFields(Model):
    """The body of an operation that has no fields."""


def refusal_of_body() -> ServiceError | None:
    """Return the error for a body that is neither empty nor an object without fields; None without such a body.

    It is returned, not raised, as errors of the resource come before those of the body.
    """
    length = request.content_length
    if not (length or "Transfer-Encoding" in request.headers or UNPACKED in request.environ):
        return None
    if length is not None and length > MOST_BYTES:
        return TooLarge(f"this operation has no fields, and the body is larger than {MOST_BYTES:,} bytes: leave it out")
    data = request.environ["wsgi.input"].read(MOST_BYTES if length is None else length)
    request.environ["wsgi.input"] = io.BytesIO(data)
    if not data.strip():
        return None
    try:
        check(NoFields, parse_json(data))
    except ServiceError as error:
        if isinstance(error, Invalid) and error.faults and len(error.faults[0].pointer or "") > 1:
            return Invalid.from_faults(error.faults)
        return Invalid.at("#", "this operation has no fields: leave the body out, or send {}")
    return None
