"""How much of a body may be read, which the server asks before it reads a large one, and how a body is unpacked."""

from functools import partial

from flask import Response, request

from service.api.bodies import check_declared
from service.api.context import all_services
from service.api.unpacking import MULTIPART, unpack_input
from service.datasets import catalog
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


def unpack(files: tuple[str, ...]) -> None:
    """Unpack the body as it is read, by `Content-Encoding`: of operations that take no files as much as of JSON."""
    if "HTTP_CONTENT_ENCODING" in request.environ:
        services = all_services()
        most = services.settings.max_upload_bytes if files else services.settings.max_json_bytes
        unpack_input(most, partial(catalog.check_space, services))
