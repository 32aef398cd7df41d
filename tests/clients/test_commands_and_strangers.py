"""The commands against servers that are not this service, or that send what terminals would obey."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.integration import commands

KEY = "bp_abcdefghijkl_SECRETSECRETSECRETSECRET"
HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b2J\u202e\r\nX"
JOB = {
    "id": f"job_{HOSTILE}",
    "status": "succeeded",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "model": {"name": HOSTILE, "version": 1},
    "dataset": HOSTILE,
    "progress": {"epoch": 1, "epochs": 1},
    "latest": None,
    "error": None,
    "best_epoch": 1,
    "training": {},
    "warnings": [],
}
EVENT = {
    "id": 1,
    "type": "warning",
    "created_at": "2026-01-01T00:00:00Z",
    "data": {"epoch": 1, "detail": HOSTILE},
}
METRICS = {"training": {HOSTILE: 1.0}, "validation": {}}
EPOCH = {"epoch": 1, "training_loss": 0.5, "validation_loss": None, "metrics": METRICS}

Answer = tuple[int, str, bytes]


@contextmanager
def server(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Yield the address of a server that answers each path with a status, a type and a body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, media_type, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name is that of http.server

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()
        thread.join()


def listed(*items: dict[str, Any]) -> Answer:
    whole = {"object": "list", "data": items, "has_more": False, "first_id": None, "last_id": None}
    return 200, "application/json", json.dumps(whole).encode()


def hostile(path: str) -> Answer:
    """Return the answers of a server that speaks like the service, with text that terminals would obey."""
    if path == "/healthz":
        return 200, "application/json", b'{"status": "alive"}'
    if "/events" in path:
        end = {**EVENT, "id": 3, "type": "end", "data": {"status": "succeeded", "error": None}}
        events = [EVENT, {**EVENT, "id": 2, "type": "epoch", "data": EPOCH}, end]
        if "limit" in path:
            return listed(*events)
        text = "".join(f"id: {each['id']}\nevent: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
        return 200, "text/event-stream", text.encode()
    if "/epochs" in path:
        return listed(EPOCH)
    if path.startswith("/v1/jobs?"):
        return listed(JOB)
    return 200, "application/json", json.dumps(JOB).encode()


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>sign in</html>"),
        (302, "text/html", b""),
        (200, "application/json", b"[1, 2]"),
        (200, "application/json", b"null"),
        (200, "application/json", b"[" * 100_000),
    ],
)
def test_another_server_is_said_to_be_one(answer: Answer) -> None:
    with server(lambda path: answer) as url:
        for arguments in (("jobs",), ("predict", "model", __file__)):
            ended = commands.backprop(*arguments, BACKPROP_URL=url, BACKPROP_KEY=KEY)
            assert (ended.code, ended.output) == (4, "")
            assert ended.errors.endswith(f"what answers at {url} is not this service; BACKPROP_URL says where it is\n")


def test_answers_of_another_form_are_said_to_be_of_another_server() -> None:
    answer = lambda path: hostile(path) if path == "/healthz" else (200, "application/json", b"{}")  # noqa: E731
    with server(answer) as url:
        for arguments in (("jobs",), ("watch", "job_1")):
            ended = commands.backprop(*arguments, BACKPROP_URL=url)
            assert ended.code == 4 and "is not this service" in ended.errors and "Traceback" not in ended.errors


def test_the_page_of_a_proxy_is_said_to_be_of_what_answers_there() -> None:
    with server(lambda path: (401, "text/html", b"<html>\x1b[2J</html>")) as url:
        ended = commands.backprop("jobs", BACKPROP_URL=url, BACKPROP_KEY=KEY)
    assert ended.code == 2 and ended.errors.startswith(f"backprop jobs: what answers at {url} says 401 ")
    assert KEY not in ended.errors and "\x1b" not in ended.errors


@pytest.mark.parametrize(
    "arguments", [("jobs",), ("watch", "job_1"), ("logs", "job_1"), ("logs", "-f", "job_1"), ("jobs", "--json")]
)
def test_what_a_server_sends_moves_no_cursor(arguments: tuple[str, ...]) -> None:
    with server(hostile) as url:
        ended = commands.backprop(*arguments, BACKPROP_URL=url)
    assert ended.code == 0, ended.errors
    for text in (ended.output, ended.errors):
        assert all(each.isprintable() or each == "\n" for each in text), ascii(text)
    if "--json" in arguments:
        assert json.loads(ended.output)["id"] == JOB["id"]


@pytest.mark.parametrize("key", ["bp_a\nSECRET: x", "bp_\u00e4SECRET", "bp_a SECRET"])
def test_a_key_that_no_header_carries_is_refused_and_not_repeated(key: str) -> None:
    with server(hostile) as url:
        ended = commands.backprop("jobs", BACKPROP_URL=url, BACKPROP_KEY=key)
    assert ended.code == 2 and ended.errors.startswith("backprop jobs: the key must be ASCII")
    assert "SECRET" not in ended.errors


def test_a_line_end_behind_a_key_is_left_out() -> None:
    with server(hostile) as url:
        assert commands.backprop("jobs", BACKPROP_URL=url, BACKPROP_KEY=f"{KEY}\n").code == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://user:SECRET@127.0.0.1:1", "must hold no user and no password"),
        ("127.0.0.1:1", "must begin with http:// or https://"),
        ("http://127.0.0.1:99999", "must begin with http:// or https://"),
        ("http://[::1", "must begin with http:// or https://"),
        ("http://127.0.0.1:1/?key=SECRET", "must end with its path"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, words: str) -> None:
    ended = commands.backprop("jobs", BACKPROP_URL=url)
    assert ended.code == 2 and words in ended.errors and "SECRET" not in ended.errors
