"""A receiver of webhooks: an HTTP server that verifies each delivery as the `standardwebhooks` package does."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True)
class Received:
    """A request that arrived; `secrets` are those of the receiver by which it verifies."""

    path: str
    headers: dict[str, str]
    body: bytes
    verified_by: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Reply:
    """What the receiver answers."""

    status: int = 204
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Respond = Callable[[Received], Reply]


def always(status: int, body: bytes = b"", **headers: str) -> Respond:
    """Return what answers each request in the same way; `Retry_After` stands for a header's name."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda received: Reply(status, body, named)


TAKE = always(204)


class Server(ThreadingHTTPServer):
    """A server of which clients may hang up before they are answered, which is what a time limit makes them do."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """A server on a free port of this machine, and what it has received."""

    def __init__(self, respond: Respond = TAKE, host: str = "127.0.0.1") -> None:
        self.respond = respond
        self.secrets: list[str] = []
        self.received: list[Received] = []
        self.server = Server((host, 0), _handler(self))
        self.port = int(self.server.server_address[1])
        self.url = f"http://{host}:{self.port}/hook"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        received = Received(path, headers, body, tuple(each for each in self.secrets if _verifies(each, headers, body)))
        self.received.append(received)
        return self.respond(received)

    @property
    def types(self) -> list[str]:
        """The types of the events, in the order of their arrival."""
        return [each.event["type"] for each in self.received]


@contextmanager
def receiver(respond: Respond = TAKE) -> Iterator[Receiver]:
    """Yield a receiver that runs until the end of the block."""
    made = Receiver(respond)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


def _verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # its sender was killed within it: no HTTP server hands that on
                self.close_connection = True
                return
            reply = receiver.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
