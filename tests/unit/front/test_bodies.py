"""Bodies over real sockets: what is read whole reaches the application, what is cut off or too large does not."""

import os
import socket
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

from service.front.limits import SMALL_BODY
from tests.unit.front.sending import CLOSE, HOST, POST, detail, in_chunks, status
from tests.unit.front.serving import Running, read_all, read_until, running
from tests.waiting import wait_until


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


LARGE = 20_000_000  # of a body, more than the buffers of a connection hold


@pytest.mark.parametrize("expects", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_client_that_sends_the_whole_of_a_refused_body_sees_the_answer(
    server: Running, expects: bytes, is_chunked: bool
) -> None:
    framing = b"Transfer-Encoding: chunked\r\n" if is_chunked else b"Content-Length: %d\r\n" % LARGE
    with server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\n" + HOST + expects + framing + b"\r\n")
        client.sendall(in_chunks(b"x" * LARGE, 100_000) if is_chunked else b"x" * LARGE)  # no broken pipe
        answer = read_all(client)
    assert status(answer) == 404 and answer.endswith(b"none")
    assert server.application.bodies == []


@pytest.mark.parametrize("framing", [b"Content-Length: %d\r\n" % LARGE, b"Transfer-Encoding: chunked\r\n"])
def test_a_client_that_sends_the_whole_of_a_body_that_is_too_large_sees_the_answer(
    server: Running, framing: bytes
) -> None:
    body = in_chunks(b"x" * LARGE, 100_000) if b"chunked" in framing else b"x" * LARGE
    with server.connect() as client:
        client.sendall(POST + framing + b"\r\n" + body)
        assert status(read_all(client)) == 413
    assert server.application.bodies == []


@pytest.mark.parametrize("limits", [{"drain_seconds": 0.3}, {"drain_idle_seconds": 0.3}], ids=str)
def test_a_refused_body_is_not_read_for_ever(tmp_path: Path, limits: dict[str, float]) -> None:
    with running(tmp_path, **limits) as server, server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\n" + HOST + b"Content-Length: 900000000\r\n\r\n")
        assert status(read_until(client, b"none")) == 404

        def is_over() -> bool:
            if "drain_seconds" in limits:
                with suppress(OSError):
                    client.sendall(b"x" * 1000)
            return not server.shared.connections

        wait_until(is_over, what="the end of the connection")


def test_a_refusal_has_the_id_that_the_client_gave(server: Running) -> None:
    sent = POST + b"X-Request-Id: mine-1\r\nContent-Length: 900000000\r\n\r\n"
    answer = server.ask(sent, ends=False)
    assert status(answer) == 413 and b"X-Request-Id: mine-1\r\n" in answer and b'"request_id": "mine-1"' in answer


def test_the_options_of_the_whole_server_are_those_of_its_root(server: Running) -> None:
    answer = server.ask(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status(answer) == 200 and server.application.environs[0]["PATH_INFO"] == "/"


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
