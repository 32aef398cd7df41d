"""One request to a receiver: where it goes, how long it may take, and what is kept of the answer."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.config import Settings
from service.webhooks import sending
from service.webhooks.addresses import Guard
from service.webhooks.sending import EXCERPT_BYTES, send
from tests.receiver import LOOPBACK, Receiver, always, receiver

BODY = b'{"a":1}'
SECONDS = 20.0


def guard(*addresses: str) -> Guard:
    return Guard(Settings(webhook_allowed_ranges=LOOPBACK, port=1), lambda host, port: list(addresses))


@contextmanager
def raw_server(answer: bytes, drip: bytes = b"") -> Iterator[int]:
    """Yield the port of a server that answers with these bytes, and then byte by byte with `drip` over and over."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(answer)
                    while drip and not stopped.wait(0.05):
                        connection.sendall(drip)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        stopped.set()
        thread.join(SECONDS)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    with receiver() as there:
        outcome = send(guard("127.0.0.1"), f"http://name.example:{there.port}/hook?a=b", {"x": "y"}, BODY, SECONDS)
    assert outcome.succeeded and outcome.status == 204
    (received,) = there.received
    assert (received.path, received.body) == ("/hook?a=b", BODY)
    assert received.headers["host"] == f"name.example:{there.port}"
    assert received.headers["x"] == "y" and received.headers["content-type"] == "application/json"


def test_a_name_that_means_another_address_now_is_not_sent_to() -> None:
    outcome = send(guard("10.0.0.1"), "http://name.example/", {}, BODY, SECONDS)
    assert outcome.status is None and outcome.error is not None
    assert outcome.error.startswith("not sent: the URL has the host `name.example`")


def test_the_next_address_is_tried_when_one_refuses() -> None:
    with receiver() as there:
        assert send(guard("127.0.0.9", "127.0.0.1"), f"http://two.example:{there.port}/", {}, BODY, SECONDS).succeeded


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as there:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(guard("127.0.0.1"), there.url, {}, BODY, SECONDS).succeeded
    assert len(there.received) == 1 and proxy.received == []


def test_the_beginning_of_an_answer_is_kept_without_control_characters() -> None:
    with receiver(always(500, b"\x00\x1b[31m\xff" + b"a" * 5000)) as there:
        outcome = send(guard("127.0.0.1"), there.url, {}, BODY, SECONDS)
    assert outcome.status == 500 and outcome.excerpt is not None
    assert outcome.excerpt.startswith("\ufffd\ufffd[31m\ufffda") and len(outcome.excerpt) == EXCERPT_BYTES


@pytest.mark.parametrize(("text", "seconds"), [("120", 120.0), ("soon", None), ("-1", None), ("1" * 400, None)])
def test_retry_after_is_read_if_it_can_be(text: str, seconds: float | None) -> None:
    with receiver(always(503, Retry_After=text)) as there:
        outcome = send(guard("127.0.0.1"), there.url, {}, BODY, SECONDS)
    assert outcome.throttles
    assert outcome.retry_after_seconds == seconds or (len(text) > 300 and outcome.retry_after_seconds is not None)


@pytest.mark.parametrize(
    ("answer", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"H"),
    ],
)
def test_an_answer_that_drips_is_given_up_at_the_time_limit(answer: bytes, drip: bytes) -> None:
    with raw_server(answer, drip) as port:
        outcome = send(guard("127.0.0.1"), f"http://slow.example:{port}/", {}, BODY, 0.5)
    assert (outcome.status, outcome.error) == (None, "no answer within 0.5 s")


@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n", b"", b"Connection: close\r\n"])
def test_a_status_counts_although_its_body_does_not_come_in_time(framing: bytes) -> None:
    with raw_server(b"HTTP/1.1 202 Accepted\r\n" + framing + b"\r\n", b"a") as port:
        outcome = send(guard("127.0.0.1"), f"http://slow.example:{port}/", {}, BODY, 0.5)
    assert outcome.succeeded and outcome.excerpt is not None and set(outcome.excerpt) <= {"a"}
    assert outcome.milliseconds < 5000


@pytest.mark.parametrize("body", [b"zz\r\n", b"5;" + b"x" * 70_000, b"5\r\nab"])
def test_a_status_counts_although_its_body_is_broken(body: bytes) -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body) as port:
        outcome = send(guard("127.0.0.1"), f"http://broken.example:{port}/", {}, BODY, SECONDS)
    assert outcome.succeeded and outcome.error is None


@pytest.mark.parametrize("answer", [b"\x00\xff\x1b[2J\r\n\r\n", b"HTTP/1.1 1 \x1b[2J\x00\r\n\r\n"])
def test_an_error_quotes_no_control_characters(answer: bytes) -> None:
    with raw_server(answer) as port:
        outcome = send(guard("127.0.0.1"), f"http://broken.example:{port}/", {}, BODY, SECONDS)
    assert outcome.error is not None and "[2J" in outcome.error and outcome.error.isprintable()


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 two\r\n\r\n"])
def test_a_broken_answer_is_an_error_in_words(answer: bytes) -> None:
    with raw_server(answer) as port:
        outcome = send(guard("127.0.0.1"), f"http://broken.example:{port}/", {}, BODY, SECONDS)
    assert outcome.status is None and outcome.error is not None and outcome.error.startswith("no answer: ")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = send(guard("127.0.0.1"), f"http://closed.example:{port}/", {}, BODY, SECONDS)
    assert outcome.error == "no answer: Connection refused"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `name.example` that signs itself, with its key, in one file."""
    made = tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=name.example"),
            *("-addext", "subjectAltName=DNS:name.example", "-keyout", tmp_path / "key.pem", "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    made.write_text(made.read_text() + (tmp_path / "key.pem").read_text())
    return made


def test_the_certificate_is_verified_for_the_name_in_the_url(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    with receiver() as there:
        there.server.socket = served.wrap_socket(there.server.socket, server_side=True)
        untrusted = send(guard("127.0.0.1"), _https("name.example", there), {}, BODY, SECONDS)
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(sending, "_trusted", lambda: trusting)
        right = send(guard("127.0.0.1"), _https("name.example", there), {}, BODY, SECONDS)
        wrong = send(guard("127.0.0.1"), _https("other.example", there), {}, BODY, SECONDS)
    assert untrusted.error == "the certificate is not trusted: self-signed certificate"
    assert right.succeeded
    assert wrong.error is not None and "not valid for 'other.example'" in wrong.error
    assert len(there.received) == 1


def _https(name: str, there: Receiver) -> str:
    return f"https://{name}:{there.port}/"
