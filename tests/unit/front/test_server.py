"""Requests over real sockets: what is read whole reaches the application, everything else is answered by the server."""

import asyncio
import json
import os
import socket
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.errors import BY_SLUG
from service.front.limits import DRAIN_BYTES, MAX_HEAD_BYTES, SMALL_BODY
from service.front.refusals import TITLES, TYPES
from service.front.server import new_event_loop
from tests.unit.front.serving import Running, read_all, read_until, running
from tests.waiting import wait_until

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /a HTTP/1.1\r\n" + HOST
CLOSE = b"Connection: close\r\n"


@pytest.fixture(params=[new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, request.param) as server:
        yield server


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def detail(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return str(json.loads(body)["detail"])


def is_ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def in_chunks(data: bytes, size: int = 1000) -> bytes:
    parts = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 1_100_000, 2_900_000])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_whole_body_comes_back(server: Running, size: int, framing: str) -> None:
    data = os.urandom(size)
    if framing == "length":
        request = POST + CLOSE + b"Content-Length: %d\r\n\r\n" % size + data
    else:
        request = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(data)
    answer = server.ask(request, ends=False)
    assert status(answer) == 200 and answer.endswith(b"\r\n\r\n" + data)
    assert server.application.asked == (size > SMALL_BODY)
    environ = server.application.environs[0]
    assert int(environ.get("CONTENT_LENGTH") or 0) == size and "HTTP_TRANSFER_ENCODING" not in environ


@pytest.mark.parametrize("size", [500, 200_000, 1_500_000])
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_a_body_that_is_cut_off_reaches_nobody(server: Running, size: int, framing: str, how: str) -> None:
    data = os.urandom(size)
    head = b"Content-Length: %d\r\n\r\n" % size if framing == "length" else b"Transfer-Encoding: chunked\r\n\r\n"
    body = data if framing == "length" else in_chunks(data)
    for cut in (1, len(body) // 2, len(body) - 1):
        request = POST + head + body[:cut]
        if how == "FIN":
            answer = server.ask(request)
            assert status(answer) == 400 and "cut off" in detail(answer)
        else:
            with server.connect() as client:
                client.sendall(request)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.ask(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")  # accepted after the others
    wait_until(lambda: not server.shared.connections, what="the end of all connections")
    assert server.application.bodies == [b""]


@pytest.mark.parametrize(
    ("request_bytes", "expected", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, "two Host"),
        (b"GET http://other/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, "different hosts"),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Content-Length"),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400, "Content-Length"),
        (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: -3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc", 400, "Content-Length"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "gzip, chunked"),
        (b"POST /a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400, "chunked"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "chunk size"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-3\r\n", 400, "chunk size"),
        (POST + b"Expect: 200-maybe\r\nContent-Length: 3\r\n\r\n", 417, "200-maybe"),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400, "HTTP/2.0"),
        (b"nonsense\r\n\r\n", 400, "not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400, "not HTTP/1.1"),
        (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n" + HOST, 431, "bytes"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n", 431, "bytes"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 100 + b"\r\n", 431, "headers"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n", 431, "bytes"),
        (
            b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 40_000 + b"\r\nC: " + b"d" * 40_000 + b"\r\n\r\n",
            431,
            "bytes",
        ),
        (b"GET / HTT", 400, "within its headers"),
    ],
)
def test_ambiguous_requests_are_refused(server: Running, request_bytes: bytes, expected: int, words: str) -> None:
    answer = server.ask(request_bytes)
    assert status(answer) == expected and words in detail(answer), answer
    assert b"Connection: close" in answer and server.application.bodies == []


@pytest.mark.parametrize(
    "endless", [b"3;" + b"a" * 9000, b"0" * 9000, b"0\r\nA: " + b"a" * 9000, b"0\r\n" + b"A: b\r\n" * 1500]
)
def test_bytes_around_a_body_are_bounded(server: Running, endless: bytes) -> None:
    with server.connect() as client:
        client.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        client.sendall(endless)
        for _ in range(60):
            client.sendall(b"A: b\r\n" * 1500 if endless.endswith(b"\n") else endless[-9000:])
        answer = client.recv(65536)
    assert status(answer) == 400 and "beside the body" in detail(answer), answer
    assert server.application.bodies == []


def test_a_body_in_tiny_chunks_takes_little_memory(server: Running) -> None:
    data = bytes(range(256)) * 400
    chunks = b"".join(b"2\r\n%b\r\n" % data[at : at + 2] for at in range(0, len(data), 2))
    tracemalloc.start()
    try:
        answer = server.ask(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status(answer) == 200 and server.application.bodies == [data]
    assert peak < len(chunks) + 10 * len(data)


def test_a_large_body_and_the_beginning_of_the_next_request(server: Running) -> None:
    head = POST + b"Content-Length: 100000\r\n\r\n"
    with server.connect() as client:
        client.sendall(head + b"a" * 100_000 + b"GET /a HTTP/1.1\r\nA: b")
        wait_until(lambda: len(server.application.bodies) == 1, what="the first request")
        client.sendall(b"\r\n" + HOST + b"Connection: close\r\n\r\n")
        client.settimeout(10)
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 ") == 2, received


def test_http_1_0_knows_no_100_continue(server: Running) -> None:
    answer = server.ask(b"POST /a HTTP/1.0\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
    assert status(answer) == 200 and server.application.bodies == [b"abc"]


def test_refusals_have_the_types_that_the_application_explains() -> None:
    for code, slug in TYPES.items():
        assert BY_SLUG[slug].status in (code, 0)
        assert code not in TITLES or TITLES[code] == BY_SLUG[slug].title


@pytest.mark.parametrize("expects", [b"", b"Expect: 100-continue\r\n"])
def test_a_refused_body_is_answered_before_it_is_sent(server: Running, expects: bytes) -> None:
    size = DRAIN_BYTES // 2
    with server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\n" + HOST + expects + b"Content-Length: %d\r\n\r\n" % size)
        answer = read_all(client)
        assert status(answer) == 404 and answer.endswith(b"none")
        client.sendall(b"x" * size)  # it is drained: no broken pipe
    assert server.application.bodies == []


def test_a_refusal_drains_no_more_than_its_bound(server: Running) -> None:
    with server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\n" + HOST + b"Content-Length: 900000000\r\n\r\n")
        assert status(read_until(client, b"none")) == 404
        with pytest.raises(OSError):
            for _ in range(1000):
                client.sendall(b"x" * 100_000)
    wait_until(lambda: not server.shared.connections, what="the end of the connection")


def test_a_body_in_chunks_that_grows_beyond_the_bound_is_refused(server: Running) -> None:
    with server.connect() as client:
        client.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(b"x" * 3_100_000)[:-5])
        answer = read_all(client)
    assert status(answer) == 413 and "3,000,000" in detail(answer)


def test_100_continue_comes_once_the_body_may_be_sent(server: Running) -> None:
    for size in (10, 100_000):
        with server.connect() as client:
            client.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size)
            assert read_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"x" * size)
            assert read_all(client).endswith(b"x" * size)


def test_requests_follow_one_another_on_a_connection(server: Running) -> None:
    with server.connect() as client:
        for word in (b"one", b"two"):
            client.sendall(POST + b"Content-Length: 3\r\n\r\n" + word)
            assert read_until(client, word).startswith(b"HTTP/1.1 200 OK")
        many = b"".join(POST + b"Content-Length: 2\r\n\r\n%02d" % number for number in range(40))
        client.sendall(many + POST + b"Content-Length: 200000\r\n\r\n" + b"y" * 199_999 + b"z")
        client.sendall(POST + CLOSE + b"Content-Length: 4\r\n\r\nlast")
        answers = read_all(client)
    assert [body for body in server.application.bodies if len(body) == 2] == [b"%02d" % number for number in range(40)]
    assert answers.count(b"HTTP/1.1 200 OK") == 42 and answers.endswith(b"last")


def test_what_follows_a_request_that_is_not_http_is_refused_after_its_answer(server: Running) -> None:
    answers = server.ask(POST + b"Content-Length: 3\r\n\r\nabcnonsense\r\n\r\n")
    assert [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]] == [200, 400]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_request_for_another_protocol_is_answered_by_this_one(server: Running, framing: str) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    body = b"Content-Length: 3\r\n\r\nabc"
    if framing == "chunked":
        body = b"Transfer-Encoding: chunked\r\n\r\n" + in_chunks(b"abc")
    last = b"GET /b HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"
    answers = server.ask(POST + upgrade + body + b"GET / HTTP/1.1\r\n" + HOST + upgrade + b"\r\n" + last)
    assert answers.count(b"HTTP/1.1 200 OK") == 3 and server.application.bodies == [b"abc", b"", b""]
    assert [environ["PATH_INFO"] for environ in server.application.environs] == ["/a", "/", "/b"]


def test_the_environment_of_a_request(server: Running) -> None:
    headers = b"X_Forwarded-For: 1\r\nA-B: c\r\na-b: d\r\nCookie: e\r\nCookie: f\r\n"
    server.ask(b"GET /a%20%C3%A4?b=%20 HTTP/1.1\r\n" + HOST + headers + b"\r\n")
    server.ask(b"GET http://127.0.0.1/c HTTP/1.1\r\n" + HOST + b"\r\n")
    first, second = server.application.environs
    assert first["PATH_INFO"] == "/a \u00c3\u00a4" and first["QUERY_STRING"] == "b=%20"
    assert first["HTTP_A_B"] == "c,d" and first["HTTP_COOKIE"] == "e; f" and first["HTTP_HOST"] == "127.0.0.1"
    assert not any("FORWARDED" in name for name in first) and first["REMOTE_ADDR"] == "127.0.0.1"
    assert second["PATH_INFO"] == "/c"


def test_http_1_0_and_head(server: Running) -> None:
    answer = server.ask(b"GET /stream?2 HTTP/1.0\r\n\r\n", ends=False)
    assert answer.endswith(b"\r\n\r\n" + b"x" * 200_000) and b"chunked" not in answer
    answer = server.ask(b"HEAD /stream?2 HTTP/1.1\r\n" + HOST + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n")


def test_a_failure_of_the_application_is_answered(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    answer = server.ask(b"GET /fail HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status(answer) == 500 and "ZeroDivisionError" in caplog.text


def test_stalls_end_with_408_and_idle_connections_without(tmp_path: Path) -> None:
    limits = {"header_seconds": 0.3, "idle_seconds": 0.3, "rate_seconds": 0.3, "least_rate": 1000}
    with running(tmp_path, **limits) as server:
        assert server.ask(b"", ends=False) == b""
        answer = server.ask(b"GET / HTTP/1.1\r\n", ends=False)
        assert status(answer) == 408 and "headers" in detail(answer)
        for size in (100, 1_000_000):
            answer = server.ask(POST + b"Content-Length: %d\r\n\r\nabc" % size, ends=False)
            assert status(answer) == 408 and "1,000 bytes a second" in detail(answer)
        assert server.application.bodies == []


def test_a_body_has_a_time_limit_however_it_comes(tmp_path: Path) -> None:
    with running(tmp_path, body_seconds=0.5) as server, server.connect() as client:
        client.sendall(POST + b"Content-Length: 900000\r\n\r\n")
        client.settimeout(0.01)
        until, answer = time.monotonic() + 10, b""
        while not answer and time.monotonic() < until:
            client.sendall(b"x" * 100)
            try:
                answer = client.recv(65536)
            except TimeoutError:
                continue
    assert status(answer) == 408 and "0.5 seconds" in detail(answer)


def test_a_slow_body_that_keeps_the_rate_passes(tmp_path: Path) -> None:
    with running(tmp_path, rate_seconds=0.3, least_rate=10) as server, server.connect() as client:
        client.sendall(POST + CLOSE + b"Content-Length: 100\r\n\r\n")
        for _ in range(100):
            client.sendall(b"x")
            time.sleep(0.01)  # the pace is what is tested
        assert status(read_all(client)) == 200


def test_bodies_beyond_the_bound_on_all_are_refused(tmp_path: Path) -> None:
    with running(tmp_path, max_spooled_bytes=1_500_000) as server:
        answer = server.ask(POST + b"Content-Length: 2900000\r\n\r\n" + b"x" * 2_900_000, ends=False)
        assert status(answer) == 503 and b"Retry-After" in answer and "1,500,000" in detail(answer)


def test_the_files_of_bodies_are_bounded_and_free_again(tmp_path: Path) -> None:
    begun = POST + b"Content-Length: 2900000\r\n\r\n" + b"x" * 1_500_000
    with running(tmp_path, max_spool_files=1) as server:
        with server.connect() as first:
            first.sendall(begun)
            wait_until(lambda: server.shared.spools.files == 1, what="a file")
            with server.connect() as second:
                second.sendall(begun)
                answer = second.recv(65536)
            assert status(answer) == 503 and "lie in files already" in detail(answer), answer
        wait_until(lambda: server.shared.spools.files == 0, what="the end of the file")
        assert status(server.ask(begun + b"x" * 1_400_000)) == 200


def test_bodies_leave_the_disk_its_reserve(tmp_path: Path) -> None:
    with running(tmp_path, keep_free_bytes=2**62) as server:
        answer = server.ask(POST + b"Content-Length: 2900000\r\n\r\n" + b"x" * 2_900_000, ends=False)
        assert status(answer) == 507 and "free" in detail(answer)


def test_beyond_the_bound_on_connections_the_one_that_rested_longest_ends(tmp_path: Path) -> None:
    with running(tmp_path, max_connections=3) as server:
        clients = [server.connect() for _ in range(3)]
        wait_until(lambda: len(server.shared.connections) == 3, what="three connections")
        assert status(server.ask(POST + CLOSE + b"\r\n")) == 200
        assert is_ended(clients[0])
        clients[2].sendall(POST + CLOSE + b"\r\n")
        assert status(read_all(clients[2])) == 200
        for client in clients:
            client.close()


@pytest.mark.parametrize("how", ["close", "RST"])
def test_a_wait_is_told_that_its_client_has_gone(server: Running, how: str) -> None:
    with server.connect() as client:
        client.sendall(b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.waiting.acquire(timeout=10)
        if how == "RST":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: server.application.gone == [True], what="the end of the wait")


def test_prompt_paths_are_answered_while_all_threads_are_busy(tmp_path: Path) -> None:
    with running(tmp_path, threads=1) as server, server.connect() as client:
        client.sendall(b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.waiting.acquire(timeout=10)
        assert status(server.ask(b"GET /prompt HTTP/1.1\r\n" + HOST + b"\r\n")) == 200


def test_a_client_that_reads_slowly_occupies_no_thread(tmp_path: Path) -> None:
    with running(tmp_path, threads=1, stream_threads=1) as server:
        slow = [server.connect(4096) for _ in range(5)]
        for client in slow:
            client.sendall(b"GET /stream?1000 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        assert status(server.ask(POST + CLOSE + b"\r\n")) == 200
        whole = server.ask(b"GET /stream?30 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n", ends=False)
        assert whole.endswith(b"\r\n0\r\n\r\n") and whole.count(b"x") == 3_000_000
        server.application.closed.clear()
        for client in slow:
            client.close()
        assert server.application.closed.wait(10)


def test_a_server_that_stops_ends_what_is_held_and_waits_for_what_is_under_way(tmp_path: Path) -> None:
    with running(tmp_path) as server, server.connect() as held, server.connect() as busy:
        held.sendall(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.waiting.acquire(timeout=10)
        busy.sendall(b"GET /stream?40 HTTP/1.1\r\n" + HOST + b"\r\n")
        read_until(busy, b"\r\n\r\n")
        server.stop()
        assert read_all(held).endswith(b"\r\n0\r\n\r\n")
        assert read_all(busy).endswith(b"\r\n0\r\n\r\n")


def test_a_client_that_reads_nothing_is_given_up(tmp_path: Path) -> None:
    with running(tmp_path, unread_seconds=0.5) as server, server.connect(4096) as client:
        client.sendall(b"GET /stream?1000 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.closed.wait(10)


def test_an_answer_that_has_nothing_now_is_held_without_a_thread(tmp_path: Path) -> None:
    with running(tmp_path, threads=1, stream_threads=1) as server:
        application = server.application
        clients = [server.connect() for _ in range(5)]
        for client in clients:
            client.sendall(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
            assert b"begin;" in read_until(client, b"begin;")
            assert application.waiting.acquire(timeout=10)
        assert status(server.ask(POST + CLOSE + b"\r\n")) == 200
        application.events.append(b"news;")
        assert application.wake is not None
        application.wake()
        assert b"news;" in read_until(clients[-1], b"news;")
        clients[0].close()
        assert application.closed.wait(10)
        for client in clients:
            client.close()
