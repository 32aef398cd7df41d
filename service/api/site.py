"""What pages for people have in common, whichever view answers with them: their policy, and ways to the root."""

from typing import Protocol

from flask import request
from markupsafe import Markup

from service.web.security_headers import CONTENT_POLICY, NOTHING

POLICY = {CONTENT_POLICY: f"{NOTHING}; style-src 'self'"}


class Frame(Protocol):
    """What puts a head and a style around the content of a page: the pages of `/docs`."""

    def framed(self, title: str, body: Markup, root: str) -> str:
        """Return the whole page."""


def root_of_request() -> str:
    """Return what leads from the address of this request to the root of the service, with or without a last slash."""
    return "../" * (request.path.count("/") - 1)
