"""Which addresses requests may be sent to, so that a client's URL reaches nothing that only this service can reach.

A URL is checked when a webhook is made, and its host is resolved again before each attempt: the connection goes to an
address that was just checked, whatever the name means a moment later.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from urllib.parse import SplitResult, parse_qs, urlsplit

from service.addresses import is_address
from service.config import Settings
from service.errors import Invalid
from service.web.outbound import RANGES_VARIABLE, address_ranges

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], list[str]]

PORTS = {"http": 80, "https": 443}
SERVER_PORTS = {"postgresql": 5432, "postgres": 5432, "postgresql+psycopg": 5432, "redis": 6379, "rediss": 6379}
RESOLVE_SECONDS = 5.0
MOST_ADDRESSES = 4  # of a host that are tried
PRINTABLE = re.compile(r"[!-~]+")
HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a host whose last label is one is an IPv4 address to many programs
# Ranges that the `is_global` of some Python lets through although what is behind them is not on the internet, or may
# not be: NAT64, 6to4 and Teredo hold an IPv4 address; others are for protocols, for documents or for one network.
ALSO_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "3fff::/20", "5f00::/16"),
        *("192.0.0.0/24", "192.88.99.0/24"),
    )
)
# Services that hand credentials to whoever runs on a machine of one of several providers. A range that is allowed does
# not include them unless it names the address itself.
METADATA = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
    )
)


class Refused(Exception):
    """A request may not be sent to an address; the message says why."""


@dataclass(frozen=True)
class Target:
    """What a URL names: `path` has the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Return what a URL names; raise `Refused` for one that no request is sent to, whatever its host resolves to."""
    if not PRINTABLE.fullmatch(url) or "\\" in url:
        raise Refused("must hold neither spaces, backslashes nor characters beyond ASCII; write those as `%20`")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("has a host or a port that cannot be read") from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise Refused(f"must begin with https:// or http://, got `{scheme[:20]}:`" if scheme else "must be a whole URL")
    if "@" in parts.netloc:
        raise Refused("must hold no user and no password; deliveries are signed instead")
    if parts.fragment:
        raise Refused("must hold no fragment (`#...`), which is not sent")
    if port == 0:
        raise Refused("has the port 0, which is none")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, _host_of(parts), port or PORTS[scheme], path)


def _host_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if is_address(host):
        if "%" in host:
            raise Refused("names an interface of this machine (`%`)")
        return host
    if not HOST.fullmatch(host) or len(host) > 253:
        raise Refused("must name a host in letters, digits, dots and hyphens; other scripts in the form `xn--...`")
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise Refused(f"has the host `{host[:60]}`: an address is written as four decimal numbers without leading 0")
    return host


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host in the order in which they are to be tried; raise `Refused` without any.

    A resolver may take half a minute to give up: it is left to itself after some seconds.
    """
    found: list[str] = []
    failure: list[OSError] = []

    def ask() -> None:  # a thread
        try:
            for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(str(address[0]))
        except (OSError, UnicodeError) as error:
            failure.append(error if isinstance(error, OSError) else OSError(0, "it is no name of a host"))

    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(RESOLVE_SECONDS)
    if thread.is_alive():
        raise Refused(f"has the host `{host[:80]}`, which was not resolved within {RESOLVE_SECONDS:g} s")
    if failure:
        raise Refused(f"has the host `{host[:80]}`, which cannot be resolved: {failure[0].strerror or failure[0]}")
    return list(dict.fromkeys(found))


class Guard:
    """Decides where requests may go: to public addresses, and to the ranges that a setting allows."""

    def __init__(self, settings: Settings, lookup: Lookup = look_up) -> None:
        self._allowed = address_ranges(settings.webhook_allowed_ranges)
        self._own = _own_servers(settings)
        self._lookup = lookup

    def addresses_of(self, target: Target) -> list[str]:
        """Resolve the host of a target; return the addresses to try, each of which was checked.

        Raises
        ------
        Refused
            When the host does not resolve, or any of its addresses may not be reached.
        """
        found = [target.host] if is_address(target.host) else self._lookup(target.host, target.port)
        for text in found:
            self._check(ipaddress.ip_address(text.partition("%")[0]), target)
        return found[:MOST_ADDRESSES]

    def check_url(self, url: str, pointer: str) -> Target:
        """Return what a URL of a client names; raise `Invalid` at the pointer when no request may be sent to it."""
        try:
            target = parse(url)
            self.addresses_of(target)
        except Refused as error:
            raise Invalid.at(pointer, str(error)) from None
        return target

    def _check(self, address: Address, target: Target) -> None:
        kind = None if self._is_allowed(address) else _why_private(address)
        if kind is not None:
            # which address it is remains unsaid: clients are not to learn what names mean in the operator's network
            raise Refused(
                f"has the host `{target.host[:80]}`, which is {kind}, and only public ones are sent to; the operator "
                f"can allow a range in {RANGES_VARIABLE}"
            )
        if any(target.port == port and self._is_at(address, host) for host, port in self._own):
            raise Refused(f"names port {target.port} of this service, or of its database or queue")

    def _is_allowed(self, address: Address) -> bool:
        """Return whether the operator has allowed an address, which for those of metadata takes its very name."""
        itself = ipaddress.ip_network(address)
        if itself in METADATA:
            return itself in self._allowed
        return any(address in each for each in self._allowed if each.version == address.version)

    def _is_at(self, address: Address, host: str) -> bool:
        """Return whether a server of this service has an address; an empty host is this machine."""
        if not host or is_local(address):
            return is_local(address)
        try:
            return str(address) in ([host] if is_address(host) else self._lookup(host, 0))
        except Refused:
            return False


def _why_private(address: Address) -> str | None:
    """Return in words why an address is not a public one; None where it is."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return "an IPv4 address written as IPv6"
    if ipaddress.ip_network(address) in METADATA:
        return "an address of metadata of the machine"
    kinds = {
        "unspecified": address.is_unspecified,
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "multicast": address.is_multicast,
    }
    if found := next((kind for kind, is_it in kinds.items() if is_it), None):
        return f"a {found} address" if found != "unspecified" else "an unspecified address"
    is_odd = any(address in each for each in ALSO_REFUSED if each.version == address.version)
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        is_odd = True
    return "a private or reserved address" if is_odd or address.is_reserved or not address.is_global else None


def is_local(address: Address) -> bool:
    """Return whether an address is one of this machine's: whether a socket can be bound to it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((str(address), 0))
    except OSError:
        return False
    return True


def _own_servers(settings: Settings) -> list[tuple[str, int]]:
    """Return hosts and ports of the service, its database and its queue; the host is empty for this machine."""
    own = [("", settings.port)]
    for url in (settings.database_url, settings.queue_url):
        parts = urlsplit(url)
        port = SERVER_PORTS.get(parts.scheme)
        if port is None:
            continue
        if parts.hostname:
            own.append((parts.hostname, parts.port or port))
        own += _servers_of_query(parts.query, port)
    return own


def _servers_of_query(query: str, port: int) -> list[tuple[str, int]]:
    """Return the servers that the query of a database's URL names: `host=a&host=b:5433`, or `host=a,b&port=1,2`."""
    named = parse_qs(query)
    hosts = [host for text in named.get("host", ()) for host in text.split(",") if host and not host.startswith("/")]
    ports = [int(number) for text in named.get("port", ()) for number in text.split(",") if number.isdigit()]
    found = []
    for host, own in zip_longest(hosts, ports[: len(hosts)], fillvalue=ports[-1] if ports else port):
        name, colon, number = str(host).rpartition(":")
        found.append((name, int(number)) if colon and number.isdigit() else (str(host), int(own)))
    return found
