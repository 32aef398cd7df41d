"""Trusted proxies: whom they are, and who they say sent a request."""

import pytest

from service.errors import Misconfigured
from service.web.proxies import read_address, trusted_proxies

TRUSTED = trusted_proxies("127.0.0.1, 10.0.0.0/8, 2001:db8::/32")


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("::ffff:127.0.0.1", True),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::7", True),
        ("::1", False),
        ("", False),
        ("unix:", False),
        ("localhost", False),
    ],
)
def test_peers_are_compared_by_address(text: str, trusted: bool) -> None:
    assert TRUSTED.trust(read_address(text)) is trusted
    assert not trusted_proxies("").trust(read_address(text))


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("<script>, 10.0.0.7", "10.0.0.7"),
        ("203.0.113.9, unknown", None),
        ("", None),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy(hops: str, client: str | None) -> None:
    found = TRUSTED.client_of(hops.split(","))
    assert (None if found is None else str(found)) == client


@pytest.mark.parametrize("listed", ["localhost", "10.0.0.0/33", "*", "127.0.0.1:80", "a b"])
def test_what_is_no_network_is_refused_at_the_start(listed: str) -> None:
    with pytest.raises(Misconfigured, match="BACKPROP_TRUSTED_PROXIES is a list of addresses and networks"):
        trusted_proxies(listed)
