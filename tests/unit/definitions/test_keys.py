"""The bodies of requests for keys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.definitions.keys import KeyRequest, duration_of, moment_of, origin_of
from service.definitions.validation import check
from service.errors import Invalid


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30m", timedelta(minutes=30)), ("12h", timedelta(hours=12)), ("90d", timedelta(days=90)), ("2w", timedelta(14))],
)
def test_a_duration_has_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert duration_of(text) == duration
    assert abs(moment_of(text) - datetime.now(UTC) - duration) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "1.5d", "1y", "9999999d", "999999d", "1d ", "\u0661d"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        duration_of(text)


def test_a_moment_lies_ahead_and_names_its_zone() -> None:
    assert moment_of("2099-01-31T01:00:00+01:00") == datetime(2099, 1, 31, tzinfo=UTC)
    for text in ("2001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2099-01-31T00:00:00", "tomorrow"):
        with pytest.raises(ValueError, match="must"):
            moment_of(text)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://Example.org", "https://example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_what_browsers_send(given: str, sent: str) -> None:
    assert origin_of(given) == sent


@pytest.mark.parametrize("given", ["", "*", "null", "example.org", "https://example.org/a", "ftp://a", "https://a b"])
def test_other_origins_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must be an origin"):
        origin_of(given)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"scopes": []}, "at least 1"),
        ({"scopes": ["write"]}, "is not known"),
        ({"scopes": ["read"], "expires": "soon"}, "must be a duration (30m, 12h, 90d, 2w) or a time such as"),
        ({"scopes": ["read"], "expires": "2030-01-31"}, "lacks its zone: `2030-01-31T00:00:00Z` is in UTC"),
        ({"scopes": ["read", "train"], "models": ["a"]}, "read and predict, not train"),
        ({"scopes": ["admin"], "origins": ["https://a.org"]}, "cannot have admin"),
        ({"scopes": ["read"], "name": "a\nb"}, "name"),
    ],
)
def test_what_does_not_go_together_is_refused(body: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(KeyRequest, body)
    assert words in refused.value.detail, refused.value.detail
