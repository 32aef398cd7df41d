"""The HTTP server in a thread of this process, in front of a small application."""

import asyncio
import io
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.front.connection import Connection
from service.front.environ import HELD, Environ, admission_of, client_of
from service.front.limits import Limits
from service.front.server import Sweeper, new_event_loop
from service.front.shared import Shared

SECONDS = 10.0
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
MOST_BYTES = 3_000_000


@dataclass
class Application:
    """What requests with whole bodies came, and how many questions whether a body may be read."""

    bodies: list[bytes] = field(default_factory=list)
    environs: list[Environ] = field(default_factory=list)
    asked: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    gone: list[bool] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    wake: Callable[[], None] | None = None
    events: list[bytes] = field(default_factory=list)
    prompt: list[bytes] = field(default_factory=list)  # what is written in the event loop

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/readyz":  # another test asks on a port that it had before
            start_response("404 NOT FOUND", [("Content-Length", "0")])
            return []
        admission = admission_of(environ)
        if admission is not None:
            self.asked += 1
            if path == "/nothing":
                start_response("404 NOT FOUND", [("Content-Length", "4")])
                return [b"none"]
            admission.most_bytes = MOST_BYTES
            start_response("204 NO CONTENT", [])
            return []
        self.bodies.append(environ["wsgi.input"].read())
        self.environs.append(environ)
        if path == "/wait":
            client = client_of(environ)
            self.waiting.release()
            while not (client.gone or self.let_go.wait(0.01)):
                pass
            self.gone.append(client.gone)
        if path == "/dated":
            start_response("200 OK", [("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Content-Length", "0")])
            return []
        if path == "/fail":
            raise ZeroDivisionError
        if path == "/events":
            environ[HELD] = self
            start_response("200 OK", [])
            return self._events()
        if path == "/stream":
            start_response("200 OK", [])
            return self._stream(int(environ["QUERY_STRING"]))
        start_response("200 OK", [("Content-Length", str(len(self.bodies[-1])))])
        return [self.bodies[-1]]

    def _stream(self, blocks: int) -> Iterator[bytes]:
        try:
            for _ in range(blocks):
                yield b"x" * 100_000
        finally:
            self.closed.set()

    def _events(self) -> Iterator[bytes]:
        try:
            yield b"begin;"
            while True:
                while self.events:
                    yield self.events.pop()
                yield b""
        finally:
            self.closed.set()

    def when_ready(self, wake: Callable[[], None]) -> float:
        self.wake = wake
        self.waiting.release()
        return SECONDS

    def at_once(self) -> bytes | None:
        return self.prompt.pop() if self.prompt else None


@dataclass
class Running:
    port: int
    shared: Shared
    application: Application
    over: asyncio.Event

    def stop(self) -> None:
        """Let the server begin to stop."""
        self.shared.post(self.over.set)

    def connect(self, receive_bytes: int = 0) -> socket.socket:
        client = socket.socket()
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", self.port))
        return client

    def ask(self, data: bytes, ends: bool = True) -> bytes:
        """Send bytes, then nothing more if it `ends`; return all that is answered."""
        with self.connect() as client:
            client.sendall(data)
            if ends:
                client.shutdown(socket.SHUT_WR)
            return read_all(client)


def read_all(client: socket.socket) -> bytes:
    stream = io.BytesIO()
    while data := client.recv(65536):
        stream.write(data)
    return stream.getvalue()


def read_until(client: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        more = client.recv(65536)
        assert more, data
        data += more
    return data


@contextmanager
def running(folder: Path, loop: LoopFactory = new_event_loop, **limits: Any) -> Iterator[Running]:
    """Serve in a thread until the block ends; it must leave no connection behind."""
    ready, over = threading.Event(), asyncio.Event()
    found: list[Running] = []
    application = Application()

    async def serve() -> None:
        shared = Shared(application, Limits(folder, **limits), frozenset({"/prompt"}))
        sweeper = Sweeper(shared)
        server = await shared.loop.create_server(lambda: Connection(shared), "127.0.0.1", 0)
        sweeping = asyncio.create_task(sweeper.run())
        found.append(Running(server.sockets[0].getsockname()[1], shared, application, over))
        ready.set()
        await over.wait()
        server.close()
        await sweeper.stop()
        sweeping.cancel()
        shared.stop()

    def run() -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(SECONDS)
    try:
        yield found[0]
    finally:
        with suppress(RuntimeError):  # its event loop may have ended
            found[0].stop()
        application.let_go.set()
        thread.join(SECONDS)
    assert not thread.is_alive()
    assert not found[0].shared.connections
    assert (found[0].shared.spools.in_memory, found[0].shared.spools.in_files) == (0, 0)
