"""A proxy that loses the first answer to each request, refuses the second one, and cuts off streams of events."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVENTS = 2  # of a stream, after which it is cut off within the next one
RETRY = (b"retry: 2000", b"retry: 50")
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class LossyProxy(ThreadingHTTPServer):
    """Counts by what happened to requests: `lost`, `refused`, `answered` and `cut`."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.service = ("127.0.0.1", port)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.seen: Counter[tuple[str, str]] = Counter()
        self.fates: Counter[str] = Counter()
        self.lock = threading.Lock()

    def fate(self, method: str, path: str) -> str:
        """Decide what happens to a request, by how often it was sent."""
        with self.lock:
            self.seen[method, path] += 1
            return {1: "lost", 2: "refused"}.get(self.seen[method, path], "answered")

    def count(self, fate: str) -> None:
        with self.lock:
            self.fates[fate] += 1


class Handler(BaseHTTPRequestHandler):
    server: LossyProxy

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fate = self.server.fate(self.command, self.path)
        if fate == "refused":
            self.server.count(fate)
            self._answer(503, {"Retry-After": "0", "Content-Type": "text/html"}, b"<h1>later</h1>")
            return
        connection = http.client.HTTPConnection(*self.server.service, timeout=90)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        connection.request(self.command, self.path, body or None, passed)
        answer = connection.getresponse()
        if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
            self._cut_off(answer)
        elif fate == "lost":
            answer.read()
            self.server.count(fate)
            self.close_connection = True
        else:
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            self.server.count(fate)
            self._answer(answer.status, headers, answer.read())
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815

    def _cut_off(self, answer: http.client.HTTPResponse) -> None:
        """Pass on some events and half of another one, or all where the service has no more."""
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Connection", "close")
        self.end_headers()
        events = 0
        while line := answer.readline():
            self.wfile.write(line.replace(*RETRY))
            self.wfile.flush()
            events += line.startswith(b"data: ")
            if events == EVENTS:
                self.wfile.write(b"\nid: 999999999\nevent: end\ndata: {")
                self.server.count("cut")
                break
        self.close_connection = True

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


@contextmanager
def lossy_proxy(port: int) -> Iterator[LossyProxy]:
    """Pass requests on to the service at `port` while the block runs."""
    with LossyProxy(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
