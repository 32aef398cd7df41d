"""Where the service listens: names become addresses, port 0 a free port, and what cannot be listened on is refused."""

import errno
import socket
from dataclasses import replace

from service.addresses import is_loopback, plain_host, with_port
from service.config import Settings
from service.errors import Misconfigured

WAYS_OUT = {
    errno.EADDRINUSE: "something listens there already; use another --port, or stop it",
    errno.EACCES: "ports below 1024 are reserved for root; use another --port, such as 8000",
    errno.EADDRNOTAVAIL: "this machine does not have that address; use --host 127.0.0.1, or 0.0.0.0 for all it has",
}


def settled(settings: Settings) -> Settings:
    """Return the settings with a port that can be listened on: a free one in place of 0.

    Raises
    ------
    Misconfigured
        When nothing can listen there.
    """
    port = check_port(settings.host, settings.port)
    return replace(settings, port=port)


def url_of(settings: Settings) -> str:
    """Return the address of the service as a client writes it."""
    return f"http://{with_port(plain_host(settings.host), settings.port)}"


def address_of(host: str) -> str:
    """Return the IP address that a host's name stands for, IPv4 first: the HTTP server takes no names."""
    host = plain_host(host)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Misconfigured(f"the host {host[:60]!r} is not known; use --host 127.0.0.1, or an address") from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    address = str(found[0][4][0])
    if is_loopback(host) and not is_loopback(address):
        raise Misconfigured(f"the host {host!r} is not this machine's loopback here; use --host 127.0.0.1")
    return address


def check_port(host: str, port: int) -> int:
    """Return the port, a free one if it is 0; raise `Misconfigured` when nothing can listen there."""
    address = address_of(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        way_out = WAYS_OUT.get(error.errno or 0, "use another --host or --port")
        at = with_port(plain_host(host), port)
        raise Misconfigured(f"cannot listen on {at}: {error.strerror}; {way_out}") from None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on now."""
    return check_port("127.0.0.1", 0)
