"""Whether the body of a request may be read: asked by the server with the headers alone, before a large body comes."""

from flask import Response, request

from service.api.bodies import MULTIPART, check_declared
from service.api.context import all_services
from service.datasets.media_types import JSON
from service.errors import TooLarge
from service.front.environ import Admission
from service.front.limits import SMALL_BODY


def admit(admission: Admission, has_body: bool, files: tuple[str, ...], is_open: bool) -> Response:
    """Set how many bytes the body may have; raise an error, which the client gets at once, for one that is not read.

    `is_open` says that the operation asks for no key: strangers send little.
    """
    settings = all_services().settings
    if has_body:
        check_declared((JSON, *files))
    most = SMALL_BODY if is_open else settings.max_json_bytes
    if MULTIPART in files and request.mimetype != JSON:
        most = settings.max_upload_bytes
    if (request.content_length or 0) > most:
        raise TooLarge(f"the body is larger than {most:,} bytes")
    admission.most_bytes = most
    return Response(status=204)
