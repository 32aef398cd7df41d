"""One request to a webhook: to an address that was checked, with a limit on its time and on what is read of the answer.

No redirect is followed, no proxy and no credentials of the environment are used. The certificate is verified for the
name in the URL.
"""

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException

from urllib3 import HTTPResponse, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util import Retry

from service import __version__
from service.webhooks.addresses import Guard, Refused, Target, parse

EXCERPT_BYTES = 1024
CONNECT_SECONDS = 5.0
LONGEST_ERROR = 300
GONE = 410
THROTTLED = frozenset({429, 502, 503, 504})
CONTENT_TYPE = "application/json"


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: a status with the beginning of the answer's body, or an error in words."""

    milliseconds: int
    status: int | None = None
    excerpt: str | None = None
    error: str | None = None
    retry_after_seconds: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it wants nothing any more."""
        return self.status == GONE

    @property
    def throttles(self) -> bool:
        """Whether the receiver says that it gets too much."""
        return self.status in THROTTLED


def send(guard: Guard, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Outcome:
    """Post a body to a URL once; return what came of it, whatever that is, within about so many seconds."""
    began = time.monotonic()

    def taken() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        target = parse(url)
        connection = _connect(target, guard.addresses_of(target), began + seconds)
    except Refused as error:
        return Outcome(taken(), error=f"not sent: the URL {error}")
    except (OSError, HTTPError) as error:
        return Outcome(taken(), error=_in_words(error, seconds))
    # the socket and not the connection, which lets go of it where an answer ends with the connection
    watch = threading.Timer(max(0.0, began + seconds - time.monotonic()), _cut, (connection.sock,))
    watch.daemon = True
    watch.start()
    try:
        status, excerpt, retry_after = _exchange(connection, target, headers, body, began + seconds)
        return Outcome(taken(), status, excerpt, retry_after_seconds=retry_after)
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        is_late = time.monotonic() - began >= seconds
        return Outcome(taken(), error=_in_words(TimeoutError() if is_late else error, seconds))
    finally:
        watch.cancel()
        connection.close()


def _connect(target: Target, addresses: list[str], deadline: float) -> HTTPConnection:
    """Connect to the first address that takes the connection; raise the last one's error if none does."""
    failure: Exception = TimeoutError()
    for address in addresses:
        left = min(CONNECT_SECONDS, deadline - time.monotonic())
        if left <= 0:
            break
        connection = _connection(target, address, left)
        try:
            connection.connect()
        except (OSError, HTTPError) as error:
            connection.close()
            failure = error
            continue
        assert connection.sock is not None
        connection.sock.settimeout(max(0.001, deadline - time.monotonic()))
        return connection
    raise failure


def _connection(target: Target, address: str, seconds: float) -> HTTPConnection:
    timeout = Timeout(total=seconds).connect_timeout
    if target.scheme == "http":
        return HTTPConnection(address, target.port, timeout=timeout)
    name = target.host.rstrip(".")
    return HTTPSConnection(address, target.port, timeout=timeout, server_hostname=name, ssl_context=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Return the system's trusted certificates, which are read once."""
    return ssl.create_default_context()


def _exchange(
    connection: HTTPConnection, target: Target, headers: Mapping[str, str], body: bytes, deadline: float
) -> tuple[int, str, float | None]:
    """Send the request; return the answer's status, the beginning of its body, and its Retry-After in seconds.

    The status alone says whether the receiver has the event, also where the body is broken or not sent in time.
    """
    sent = {
        "Host": target.authority,
        "User-Agent": f"backprop/{__version__}",
        "Content-Type": CONTENT_TYPE,
        "Accept-Encoding": "identity",
        **headers,
    }
    connection.request("POST", target.path, body, sent, preload_content=False, decode_content=False)
    response = connection.getresponse()
    if time.monotonic() >= deadline:  # headers that are cut off look as if they had ended
        raise TimeoutError
    try:
        begin = _begin(response)
        return response.status, _text(begin), _retry_after(response.headers.get("Retry-After"))
    finally:
        response.close()


def _begin(response: HTTPResponse) -> bytes:
    """Return the beginning of an answer's body; nothing where it cannot be read."""
    try:
        return response.read(EXCERPT_BYTES, decode_content=False)
    except (OSError, HTTPError, HTTPException, ValueError):
        return b""


def _cut(sock: socket.socket) -> None:
    """End an exchange whose time is over: what reads or writes returns at once."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended meanwhile
        return


def _text(begin: bytes) -> str:
    """Return bytes of anybody's as text that is harmless to show."""
    return _harmless(begin.decode("utf-8", "replace"))


def _harmless(text: str) -> str:
    """Return a text of anybody's with its control characters replaced; some databases do not store all of them."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def _retry_after(text: str | None) -> float | None:
    """Return the seconds that a header Retry-After says, as a number or as a date; None where it says nothing."""
    if text is None:
        return None
    try:
        return Retry().parse_retry_after(text)
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _in_words(error: Exception, seconds: float) -> str:
    """Return a sentence for an attempt that brought no answer; it may quote what a receiver has sent."""
    return _harmless(_sentence(error, seconds))[:LONGEST_ERROR]


def _sentence(error: Exception, seconds: float) -> str:
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return "no connection: the host does not answer"
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    cause: BaseException = error
    if isinstance(error, NewConnectionError | NameResolutionError) and error.__cause__ is not None:
        cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS fails: {cause.reason or cause}"
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"no answer: {words.strip()}"
