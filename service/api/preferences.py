"""`Prefer` and `Preference-Applied` (RFC 7240): what a client would like. What is not understood is ignored."""

from flask import Response, g, request
from werkzeug.http import parse_list_header, parse_options_header

HEADER = "Prefer"
APPLIED = "Preference-Applied"


def preferences(text: str) -> dict[str, str]:
    """Return the value by name, in lower case, of each preference of a header; of two of one name the first counts.

    Values may be quoted. Parameters of preferences, after a semicolon, are left out, as none is known here.
    """
    found: dict[str, str] = {}
    for item in parse_list_header(text):
        name, _, value = parse_options_header(item)[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().removeprefix('"').removesuffix('"'))
    return found


def preferred(name: str) -> str | None:
    """Return the value of a preference of this request; None without it. Several headers are one list."""
    text = request.headers.get(HEADER)
    return None if text is None else preferences(text).get(name)


def apply(preference: str) -> None:
    """Record that the answer to this request does what its client prefers, for `say_applied`."""
    g.preference_applied = preference


def withdraw() -> None:
    """Record that the preference is not met after all."""
    g.pop("preference_applied", None)


def say_applied(response: Response) -> None:
    """Let an answer say which preference was applied."""
    applied = g.get("preference_applied")
    if applied is not None and response.status_code < 400:
        response.headers[APPLIED] = applied
