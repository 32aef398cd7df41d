"""Runs the WSGI application for one request and turns its answer into bytes, a step at a time, in threads."""

import io
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.front.bodies import Body
from service.front.environ import ADMISSION, HELD, Admission, Environ, Held
from service.front.refusals import Refused, answer_of

log = logging.getLogger(__name__)

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
LENGTH_OF_NAME = len("content-length")
LENGTH_OF_DATE = len("date")
NO_BODY = ("1", "204", "304")
FAILED = Refused(500, "the service failed; its log says why")


class Answer:
    """One answer. `step` yields its next bytes; between two steps no thread is occupied."""

    def __init__(self, application: Application, environ: Environ, keep_alive: bool, date: Callable[[], bytes]) -> None:
        self._application = application
        self._environ = environ
        self._date = date
        self._blocks: Iterator[bytes] | None = None
        self._close: Callable[[], None] | None = None
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._left: int | None = None
        self._in_chunks = False
        self._has_body = True
        self.keep_alive = keep_alive
        self.is_over = False
        self.is_broken = False  # it ended before its end: the connection must say so

    @property
    def held(self) -> Held | None:
        """The part of the application that says when there is more, for an answer that has nothing now."""
        return self._environ.get(HELD)

    def start(self, body: Body | None = None) -> bytes:
        """Run the application for a request with that body; return the head and the first bytes of its answer."""
        try:
            if body is not None:
                self._environ["wsgi.input"] = body.open()
            result = self._application(self._environ, self._start_response)
            self._close = getattr(result, "close", None)
            self._blocks = iter(result)
            head = self._head()
            if not self._has_body or self._left == 0:
                self.end()
                return head
            first = self.step()
            if not self.is_broken:
                return head + first
            self.is_broken = False  # nothing was sent: the failure can be answered
        except Exception:  # whatever failed, the client gets an answer and the event loop goes on
            log.exception("the application failed")
        self.end()
        self.keep_alive = False
        return answer_of(FAILED, self._date(), self._environ)

    def step(self) -> bytes:
        """Return the next bytes; `b""` when there are none now, or when the answer is over."""
        assert self._blocks is not None
        try:
            for block in self._blocks:
                if block:
                    return self._framed(block)
                if self.held is not None:
                    return b""
        except Exception:  # the client sees that the answer is cut off, as the connection is closed
            log.exception("an answer failed on its way")
            self.is_broken = True
        self.is_broken |= bool(self._left)
        self.end()
        return b"0\r\n\r\n" if self._in_chunks and not self.is_broken else b""

    def end_of_held(self) -> bytes:
        """End an answer that has nothing now, as its client has gone or the server stops; return its last bytes."""
        self.end()
        return b"0\r\n\r\n" if self._in_chunks else b""

    def seconds_to_wait(self, wake: Callable[[], None]) -> float | None:
        """Return how long an answer that has nothing now may wait for a call of `wake`; None when it has failed."""
        assert self.held is not None
        try:
            return self.held.when_ready(wake)
        except Exception:  # as in `step`
            log.exception("an answer failed on its way")
        self.is_broken = True
        self.end()
        return None

    def at_once(self) -> bytes | None:
        """Return the next bytes of an answer that has waited, if they are in memory, or None for a thread to ask."""
        assert self.held is not None
        data = self.held.at_once()
        return self._framed(data) if data else data

    def end(self) -> None:
        """Close the application's iterator; the answer is over, whether or not all of it was read."""
        self.is_over = True
        close, self._close = self._close, None
        if close is not None:
            try:
                close()
            except Exception:  # the answer itself has been sent, or has been given up
                log.exception("an answer could not be closed")

    def _framed(self, block: bytes) -> bytes:
        if self._in_chunks:
            return b"%x\r\n%b\r\n" % (len(block), block)
        if self._left is not None:
            block = block[: self._left]
            self._left -= len(block)
            if not self._left:
                self.end()
        return block

    def _start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], None]:
        self._status, self._headers = status, headers
        return _write

    def _head(self) -> bytes:
        lines = [f"HTTP/1.1 {self._status}\r\n"]
        length = None
        for name, value in self._headers:
            if len(name) == LENGTH_OF_DATE and name.lower() == "date":
                continue  # the server's own follows, and a message has one
            lines.append(f"{name}: {value}\r\n")
            if len(name) == LENGTH_OF_NAME and name.lower() == "content-length":
                length = int(value)
        self._has_body = not self._status.startswith(NO_BODY) and self._environ["REQUEST_METHOD"] != "HEAD"
        if self._has_body:
            self._left = length
            if length is None and self._environ["SERVER_PROTOCOL"] == "HTTP/1.1":
                self._in_chunks = True
                lines.append("Transfer-Encoding: chunked\r\n")
            elif length is None:
                self.keep_alive = False  # the end of the connection ends the answer
        if not self.keep_alive:
            lines.append("Connection: close\r\n")
        elif self._environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            lines.append("Connection: keep-alive\r\n")
        return "".join(lines).encode("latin-1") + self._date() + b"\r\n"


def ask(application: Application, environ: Environ, date: Callable[[], bytes]) -> tuple[Admission, bytes]:
    """Ask the application whether it takes the body of a request; return the question and its whole answer."""
    admission = Admission()
    asked = {**environ, ADMISSION: admission, "wsgi.input": io.BytesIO()}
    answer = Answer(application, asked, False, date)
    data = answer.start()
    while not answer.is_over:
        data += answer.step()
    return admission, data


def _write(_: bytes) -> None:
    raise NotImplementedError("the application must return its answer")
