"""What the HTTP server and the application exchange through a request's environment, in addition to WSGI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

ADMISSION = "service.admission"
CLIENT = "service.client"
HELD = "service.held"
WHOLE_AT = "service.whole_at"  # when the request was read whole, of `time.monotonic`; its wait for a thread follows

Environ = dict[str, Any]


@dataclass
class Admission:
    """A question: may the body of this request be read? The application answers by setting the most bytes it may have.

    It is asked with the headers alone, before a large body is read. While `most_bytes` is None its answer is a refusal,
    which the client gets.
    """

    most_bytes: int | None = None


@dataclass
class Client:
    """Who sent a request; `gone` is set when the connection has ended, or the server is about to stop."""

    gone: bool = False


class Held(Protocol):
    """An answer whose next bytes do not exist yet, set as `environ[HELD]`.

    When its iterator yields `b""`, no thread waits for the next bytes: the server asks again after a call of `wake`, or
    after the seconds that `when_ready` returns. After a call of `wake` it asks `at_once` first, in the event loop: that
    returns at once the next bytes, if there are any, and will call `wake` again; or None for the iterator to be asked.
    """

    def when_ready(self, wake: Callable[[], None]) -> float: ...

    def at_once(self) -> bytes | None: ...


def admission_of(environ: Mapping[str, Any]) -> Admission | None:
    """Return the question whether a body may be read, or None when this is a request to carry out."""
    return cast(Admission | None, environ.get(ADMISSION))


def client_of(environ: Mapping[str, Any]) -> Client:
    """Return the client of a request; under another server, one that is never gone."""
    return cast(Client, environ.get(CLIENT) or Client())
