"""Origins of pages, as browsers write them and as settings name them."""

import pytest

from service.errors import Misconfigured
from service.web.hosts import Authority
from service.web.origins import Origin, cors_origins, frame_ancestors, read_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:8000", Origin("http", "localhost", 8000)),
        ("http://localhost", Origin("http", "localhost", 80)),
        ("HTTPS://Shop.Example", Origin("https", "shop.example", 443)),
        ("https://shop.example:443", Origin("https", "shop.example", 443)),
        ("http://[0::1]:3000", Origin("http", "::1", 3000)),
        ("chrome-extension://abcdefgh", Origin("chrome-extension", "abcdefgh", None)),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, origin: Origin) -> None:
    assert read_origin(text) == origin
    assert read_origin(str(origin)) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "NULL",
        "*",
        "localhost:8000",
        "http://",
        "http:///",
        "http://localhost:8000/",
        "http://localhost:8000/path",
        "http://localhost?x",
        "http://localhost#x",
        "http://user@localhost:8000",
        "http://localhost:8000,http://evil.example",
        "http://localhost:8000 http://evil.example",
        "http://localhost:99999",
        "//localhost",
        "file://",
    ],
)
def test_null_and_what_is_no_origin_have_none(text: str) -> None:
    assert read_origin(text) is None
    assert not cors_origins("http://localhost:8000").allow(read_origin(text))


@pytest.mark.parametrize(
    ("listed", "text", "allowed"),
    [
        ("", "http://localhost:3000", False),
        ("http://localhost:3000", "http://localhost:3000", True),
        ("http://localhost:3000", "https://localhost:3000", False),
        ("http://localhost:3000", "http://localhost:3001", False),
        ("http://localhost:3000", "http://127.0.0.1:3000", False),
        ("https://shop.example", "https://shop.example:443", True),
        ("https://shop.example", "https://a.shop.example", False),
        ("https://shop.example", "https://shop.example.evil.example", False),
        ("https://a.example , https://b.example", "https://b.example", True),
        ("*", "https://evil.example", True),
        ("*", "null", False),
    ],
)
def test_only_the_very_origin_is_allowed(listed: str, text: str, allowed: bool) -> None:
    assert cors_origins(listed).allow(read_origin(text)) is allowed


@pytest.mark.parametrize("listed", ["localhost:3000", "https://*.example.org", "null", "https://a.example/", "a b"])
def test_what_is_no_origin_is_refused_at_the_start(listed: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_CORS_ORIGINS is a list of origins such as"):
        cors_origins(listed)


@pytest.mark.parametrize(
    ("listed", "policy"),
    [
        ("", "'none'"),
        ("none", "'none'"),
        ("self", "'self'"),
        ("'self', https://school.example", "'self' https://school.example"),
        ("https://*.example.org:8443", "https://*.example.org:8443"),
    ],
)
def test_frame_ancestors_become_a_policy(listed: str, policy: str) -> None:
    assert frame_ancestors(listed) == policy


@pytest.mark.parametrize(
    "listed", ["*", "https:", "school.example", "https://a.example; script-src *", "none, self", "https://a.example/x"]
)
def test_other_frame_ancestors_are_refused_at_the_start(listed: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_FRAME_ANCESTORS"):
        frame_ancestors(listed)


def test_the_services_own_origin_has_the_port_of_its_scheme() -> None:
    assert Origin.of("https", Authority("a.example")) == read_origin("https://a.example:443")
    assert Origin.of("http", Authority("a.example", 443)) != read_origin("https://a.example")
