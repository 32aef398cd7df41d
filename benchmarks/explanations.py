"""How long the answers about one network take and how large they are: `make bench-explain`.

Starts `backprop serve` as a user does, trains a network of 79,510 parameters (784-100-10) and one of nearly 100,000 on
20,000 rows of 784 bytes, and asks over one persistent connection. Prints by answer the median, the slowest and the
size; docs/performance.md has a table of them. `ARGS="--large"` adds the sizes of answers about 10,000,000 parameters.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.latency import PATIENCE_SECONDS, Connection, started, until
from benchmarks.report import machine

ROWS, INPUTS, CLASSES = 20_000, 784, 10
HELD_OUT = 10_000
HIDDEN = {"79,510": [100], "99,385": [125]}
LARGE = {"9,999,520": [12_578]}
WHOLE = "every number"  # refused for large networks
WANTED = 100.0  # milliseconds
APART_SECONDS = 0.02


@dataclass(frozen=True)
class Question:
    """One request about a job; `{job}` in the path is its id."""

    name: str
    method: str
    path: str
    body: Any = None


def questions(row: list[float]) -> list[Question]:
    """Return every request for an explanation of a job's network."""
    weight, other = "0,300,4", "1,3,2"
    jobs, epochs = "/v1/jobs/{job}", "/v1/jobs/{job}/epochs"
    rows = {"instances": [row] * 16, "targets": list(range(CLASSES)) + list(range(6))}
    return [
        Question("trace of a row", "POST", f"{epochs}/2:trace", {"row": 7}),
        Question("trace of 16 rows", "POST", f"{epochs}/2:trace", rows),
        Question("trace of a row, explained", "POST", f"{epochs}/2:trace?explain=true", {"row": 7}),
        Question("trace of 16 rows, explained", "POST", f"{epochs}/2:trace?explain=true", rows),
        Question(f"trace of a row, {WHOLE}", "POST", f"{epochs}/2:trace?full=true", {"row": 7}),
        Question("gradient check", "POST", f"{epochs}/2:gradient-check", {}),
        Question("slope", "GET", f"{epochs}/2/slope?layer=0&weight=300,4"),
        Question("surface of 25 x 25 with the path", "GET", f"{epochs}/last/surface?x={weight}&y={other}&points=25"),
        Question("surface over one layer", "GET", f"{epochs}/last/surface?x={weight}&y=0,bias,5&points=25"),
        Question("layers", "GET", f"{jobs}/layers"),
        Question("difference", "GET", f"{epochs}/0/diff/last"),
        Question(f"difference, {WHOLE}", "GET", f"{epochs}/0/diff/last?full=true"),
        Question(f"evaluation on {HELD_OUT:,} rows", "POST", f"{epochs}/2:evaluate", {"dataset": "held"}),
        Question("prediction of a row", "POST", f"{epochs}/2:predict", {"instances": [row]}),
        Question("prediction of 100 rows", "POST", f"{epochs}/2:predict", {"instances": [row] * 100}),
        Question("fork, accepted", "POST", f"{jobs}:fork", {"epoch": 2, "hold": True, "training": {"epochs": 1}}),
    ]


@dataclass(frozen=True)
class Asked:
    """The results of one question: milliseconds, of which the service computed, and the size of the answer in bytes."""

    times: Sequence[float]
    computing: float | None
    size: int


def computed() -> float | None:
    """Return the milliseconds of processor time of the API processes so far; None without /proc."""
    if not Path("/proc/self/task").exists():
        return None
    ticks, left = 0, [os.getpid()]
    while left:
        folder = Path(f"/proc/{left.pop()}")
        try:
            left += [int(child) for path in folder.glob("task/*/children") for child in path.read_text().split()]
            if b"api" in (folder / "cmdline").read_bytes().split(b"\0"):
                ticks += sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13]))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def npz(rows: int, seed: int) -> bytes:
    """Return an NPZ of random rows of bytes, four in five of them 0 as in MNIST, with classes that depend on them."""
    random = np.random.default_rng(seed)
    X = random.integers(0, 256, (rows, INPUTS)).astype(np.uint8) * (random.random((rows, INPUTS)) < 0.2)
    stream = io.BytesIO()
    np.savez(stream, x_train=X.astype(np.uint8), y_train=(X[:, :50].sum(axis=1) % CLASSES).astype(np.uint8))
    return stream.getvalue()


def upload(connection: Connection) -> None:
    for name, rows, seed in (("rows", ROWS, 1), ("held", HELD_OUT, 2)):
        body, path = npz(rows, seed), f"/v1/datasets/{name}?scale=255&target_type=class"
        connection.http.request("PUT", path, body, {"Content-Type": "application/x-npz"})
        response = connection.http.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{path}: {answer.decode()}")


def trained(connection: Connection, hidden: list[int], optimizer: str) -> str:
    """Train a job of some epochs, all stored with the optimizer's state; return its id."""
    layers = [{"type": "dense", "units": units, "activation": "sigmoid"} for units in hidden]
    layers.append({"type": "dense", "units": CLASSES, "activation": "softmax"})
    training = {
        "epochs": 20 if hidden[0] < 1000 else 2,
        "batch_size": 128,
        "seed": 1,
        "optimizer": optimizer,
        "store_parameters": {"optimizer_state": True},
    }
    job = connection.send("POST", "/v1/jobs", {"dataset": "rows", "network": {"layers": layers}, "training": training})
    began = time.monotonic()
    while job["status"] in ("queued", "running") and time.monotonic() - began < 10 * PATIENCE_SECONDS:
        job = connection.send("GET", f"/v1/jobs/{job['id']}?wait=30")
    if job["status"] != "succeeded":
        raise RuntimeError(f"{job['id']} is {job['status']}: {job['error']}")
    return str(job["id"])


def ask(connection: Connection, question: Question, job: str, rounds: int) -> Asked:
    """Ask a question `rounds` times, after one time that is not counted."""
    times, size = [], 0
    data = None if question.body is None else json.dumps(question.body).encode()
    before = computed()
    for number in range(rounds + 1):
        began = time.perf_counter()
        connection.http.request(
            question.method, question.path.format(job=job), data, {"Content-Type": "application/json"}
        )
        response = connection.http.getresponse()
        answer = response.read()
        taken = (time.perf_counter() - began) * 1000
        if response.status >= 400:
            raise RuntimeError(f"{question.path}: {answer.decode()[:500]}")
        if number:
            times.append(taken)
        size = len(answer)
        time.sleep(APART_SECONDS)
    after = computed()
    return Asked(times, None if before is None or after is None else (after - before) / (rounds + 1), size)


def tables(port: int, rounds: int, networks: dict[str, list[int]], optimizer: str) -> Iterator[str]:
    connection = Connection(port)
    row = (np.arange(INPUTS) % 5 / 5).tolist()
    for name, hidden in networks.items():
        job = trained(connection, hidden, optimizer)
        yield f"\n| {name} parameters | median, ms | slowest, ms | of {WANTED:.0f} ms | computing, ms | bytes |"
        yield "|---|---|---|---|---|---|"
        asked_about = [each for each in questions(row) if WHOLE not in each.name or networks is not LARGE]
        for question in asked_about:
            asked = ask(connection, question, job, rounds)
            middle, slowest = median(asked.times), max(asked.times)
            spent = "" if asked.computing is None else f"{asked.computing:,.0f}"
            times = f"{middle:,.1f} | {slowest:,.1f} | {middle / WANTED:.2f} | {spent}"
            yield f"| {question.name} | {times} | {asked.size:,} |"
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.explanations", description="Measure the answers about a network.")
    parser.add_argument("--rounds", type=int, default=20, help="of each question")
    parser.add_argument("--large", action="store_true", help="also of 10,000,000 parameters")
    parser.add_argument("--optimizer", default="adam", help="by name")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as parent, started(Path(parent) / "data") as (port, began):
        until(port, began, "ready")
        connection = Connection(port)
        upload(connection)
        connection.close()
        for line in tables(port, arguments.rounds, HIDDEN, arguments.optimizer):
            print(line, flush=True)
        if arguments.large:
            for line in tables(port, 3, LARGE, "sgd"):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
