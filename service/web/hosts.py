"""The `Host` of a request, and the names and addresses that this service knows itself by.

A page of another site can make a browser send requests here under a name of its own (DNS rebinding), but only under a
name: browsers look up no addresses.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from service.errors import Misconfigured

ALLOWED_HOSTS = "BACKPROP_ALLOWED_HOSTS"
LOOPBACK_NAME = "localhost"
LONGEST = 300  # a name has at most 253 characters, a port 5
HOST = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:.]+)(?:%[\w.~%-]+)?\]|(?P<name>[a-z0-9_-](?:[a-z0-9._-]*)))(?::(?P<port>[0-9]{0,5}))?",
    re.ASCII | re.IGNORECASE,
)
NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)


@dataclass(frozen=True)
class Authority:
    """A host and, unless it is the scheme's own, a port. Names are in lower case, addresses as `ipaddress` has them."""

    host: str
    port: int | None = None
    is_address: bool = False


@lru_cache(1024)
def read_authority(text: str) -> Authority | None:
    """Read a `Host` header, or the part of an origin behind its scheme; None when it is not one host."""
    found = HOST.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65535:
        return None
    if found["name"]:
        name = found["name"].lower()
        return Authority(name, port, _address(name) is not None)
    address = _address(found["v6"]) if ":" in found["v6"] else None
    return None if address is None else Authority(address, port, True)


def _address(text: str) -> str | None:
    """Return an IP address in the one way of writing it, None for a name."""
    if text[-1] not in "0123456789abcdef:" or not (":" in text or text[0].isdigit()):
        return None  # most names, without the cost of an exception
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


@dataclass(frozen=True)
class KnownHosts:
    """The names that a request without a key may have in its `Host`; IP addresses and loopback names always may."""

    names: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()  # with their leading dot
    every: bool = False

    def knows(self, host: Authority) -> bool:
        if host.is_address or self.every:
            return True
        name = host.host.removesuffix(".")
        return name == LOOPBACK_NAME or name in self.names or name.endswith((f".{LOOPBACK_NAME}", *self.suffixes))


def known_hosts(listed: str, listening_on: str = "") -> KnownHosts:
    """Read a setting such as `backprop.example.org, *.lan`; the host that is listened on is known too.

    Raises
    ------
    Misconfigured
        When an entry is no name: it has a scheme, a port or a path.
    """
    names, suffixes, every = {listening_on.lower().removesuffix(".")} - {""}, [], False
    for entry in entries(listed):
        if entry == "*":
            every = True
            continue
        name = _plain(entry.removeprefix("*."))
        if name is None:
            raise Misconfigured(
                f"{ALLOWED_HOSTS} is a list of names such as `backprop.example.org, *.lan`, without scheme and port, "
                f"got {entry!r}"
            )
        if entry.startswith("*."):
            suffixes.append(f".{name}")
        else:
            names.add(name)
    return KnownHosts(frozenset(names), tuple(suffixes), every)


def _plain(entry: str) -> str | None:
    """Return a name in lower case, as browsers send it; None when it is none. An address is one, though not needed."""
    if address := _address(entry.strip("[]") or "-"):
        return address
    try:
        name = entry.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return name if NAME.fullmatch(name) else None


def entries(listed: str) -> list[str]:
    """Return the entries of a list of a setting, which commas separate."""
    return [entry.strip() for entry in listed.split(",") if entry.strip()]
