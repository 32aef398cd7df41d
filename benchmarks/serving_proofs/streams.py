"""Predictions while event streams are open: how much longer they take with as many streams as the cap lets in."""

import json
import multiprocessing
import resource
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from benchmarks.backends import EMBEDDED, serving
from benchmarks.clients import Load, Message, run
from benchmarks.processor_time import processor_seconds
from benchmarks.stalled_sockets import api_processes
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS
from tests.integration.service import Service
from tests.waiting import wait_until

CLIENTS = 8
MOST_RATIO = 1.5
SETTLE_SECONDS = 2.0
OPEN_SECONDS = 120.0
BODY = json.dumps({"instances": [[0.0, 1.0]]}).encode()
MESSAGE = Message.of("predict", "POST", "/v1/models/xor:predict", BODY)
LISTENS = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nLast-Event-ID: {}\r\n\r\n"


@dataclass(frozen=True)
class Figures:
    """Streams in all, which is the cap of each process too, and predictions a second in each half of some rounds."""

    streams: int
    processes: int
    rate: float
    seconds: float
    rounds: int


@dataclass(frozen=True)
class Received:
    """What the listeners had when they were asked: open streams, and events that they have read."""

    streams: int
    events: int


@dataclass(frozen=True)
class Half:
    """Predictions with or without streams: their seconds, the API's share of a processor, and events a second."""

    seconds: list[float]
    share: float
    events_per_second: float = 0.0

    @property
    def p99_seconds(self) -> float:
        """The seconds within which 99 of 100 predictions were answered."""
        return quantiles(self.seconds, n=100, method="inclusive")[98]


def with_streams(figures: Figures) -> Iterator[str]:
    """Predict with and without open streams in turn, of a job that waits and of one that trains; print the times."""
    _allow_descriptors(figures.streams)
    variables = {"BACKPROP_API_PROCESSES": str(figures.processes), "BACKPROP_MAX_STREAMS": str(figures.streams)}
    with (
        tempfile.TemporaryDirectory(prefix="bp-streams-") as folder,
        serving(EMBEDDED, Path(folder), **variables) as service,
    ):
        service.post("/v1/datasets", {"name": "xor", "inputs": XOR_INPUTS, "targets": XOR_TARGETS})
        job = {"dataset": "xor", "model": "xor", "training": {"epochs": 5, "seed": 1}}
        assert service.post("/v1/jobs?wait=60", job)["status"] == "succeeded"
        rate, processes = f"{figures.rate:g} one-row predictions a second", f"{figures.processes} API process(es)"
        yield f"{rate}, {CLIENTS} connections, {processes}; in each cell without and with {figures.streams:,} streams\n"
        yield "| the job | round | events a second | API, share of a processor | p50, ms | p99, ms | ratio of p99 |"
        yield "|---|---|---|---|---|---|---|"
        for what, start in (("waits", _waiting), ("trains", _training)):
            path, ratios = f"/v1/jobs/{start(service)}/events", list[float]()
            for number in range(1, figures.rounds + 1):
                order = (False, True) if number % 2 else (True, False)
                halves = {listens: _half(service, figures, path if listens else None) for listens in order}
                alone, streaming = halves[False], halves[True]
                ratios.append(streaming.p99_seconds / alone.p99_seconds)
                pairs = [f"{each(alone):.2f}, {each(streaming):.2f}" for each in (_share, _median_ms, _p99_ms)]
                cells = [what, str(number), f"{streaming.events_per_second:,.0f}", *pairs, f"{ratios[-1]:.2f}"]
                yield f"| {' | '.join(cells)} |"
            verdict = "within" if median(ratios) <= MOST_RATIO else "BEYOND"
            yield f"| {what} | median | | | | | {median(ratios):.2f}, {verdict} {MOST_RATIO} |"


def _share(half: Half) -> float:
    return half.share


def _median_ms(half: Half) -> float:
    return median(half.seconds) * 1000


def _p99_ms(half: Half) -> float:
    return half.p99_seconds * 1000


def _half(service: Service, figures: Figures, path: str | None) -> Half:
    """Predict for some seconds while the streams of a path are open, or none."""
    if path is None:
        return _predict(service, figures)
    with listening(service.port, path, newest_event(service, path), figures.streams) as asked:
        began, before = time.perf_counter(), received(asked)
        half = _predict(service, figures)
        after, lasted = received(asked), time.perf_counter() - began
    assert after.streams == figures.streams, f"{after.streams} streams are left"
    return replace(half, events_per_second=(after.events - before.events) / lasted)


def _predict(service: Service, figures: Figures) -> Half:
    time.sleep(SETTLE_SECONDS)  # what opening or closing the streams has left to do is no part of the figures
    processes = api_processes(service.port)
    began, used = time.perf_counter(), sum(map(processor_seconds, processes))
    seen = run(service.port, Load([MESSAGE], figures.rate, figures.seconds, CLIENTS))
    assert set(seen.statuses) == {200}, seen.statuses
    share = (sum(map(processor_seconds, processes)) - used) / (time.perf_counter() - began)
    return Half(seen.seconds["predict"], share)


def _waiting(service: Service) -> str:
    job = str(service.post("/v1/jobs", {"dataset": "xor", "hold": True})["id"])
    wait_until(lambda: service.get(f"/v1/jobs/{job}")["status"] == "paused", 60, "the pause at epoch 0")
    return job


def _training(service: Service) -> str:
    """Start a job that has four events a second until the service ends, and one worker's time, at a niceness of 10."""
    inputs = np.random.default_rng(1).random((10_000, 20)).round(3)
    dataset = {"name": "tabular", "inputs": inputs.tolist(), "targets": inputs.sum(axis=1).tolist()}
    service.post("/v1/datasets", dataset)
    training = {"epochs": 1_000_000, "seed": 1, "store_parameters": {"every": 1_000_000}}
    job = str(service.post("/v1/jobs", {"dataset": "tabular", "training": training})["id"])
    wait_until(lambda: service.get(f"/v1/jobs/{job}")["progress"]["epoch"] > 0, 60, "epochs of the job")
    return job


def newest_event(service: Service, path: str) -> int:
    """Return the id of a job's newest event: the streams go on from there, as clients do that come again."""
    newest, more = 0, True
    while more:
        found = service.get(f"{path}?limit=1000&after={newest}")
        newest, more = found["last_id"] or newest, found["has_more"]
    return newest


@contextmanager
def listening(port: int, path: str, after: int, count: int) -> Iterator[Connection]:
    """Hold so many streams open past an event, in a process that reads them; yield what it is asked through."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    arguments = (port, path, after, count, theirs)
    reader = multiprocessing.get_context("spawn").Process(target=_listen, args=arguments, daemon=True)
    reader.start()
    try:
        assert ours.poll(OPEN_SECONDS), "the streams are not open"
        ours.recv()
        yield ours
    finally:
        reader.terminate()
        reader.join()


def received(asked: Connection) -> Received:
    """Ask the process of the listeners what they have."""
    asked.send(None)
    assert asked.poll(OPEN_SECONDS), "the listeners do not answer"
    found: Received = asked.recv()
    return found


def _listen(port: int, path: str, after: int, count: int, asked: Connection) -> None:
    """Open streams past an event, then read them until the process is ended."""
    _allow_descriptors(count)
    selector = selectors.DefaultSelector()
    selector.register(asked, selectors.EVENT_READ)
    request = LISTENS.format(path, after).encode()
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(request)
        assert stream.recv(1, socket.MSG_PEEK), "a stream has no answer"
        selector.register(stream, selectors.EVENT_READ)
    asked.send(Received(count, 0))
    streams, events = count, 0
    while True:
        for key, _ in selector.select():
            if key.fileobj is asked:
                asked.recv()
                asked.send(Received(streams, events))
            elif isinstance(key.fileobj, socket.socket):
                data = key.fileobj.recv(1 << 16)
                events += data.count(b"\nevent: ")
                if not data:
                    selector.unregister(key.fileobj)
                    streams -= 1


def _allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 200)), hard))
