"""Clients that send or read slowly or not at all, or leave: others are answered, and what they held is free again."""

import socket
import struct
import time
from pathlib import Path

import pytest

from service.front.environ import WHOLE_AT
from tests.unit.front.sending import CLOSE, HOST, POST, detail, is_ended, status
from tests.unit.front.serving import Running, read_all, read_until, running
from tests.waiting import wait_until


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


def test_a_request_that_waits_for_a_thread_is_known_to_be_whole_since_it_was_read(tmp_path: Path) -> None:
    with running(tmp_path, threads=1) as server, server.connect() as first, server.connect() as second:
        first.sendall(b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.waiting.acquire(timeout=10)
        second.sendall(b"GET / HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        wait_until(lambda: server.shared.threads.waiting() == 1, 10, "a request that waits for the thread")
        before = time.monotonic()
        server.application.let_go.set()
        read_all(second)
    later, earlier = server.application.environs[1], server.application.environs[0]
    assert earlier[WHOLE_AT] < later[WHOLE_AT] <= before


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


def test_what_a_held_answer_has_in_memory_is_written_without_a_thread(tmp_path: Path) -> None:
    with running(tmp_path, stream_threads=1) as server, server.connect() as client:
        application = server.application
        client.sendall(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
        assert b"begin;" in read_until(client, b"begin;")
        assert application.waiting.acquire(timeout=10)
        assert application.wake is not None
        for number in range(3):
            application.prompt.append(b"news %d;" % number)
            application.wake()
            assert b"\r\nnews %d;\r\n" % number in read_until(client, b";\r\n")
        assert not application.waiting.acquire(blocking=False)  # a thread would have said again that it waits


def test_a_server_that_stops_ends_what_is_held_and_waits_for_what_is_under_way(tmp_path: Path) -> None:
    with running(tmp_path) as server, server.connect() as held, server.connect() as busy:
        held.sendall(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
        assert server.application.waiting.acquire(timeout=10)
        busy.sendall(b"GET /stream?40 HTTP/1.1\r\n" + HOST + b"\r\n")
        read_until(busy, b"\r\n\r\n")
        server.stop()
        assert read_all(held).endswith(b"\r\n0\r\n\r\n")
        assert read_all(busy).endswith(b"\r\n0\r\n\r\n")
