"""The headers of answers as the OpenAPI document describes them.

Which answers have them is said where a view is registered; those that follow from what else is said there are added by
`service.api.openapi.headers`.
"""

from dataclasses import dataclass, field
from typing import Any

TEXT: dict[str, Any] = {"type": "string"}


@dataclass(frozen=True)
class Header:
    """A header of answers of these statuses; `is_sure` says that none of them lacks it."""

    name: str
    description: str
    statuses: tuple[int, ...] = (200,)
    is_sure: bool = False
    schema: dict[str, Any] = field(default_factory=lambda: dict(TEXT))


LOCATION = Header("Location", "the address of what was made, or of what holds the result", (200, 201, 202))
RETRY_AFTER = Header(
    "Retry-After",
    "after how many seconds to ask again; of a 409, where the first request with its `Idempotency-Key` is under way",
    (202, 409, 429, 503),
    schema={"type": "integer", "minimum": 0},
)
ETAG = Header(
    "ETag", "names these bytes; for `If-None-Match`, and for `If-Match` where it is honoured", (200, 201, 304)
)
CLEAR_SITE_DATA = Header(
    "Clear-Site-Data", '`"cache"`: a browser forgets the answers that it holds', (204,), is_sure=True
)
LINK = Header("Link", 'the address of the next page, with `rel="next"`; absent on the last one')
REPLAYED = Header(
    "Idempotent-Replayed",
    "`true` on the repeated answer to an earlier request with the same `Idempotency-Key`",
    (200, 201, 202),
    schema={"type": "string", "enum": ["true"]},
)
APPLIED = Header("Preference-Applied", "the preferences of `Prefer` that were followed", (200, 201, 202))
FILE_NAME = Header("Content-Disposition", "the name to store the file under")
SERVER_TIMING = Header("Server-Timing", "how long each step took, in milliseconds: `parse;dur=0.02, predict;dur=0.03`")
REQUEST_ID = Header(
    "X-Request-Id", "that of the request, or one that was made for it; the log has it", (), is_sure=True
)
RATE_LIMIT = Header("RateLimit", "what is left of each limit, `r`, and in how many seconds all of it is back, `t`")
RATE_POLICY = Header("RateLimit-Policy", "each limit of the tenant: `q` in a window of `w` seconds")
AUTHENTICATE = Header("WWW-Authenticate", "how to say who asks", (401,), is_sure=True)
ACCEPT = Header("Accept", "the media types that are read here", (415,))
ALLOW = Header("Allow", "the methods of the address", (405,), is_sure=True)
