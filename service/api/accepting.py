"""Which media types a client takes, by `Accept` (RFC 9110, 12.5.1): of several ranges the most specific one counts."""

import re
from collections.abc import Sequence
from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

ANY = "*/*"
SHORT_QUALITY = re.compile(r"=\.(?=\d)")  # `q=.2`, which Java sends
LONGEST = 2000  # characters of a header that is held with what it means


def best_of(accept: str, known: Sequence[str]) -> str | None:
    """Return the media type that is wanted most, of several the first; None where none is.

    Parameters of ranges, such as `version` or `charset`, are ignored: no type is written in several ways here.
    """
    return (_best_of if len(accept) <= LONGEST else _best_of.__wrapped__)(accept, tuple(known))


@lru_cache(1024)
def _best_of(accept: str, known: tuple[str, ...]) -> str | None:
    ranges = _ranges(accept)
    wanted = max(known, key=lambda kind: _quality(ranges, kind))  # `max` returns the first of several
    return wanted if _quality(ranges, wanted) > 0 else None


def _ranges(accept: str) -> dict[str, float]:
    """Return the quality by range; `*` alone is what an old client means by `*/*`."""
    ranges: dict[str, float] = {}
    for text, quality in parse_accept_header(SHORT_QUALITY.sub("=0.", accept), MIMEAccept):
        name = text.partition(";")[0].strip().lower()
        name = ANY if name == "*" else name
        ranges[name] = max(quality, ranges.get(name, 0.0))
    return ranges or {ANY: 1.0}


def _quality(ranges: dict[str, float], kind: str) -> float:
    for name in (kind, kind.partition("/")[0] + "/*", ANY):
        if name in ranges:
            return ranges[name]
    return 0.0
