"""The bodies of requests for keys, sessions and shared jobs; the `backprop keys` command checks its options by them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from service.definitions.base import Model, Name, Text
from service.web.origins import PORTS, read_origin

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
EXAMPLES = "30m, 12h, 90d, 2w"
LONGEST = timedelta(days=36_525)
OF_MODELS = frozenset({"read", "predict"})


def duration_of(text: str) -> timedelta:
    """Read a duration such as `90d`, `12h`, `30m` or `2w`; raise `ValueError`."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"must be a duration such as {EXAMPLES}, got {text[:40]!r}")
    duration = timedelta(**{UNITS[found[2]]: int(found[1])})
    if duration > LONGEST:
        raise ValueError(f"must be at most {LONGEST.days}d, got {text}")
    return duration


def moment_of(text: str) -> datetime:
    """Read a moment to come: a duration from now, or a time in RFC 3339; raise `ValueError`."""
    now = datetime.now(UTC)
    if DURATION.fullmatch(text):
        return now + duration_of(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        lacks = "" if moment is None else f", which lacks its zone: `{moment.isoformat()}Z` is in UTC"
        raise ValueError(
            f"must be a duration ({EXAMPLES}) or a time such as 2030-01-31T00:00:00Z, got {text[:40]!r}{lacks}"
        )
    if not now < moment < now + LONGEST:
        raise ValueError(f"must lie within the next {LONGEST.days} days, got {text}")
    return moment.astimezone(UTC)


def expiry_of(text: str | None) -> datetime | None:
    """Return the moment at which a key expires, None for never; raise `ValueError`."""
    return None if text is None else moment_of(text)


def _moment(text: str) -> str:
    moment_of(text)
    return text


def _duration(text: str) -> str:
    duration_of(text)
    return text


def origin_of(text: str) -> str:
    """Return an origin as browsers send it: in lower case, without a default port; raise `ValueError`."""
    origin = read_origin(text.removesuffix("/"))
    if origin is None or origin.scheme not in PORTS:
        raise ValueError(f"must be an origin such as https://example.org, without a path, got {text[:80]!r}")
    return str(origin)


Scopes = Annotated[list[Literal["read", "predict", "train", "admin"]], Field(min_length=1, max_length=4)]
Duration = Annotated[Text, AfterValidator(_duration)]
Label = Annotated[Text, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Expiry = Annotated[
    Text,
    AfterValidator(_moment),
    Field(description="a duration such as `90d`, or a time in RFC 3339; without it never"),
]
Origin = Annotated[Text, AfterValidator(origin_of)]
Models = Annotated[list[Name], Field(min_length=1, max_length=100, description="the only ones it may use")]
Origins = Annotated[
    list[Origin],
    Field(min_length=1, max_length=100, description="of the pages that may send it, `https://example.org`"),
]


class KeyRequest(Model):
    """A key to be made; `tenant` may be named by the operator alone."""

    scopes: Scopes
    name: Label | None = None
    expires: Expiry | None = None
    models: Models | None = None
    origins: Origins | None = None
    tenant: Name | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> "KeyRequest":
        if self.models is not None and (wrong := set(self.scopes) - OF_MODELS):
            raise ValueError(f"a key limited to some models can have read and predict, not {', '.join(sorted(wrong))}")
        if self.origins is not None and "admin" in self.scopes:
            raise ValueError("a key limited to pages of some origins stands in a page, so it cannot have admin")
        return self


class RotateRequest(Model):
    """How long the old key stays valid together with the new one."""

    overlap: Duration = Field(default="1d", description="a duration such as `12h`, after which the old key ends")


class ShareRequest(Model):
    """A token that reads one job."""

    name: Label | None = None
    expires: Expiry | None = None


class SessionRequest(Model):
    """The key with which a browser signs in."""

    key: Text
