"""Strong ETags and `If-None-Match`: a client that has the present answer already gets a 304 without a body."""

from collections.abc import Callable
from hashlib import blake2b

from flask import Response, request

from service.api.packing import CODINGS, tag_of

TAG_BYTES = 16
READS = ("GET", "HEAD")
# of an answer, if it has them, and of the 304 in its place: a browser takes the headers of a 304 for those of what it
# holds, and a page whose policy became that of other answers would load nothing at its second visit
OWN_HEADERS = ("Content-Security-Policy", "Cache-Control")


def conditional(response: Response) -> Response:
    """Give an answer to GET the ETag of its bytes, unless it has one, and return 304 to a client that has these.

    Streams, whose bytes are not there yet, have only the ETag that their view gives them. Secrets have none.
    """
    if response.status_code != 200 or request.method not in READS:
        return response
    if "ETag" not in response.headers:
        if response.is_streamed or "no-store" in response.headers.get("Cache-Control", ""):
            return response
        response.set_etag(blake2b(response.get_data(), digest_size=TAG_BYTES).hexdigest())
    tag, _ = response.get_etag()
    held = None if tag is None else held_form(tag)
    if held is None:
        return response
    response.close()
    found = _not_modified(held)
    for name in OWN_HEADERS:
        if name in response.headers:
            found.headers[name] = response.headers[name]
    return found


def unless_held(tag: str, make: Callable[[], Response]) -> Response:
    """Answer what `make` returns, under the ETag `tag`; nothing is made for a client that has it already."""
    held = held_form(tag)
    if held is not None:
        return _not_modified(held)
    response = make()
    response.set_etag(tag)
    return response


def held_form(tag: str) -> str | None:
    """Return the ETag of the form, packed or not, that the client has of what has the ETag `tag`; None if it has none.

    A proxy that packs answers itself makes ETags weak, so weak ones count, too.
    """
    if "HTTP_IF_NONE_MATCH" not in request.environ:
        return None
    forms = (tag, *(tag_of(tag, coding) for coding in CODINGS))
    return next((form for form in forms if request.if_none_match.contains_weak(form)), None)


def _not_modified(tag: str) -> Response:
    response = Response(status=304)
    response.headers.pop("Content-Type", None)
    response.set_etag(tag)
    return response
