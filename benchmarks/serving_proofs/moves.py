"""Predictions while an alias is moved: none mixes two versions, and none is older than a move that was answered."""

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.backends import serving
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS
from tests.integration.service import Service

CLIENTS = 8
ALIASES = "/v1/models/m/aliases"
BY_ALIAS = "/v1/models/m/versions/live:predict"
ROWS = json.dumps({"instances": XOR_INPUTS}).encode()


@dataclass
class Moved:
    """Which move was answered last, to which version, and whether the next one is under way."""

    number: int = 0
    version: int = 1
    is_moving: bool = False


@dataclass
class Counted:
    """How many predictions were made, and which of them were wrong."""

    predictions: int = 0
    during_one_move: int = 0  # which must have the version that it was moved to
    mixed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


class Client:
    """A connection to the service that stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return dict(json.loads(text))

    def predict(self, path: str = BY_ALIAS) -> dict[str, Any]:
        return self.send("POST", path, ROWS)


def moved(pair: str, moves: int, predictions: int) -> Iterator[str]:
    """Move an alias between two versions while clients predict by it; print what they saw."""
    with (
        tempfile.TemporaryDirectory(prefix="bp-moves-") as folder,
        serving(pair, Path(folder), BACKPROP_API_PROCESSES="2") as service,
    ):
        expected = {version: trained(service, version) for version in (1, 2)}
        service.send("PUT", f"{ALIASES}/live", {"version": 1})
        state, counted, is_over = Moved(), Counted(), threading.Event()
        readers = [
            threading.Thread(target=_predict, args=(service.port, expected, state, counted, is_over))
            for _ in range(CLIENTS)
        ]
        for reader in readers:
            reader.start()
        slowest = _move(service.port, moves, predictions, state, counted)
        is_over.set()
        for reader in readers:
            reader.join()
    yield (
        f"{pair}: {moves} moves, {counted.predictions:,} predictions over {CLIENTS} connections to 2 processes, of "
        f"which {counted.during_one_move:,} began and ended between two moves; {len(counted.mixed)} mix versions, "
        f"{len(counted.stale)} are of the version before; all connections had the new version {slowest * 1000:.1f} ms "
        "after the answer to the slowest move, the time of their own requests included"
    )
    for complaint in (*counted.mixed[:3], *counted.stale[:3]):
        yield f"  {complaint}"


def trained(service: Service, version: int) -> list[Any]:
    """Train a version, and return its predictions by its number."""
    dataset = {"inputs": XOR_INPUTS, "targets": XOR_TARGETS}
    job = {"model": "m", "dataset": dataset, "network": {"hidden": [4]}, "training": {"epochs": 5, "seed": version}}
    done = service.post("/v1/jobs?wait=60", job)
    assert done["status"] == "succeeded", done
    answer = Client(service.port).predict("/v1/models/m:predict")  # by name: never the version before
    assert answer["version"] == version, answer
    return list(answer["predictions"])


def _predict(
    port: int, expected: dict[int, list[Any]], state: Moved, counted: Counted, is_over: threading.Event
) -> None:
    client = Client(port)
    while not is_over.is_set():
        number, version, was_moving = state.number, state.version, state.is_moving
        answer = client.predict()
        counted.predictions += 1
        if answer["predictions"] != expected[answer["version"]]:
            counted.mixed.append(f"version {answer['version']} answered {answer['predictions']}")
        if number == state.number and not was_moving and not state.is_moving:
            counted.during_one_move += 1
            if answer["version"] != version:
                counted.stale.append(f"after move {number} to {version} version {answer['version']} answered")


def _move(port: int, moves: int, predictions: int, state: Moved, counted: Counted) -> float:
    """Move the alias again and again, and ask at once over other connections; return the slowest of these rounds."""
    mover, askers, slowest = Client(port), [Client(port) for _ in range(CLIENTS)], 0.0
    for number in range(1, moves + 1):
        while counted.predictions < predictions * number // (moves + 1):
            time.sleep(0.005)
        target = 1 + number % 2
        state.is_moving = True
        mover.send("PUT", f"{ALIASES}/live", json.dumps({"version": target}).encode())
        state.number, state.version = number, target
        state.is_moving = False
        began = time.perf_counter()
        for asker in askers:
            version = asker.predict()["version"]
            if version != target:
                counted.stale.append(f"at once after move {number} to {target} version {version} answered")
        slowest = max(slowest, time.perf_counter() - began)
    while counted.predictions < predictions:
        time.sleep(0.005)
    return slowest
