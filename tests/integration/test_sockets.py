"""Uploads that are cut off and clients that stall, against a real service; `benchmarks` has more of the same."""

import http.client
import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.cut_uploads import Figures, check_whole, cut_everywhere
from benchmarks.sockets import ask
from benchmarks.stalled_sockets import api_processes, held, kinds, questions, stalled, train, wait_for_answers
from tests.integration.service import Service
from tests.waiting import wait_until

CUT_EVERY = 2000
STALLED = 200
WAITS = 16
LONG_JOB = {
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "training": {"epochs": 10_000_000, "store_parameters": {"every": 1_000_000}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("sockets")
    settings = {"BACKPROP_WORKERS": "1", "BACKPROP_API_PROCESSES": "1", "BACKPROP_MAX_JSON_BYTES": "2000000"}
    with Service(folder / "data", BACKPROP_MAX_WAITING_REQUESTS=str(WAITS), **settings) as running:
        yield running


def test_nothing_is_stored_of_an_upload_that_is_cut_off(server: Service) -> None:
    check_whole(server.port)
    figures: Figures = cut_everywhere(server.port, CUT_EVERY)
    assert figures.hold, figures
    assert len(figures.answers) == 9 * 4 + 7


def test_a_prediction_of_rows_that_are_cut_off_is_refused(server: Service) -> None:
    train(server.port)
    body = json.dumps({"instances": [[0, 1]] * 500}).encode()
    head = b"POST /v1/models/stalled:predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    as_csv = b"input_1,input_2\n" + b"0,1\n" * 500
    for sent in (
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1],
        head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n",
        head.replace(b"application/json", b"text/csv") + b"Content-Length: 5000\r\n\r\n" + as_csv,
    ):
        with socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(65536).startswith(b"HTTP/1.1 400 "), sent[:200]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/models/stalled:predict", {"Content-Type": "application/json"}, 413),
        ("/v1/nothing", {"Content-Type": "text/csv"}, 404),
        ("/v1/datasets", {"Content-Type": "image/png"}, 415),
        ("/v1/datasets", {"Content-Type": "text/csv", "Content-Encoding": "br"}, 415),
        ("/v1/datasets?nonsense=1", {"Content-Type": "text/csv"}, 422),
        ("/healthz", {"Content-Type": "text/csv"}, 405),
        ("/v1/datasets", {"Content-Type": "text/csv", "Host": "evil.example"}, 403),
    ],
)
@pytest.mark.parametrize("sends_all", [False, True])
def test_a_refusal_comes_before_the_body_and_is_seen(
    server: Service, path: str, headers: dict[str, str], status: int, sends_all: bool
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "3000000")
    connection.endheaders()
    if sends_all:
        connection.send(b"x" * 1_000_000)
    answer = connection.getresponse()
    assert answer.status == status and json.loads(answer.read())["status"] == status
    connection.close()


@pytest.mark.long
def test_stalled_clients_leave_everybody_else_answered_and_nothing_behind(server: Service) -> None:
    job = train(server.port)
    processes = api_processes(server.port)
    assert len(processes) == 2

    def everybody() -> None:
        for name, question in questions(server.port).items():
            assert question() in (200, 201), name

    with ThreadPoolExecutor(24) as many:  # every thread of the service has what it keeps open
        list(many.map(lambda _: everybody(), range(48)))
    descriptors, threads = held(processes)
    for kind, sent in kinds(job).items():
        with stalled(server.port, STALLED, sent) as clients:
            if kind == "event streams" or "answer" in kind:
                wait_for_answers(clients)
            everybody()
    # the pool of connections to the database may have grown, by far fewer files than the clients of one kind held
    most = descriptors + STALLED // 2
    wait_until(lambda: held(processes)[0] <= most, seconds=30, what="the descriptors of those that stalled")
    assert held(processes)[1] <= threads + 2  # the feed of events


def test_waits_and_streams_that_are_left_free_their_place_at_once(server: Service) -> None:
    job = server.post("/v1/jobs", LONG_JOB)["id"]
    path = f"/v1/jobs/{job}?wait=60".encode()
    try:
        clients = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(WAITS + 20)]
        for client in clients:
            client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # beyond the places a wait is answered at once
        wait_until(lambda: sum(has_answer(client) for client in clients) == 20, seconds=30, what="answers to 20 waits")
        for client in clients:
            client.close()

        def waits() -> bool:
            with socket.create_connection(("127.0.0.1", server.port), 1) as client:
                client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                return not has_answer(client, 0.5)

        wait_until(waits, seconds=30, what="a place for a wait")
        assert server.get("/healthz") == {"status": "alive"}
    finally:
        server.send("POST", f"/v1/jobs/{job}:cancel")


def has_answer(client: socket.socket, seconds: float = 0.0) -> bool:
    client.settimeout(seconds)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except (BlockingIOError, TimeoutError):
        return False


def test_an_api_process_that_is_killed_is_replaced(server: Service) -> None:
    parent, killed = server.api_processes()
    os.kill(killed[0], signal.SIGKILL)

    def is_replaced() -> bool:
        now, processes = server.api_processes()
        return now == parent and len(processes) == 1 and processes != killed

    wait_until(is_replaced, seconds=30, what="another process")
    wait_until(lambda: is_answered(server), seconds=30, what="an answer of the new process")


def is_answered(server: Service) -> bool:
    try:
        return ask(server.port, "GET", "/healthz")[0] == 200
    except OSError:
        return False  # it does not listen yet


def test_a_service_that_stops_ends_waits_and_streams(tmp_path: Path) -> None:
    with Service(tmp_path / "data", BACKPROP_WORKERS="1") as running:
        job = running.post("/v1/jobs", {**LONG_JOB, "hold": True})["id"]
        with ThreadPoolExecutor(2) as pool:
            wait = pool.submit(ask, running.port, "GET", f"/v1/jobs/{job}?wait=60")
            with socket.create_connection(("127.0.0.1", running.port), 60) as stream:
                stream.sendall(b"GET /v1/events?stream=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert stream.recv(1)
                assert running.stop() == 0
                while stream.recv(65536):
                    pass
            assert wait.result()[0] == 200
