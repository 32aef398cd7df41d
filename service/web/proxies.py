"""The proxies in front of this service, whose word is taken about who sent a request, by which name and scheme."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import Misconfigured
from service.web.hosts import entries

TRUSTED_PROXIES = "BACKPROP_TRUSTED_PROXIES"
WITH_PORT = re.compile(r"\[(?P<v6>[^\]]+)\](?::[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class TrustedProxies:
    """Addresses and networks of proxies."""

    networks: tuple[Network, ...] = ()

    def trust(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)

    def client_of(self, forwarded_for: Sequence[str]) -> Address | None:
        """Return who sent the request: the last address that is no trusted proxy, else the first.

        Each proxy appends whom it has the request from, so what stands before an untrusted address is hearsay.
        """
        client = None
        for text in reversed(forwarded_for):
            address = read_address(text)
            if address is None:
                break
            client = address
            if not self.trust(address):
                break
        return client


def read_address(text: str) -> Address | None:
    """Read the address of a peer or of a hop, with or without its port; None when it is none."""
    text = text.strip()
    if found := WITH_PORT.fullmatch(text):
        text = found["v6"] or found["v4"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def trusted_proxies(listed: str) -> TrustedProxies:
    """Read a setting such as `127.0.0.1, 172.16.0.0/12`."""
    try:
        return TrustedProxies(tuple(ipaddress.ip_network(entry, strict=False) for entry in entries(listed)))
    except ValueError as error:
        raise Misconfigured(
            f"{TRUSTED_PROXIES} is a list of addresses and networks such as `127.0.0.1, 172.16.0.0/12`: {error}"
        ) from None
