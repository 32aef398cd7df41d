"""The addresses in settings: URLs of the database and of the queue, and the host to listen on.

They are checked by their text alone; no message shows a password.
"""

import difflib
import ipaddress
from urllib.parse import SplitResult, urlsplit

from service.errors import Misconfigured

DATABASE_VARIABLE, QUEUE_VARIABLE, HOST_VARIABLE = "BACKPROP_DATABASE_URL", "BACKPROP_QUEUE_URL", "BACKPROP_HOST"
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
QUEUES = ("redis", "rediss", "unix", "redis+socket", "filesystem")
SQLITE = "sqlite:///"
DATABASE_FORM = "postgresql://user:password@host:5432/name, or sqlite:////absolute/path"
QUEUE_FORM = "redis://:password@host:6379/0"


def check_database_url(url: str) -> None:
    """Raise `Misconfigured` unless this is the URL of a PostgreSQL database or of a SQLite file."""
    scheme = _scheme_of(DATABASE_VARIABLE, url, (*POSTGRESQL, "sqlite"), DATABASE_FORM)
    if scheme == "sqlite":
        name = url.removeprefix(SQLITE)
        if not url.startswith(SQLITE) or name in ("", ":memory:"):
            raise Misconfigured(
                f"{DATABASE_VARIABLE} must name a file, as several processes share it: sqlite:////absolute/path"
            )
        return
    if scheme not in POSTGRESQL:
        raise _unknown(DATABASE_VARIABLE, url, DATABASE_FORM)
    parts = _split(DATABASE_VARIABLE, url, DATABASE_FORM)
    if not parts.path.strip("/"):
        raise Misconfigured(f"{DATABASE_VARIABLE} names no database; it has the form {DATABASE_FORM}")


def check_queue_url(url: str) -> None:
    """Raise `Misconfigured` unless this is the URL of a Redis or Valkey server, its socket, or a folder."""
    scheme = _scheme_of(QUEUE_VARIABLE, url, QUEUES, QUEUE_FORM)
    parts = _split(QUEUE_VARIABLE, url, QUEUE_FORM)
    if scheme in ("unix", "redis+socket", "filesystem"):
        if not parts.path.startswith("/"):
            raise Misconfigured(f"{QUEUE_VARIABLE} must name an absolute path: {scheme}:///absolute/path")
        return
    if not parts.hostname:
        raise Misconfigured(f"{QUEUE_VARIABLE} names no host; it has the form {QUEUE_FORM}")
    number = parts.path.strip("/")
    if number and not number.isdecimal():
        raise Misconfigured(f"{QUEUE_VARIABLE} must end with the number of a database, such as 0; see {QUEUE_FORM}")


def _scheme_of(variable: str, url: str, known: tuple[str, ...], form: str) -> str:
    scheme, colon, rest = url.partition(":")
    if scheme in known and rest.startswith("//"):
        return scheme
    if scheme in known and colon:
        raise Misconfigured(f"{variable} must have two slashes after {scheme}: as in {form}")
    raise _unknown(variable, url, form, difflib.get_close_matches(scheme, known, 1))


def _unknown(variable: str, url: str, form: str, guesses: list[str] | None = None) -> Misconfigured:
    hint = f"did you mean {guesses[0]}://?" if guesses else f"it has the form {form}"
    schemes = "postgresql:// or sqlite:///" if variable == DATABASE_VARIABLE else "redis://"
    return Misconfigured(f"{variable} must begin with {schemes}, got {scheme_only(url)}; {hint}")


def _split(variable: str, url: str, form: str) -> SplitResult:
    """Return the parts of a URL whose port is a number that exists."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its message quotes a password that has a `:` or `/` in it
        raise Misconfigured(
            f"the port or the address in {variable} cannot be read; it has the form {form},"
            " where special characters of a password are written as %3A for `:`, %2F for `/`, %40 for `@`"
        ) from None
    if port == 0:
        raise Misconfigured(f"the port in {variable} must lie within 1 and 65535, got 0")
    return parts


def scheme_only(url: str) -> str:
    """Return the part of a URL that may be shown whatever it holds."""
    return repr(url.split(":", 1)[0][:30] + ":...") if ":" in url else "a text without a scheme"


def without_password(url: str) -> str:
    """Return a URL as it may be shown: `***` for the user and the password."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}***@{rest.rpartition('@')[2]}" if "@" in rest else url


def plain_host(text: str) -> str:
    """Return the name or address of a host, without the brackets of an IPv6 address; raise for anything more."""
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if is_address(host):
        return host
    if host in ("", "*"):
        raise Misconfigured(f"{HOST_VARIABLE} must be a name or an address, got {text!r}; all addresses are 0.0.0.0")
    if "/" in host or ":" in host or any(letter.isspace() for letter in host):
        raise Misconfigured(
            f"{HOST_VARIABLE} must be a name or an address alone, got {text[:60]!r}; the port is set by --port"
        )
    return host


def is_address(host: str) -> bool:
    """Return whether this is a literal IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether this names the machine's loopback interface."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def with_port(host: str, port: int) -> str:
    """Return host and port as in a URL, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
