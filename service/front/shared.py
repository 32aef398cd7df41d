"""What the connections of one process share: the application, threads, bounds, and who is connected."""

import asyncio
import logging
from email.utils import formatdate
from typing import Protocol

from service.front.answers import Application
from service.front.bodies import Spools
from service.front.environ import Environ
from service.front.limits import Limits
from service.front.refusals import Refused
from service.front.threads import Threads
from service.logs import escaped

PROMPT_THREADS = 2
LONGEST = 200  # characters of a method or path in the log

log = logging.getLogger("service.requests")


class Connected(Protocol):
    """A connection, as those see it who end what takes too long."""

    def check(self, now: float) -> None: ...

    def check_unsent(self, now: float) -> int: ...

    def is_unread_for(self, seconds: float, now: float) -> bool: ...

    def stop(self) -> None: ...

    def abort(self) -> None: ...

    def give_up(self) -> None: ...


class Shared:
    """Made in the event loop of the process."""

    def __init__(self, application: Application, limits: Limits, prompt_paths: frozenset[str]) -> None:
        """`prompt_paths` are answered by threads of their own, so that they never wait for other requests."""
        self.application = application
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.post = self.loop.call_soon_threadsafe
        self.threads = Threads(limits.threads, "request")
        # what continues long answers, so that many of them do not take the threads of requests
        self.stream_threads = Threads(limits.stream_threads, "stream")
        self._prompt_paths = prompt_paths
        self._prompt_threads = Threads(PROMPT_THREADS, "prompt")
        self.spools = Spools(limits)
        self.connections: set[Connected] = set()
        self.resting: dict[Connected, None] = {}  # without a request, the longest first
        self.unsent: dict[Connected, int] = {}
        self.is_stopping = False
        self.set_date()

    def threads_for(self, path: str) -> Threads:
        return self._prompt_threads if path in self._prompt_paths else self.threads

    def stop(self) -> None:
        """End the threads once they have done what they were given."""
        for threads in (self.threads, self.stream_threads, self._prompt_threads, self.spools.threads):
            threads.stop()

    def date(self) -> bytes:
        return self._date

    def set_date(self) -> None:
        self._date = f"Date: {formatdate(usegmt=True)}\r\n".encode()

    def add(self, connection: Connected) -> None:
        """Take a connection; beyond the limit the one that has rested longest ends."""
        if len(self.connections) >= self.limits.max_connections:
            oldest = next(iter(self.resting), None)
            if oldest is None:
                connection.abort()
            else:
                del self.resting[oldest]
                oldest.abort()
        self.connections.add(connection)
        self.resting[connection] = None

    def remove(self, connection: Connected) -> None:
        self.connections.discard(connection)
        self.resting.pop(connection, None)
        self.unsent.pop(connection, None)

    def log_refusal(self, refused: Refused, environ: Environ | None) -> None:
        environ = environ or {}
        method, path = (escaped(environ.get(name, "-"), LONGEST) for name in ("REQUEST_METHOD", "PATH_INFO"))
        fields = {"method": method, "path": path, "status": refused.status, "detail": refused.detail}
        log.info("%s %s %s refused: %s", *fields.values(), extra={"fields": fields})
