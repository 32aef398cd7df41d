"""The measurements of `make bench-scaling`: growing numbers of rows, parameters, epochs and jobs, and memory."""

import math
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import Any

import numpy as np

from benchmarks.jobs import ended, finish
from benchmarks.memory import TrainingProcess
from benchmarks.plain_client import Client
from benchmarks.rows import Body, sgd
from benchmarks.workloads import ADAM, SIGMOIDS, VALUES, WORKLOADS, XOR_INPUTS, XOR_TARGETS, Workload, as_npz

MEBIBYTE = 1024 * 1024
SIZES = {
    "rows": (1e3, 1e4, 1e5, 1e6, 1e7),
    "parameters": (10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7),
    "epochs": (1, 10, 1e2, 1e3, 1e4, 1e5, 1e6),
    "jobs": (1, 10, 1e2, 1e3, 1e4),
    "memory": (1e4, 1e5, 1e6, 3e6, 1e7, 3e7),
}
ROWS_INPUTS = 4
INPUTS, PARAMETERS_ROWS, MEMORY_ROWS = 8, 1000, 256
BUSY_ROWS, BUSY_PARAMETERS = 100_000, 1e6
FAST_EPOCHS, LEAST_EPOCHS = 1000, 3
EPOCHS_WORK = 3e6  # rows or parameters times epochs of a job, within these bounds
SLOW = 1e-6  # a learning rate with which no network diverges; it does not affect the time

Point = dict[str, float]  # a row of a table by its column names; the first is the quantity that grows


def rows(client: Client, sizes: Sequence[float]) -> Iterator[Point]:
    """Measure epochs of a 4-8-1 network in batches of 1,000, by number of rows."""
    for size in map(int, sizes):
        data = _regression(size, ROWS_INPUTS)
        began = time.perf_counter()
        client.send("PUT", f"/v1/datasets/rows-{size}", data, "application/x-npz")
        sent = time.perf_counter() - began
        workload = Workload(
            "rows", f"rows-{size}", size, (ROWS_INPUTS, 8, 1), *VALUES, sgd(SLOW), 1000, epochs=_epochs(size)
        )
        yield {"rows": size, "s an epoch": _epoch_seconds(client, workload)[0], "s to send them": sent}


def parameters(client: Client, sizes: Sequence[float]) -> Iterator[Point]:
    """Measure epochs of 1,000 rows in batches of 100, with SGD and two equal hidden layers, by number of parameters."""
    client.send("PUT", "/v1/datasets/eight", _regression(PARAMETERS_ROWS, INPUTS), "application/x-npz")
    for size in sizes:
        workload = _network("eight", PARAMETERS_ROWS, size, sgd(SLOW), 100, _epochs(size))
        alone, whole = _epoch_seconds(client, workload)
        yield {"parameters": _count(workload.sizes), "s an epoch": alone, "s an epoch, the whole job's": whole}


def epochs(client: Client, sizes: Sequence[float]) -> Iterator[Point]:
    """Measure XOR jobs with a 2-4-1 network from POST to succeeded, by number of epochs."""
    client.send("POST", "/v1/datasets", {"name": "xor", "inputs": XOR_INPUTS, "targets": XOR_TARGETS})
    for size in map(int, sizes):
        workload = Workload("epochs", "xor", 4, (2, 4, 1), *SIGMOIDS, sgd(0.5), 4, epochs=size)
        seconds = [_timed(client, workload, seed)[0] for seed in range(1, 4 if size <= 1e4 else 2)]
        yield {"epochs": size, "s, POST to succeeded": median(seconds), "us an epoch": 1e6 * median(seconds) / size}


def jobs(client: Client, sizes: Sequence[float]) -> Iterator[Point]:
    """Measure XOR jobs of one epoch that are posted while the worker is busy, by number of jobs."""
    client.send("POST", "/v1/datasets", {"name": "xor", "inputs": XOR_INPUTS, "targets": XOR_TARGETS})
    client.send("PUT", "/v1/datasets/busy", _regression(BUSY_ROWS, INPUTS), "application/x-npz")
    for size in map(int, sizes):
        busy = client.send(
            "POST", "/v1/jobs", _network("busy", BUSY_ROWS, BUSY_PARAMETERS, sgd(SLOW), 100, 1000).job(1)
        )
        while client.send("GET", f"/v1/jobs/{busy['id']}")["status"] == "queued":
            time.sleep(0.05)
        posts, last = _post(client, size)
        client.send("POST", f"/v1/jobs/{busy['id']}:cancel")
        while client.send("GET", f"/v1/jobs/{busy['id']}")["status"] == "running":
            time.sleep(0.01)
        began = time.perf_counter()
        ended(client, last)
        seconds = time.perf_counter() - began
        yield {
            "jobs": size,
            "s until all have ended": seconds,
            "ms a job": 1e3 * seconds / size,
            "ms a POST, the last tenth": 1e3 * fmean(posts[-max(1, size // 10) :]),
        }


def memory(client: Client, sizes: Sequence[float]) -> Iterator[Point]:
    """Measure the peak memory of training above an idle process, by optimizer: MiB, and multiples of the parameters."""
    client.send("PUT", "/v1/datasets/few", _regression(MEMORY_ROWS, INPUTS), "application/x-npz")
    for optimizer in (sgd(SLOW), ADAM):  # imports what they need
        finish(client, _network("few", MEMORY_ROWS, 100, optimizer, 64, 4).job(1))
    process = TrainingProcess()
    idle = process.resident()
    for size in sizes:
        point: Point = {}
        for optimizer in (sgd(SLOW), {**ADAM, "learning_rate": SLOW}):
            workload = _network("few", MEMORY_ROWS, size, optimizer, 64, 4)
            process.forget_peak()
            finish(client, workload.job(1))
            count = _count(workload.sizes)
            taken, own, name = process.peak() - idle, 4 * count, optimizer["type"]
            point |= {"parameters": count, "their MiB": own / MEBIBYTE}
            point |= {f"{name}, MiB": taken / MEBIBYTE, f"{name}, times": taken / own}
        yield point


def _regression(size: int, inputs: int) -> bytes:
    generator = np.random.default_rng(1986)
    X = generator.standard_normal((size, inputs), dtype=np.float32)
    return as_npz(X, X[:, :1] * X[:, 1:2])


def _network(data: str, size: int, count: float, optimizer: Body, batch: int, epochs: int) -> Workload:
    return Workload("", data, size, (INPUTS, *_hidden(count), 1), *VALUES, optimizer, batch, epochs=epochs)


def _hidden(count: float) -> tuple[int, ...]:
    """Return two equal hidden layers for about `count` parameters; none if a single neuron has as many."""
    around = INPUTS + 3
    units = round((math.sqrt(around**2 + 4 * (count - 1)) - around) / 2)
    return (units, units) if units > 1 else ()


def _count(sizes: Sequence[int]) -> int:
    return sum((before + 1) * units for before, units in pairwise(sizes))


def _epochs(size: float) -> int:
    return int(min(FAST_EPOCHS, max(LEAST_EPOCHS, EPOCHS_WORK // size)))


def _timed(client: Client, workload: Workload, seed: int) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    job = finish(client, workload.job(seed))
    return time.perf_counter() - began, job


def _epoch_seconds(client: Client, workload: Workload) -> tuple[float, float]:
    """Return the median seconds of an epoch, and the seconds of the whole job divided by its epochs."""
    seconds, job = _timed(client, workload, 1)
    records = client.send("GET", f"/v1/jobs/{job['id']}/epochs?after=0&limit=1000")["data"]
    return median(record["seconds"] for record in records), seconds / workload.epochs


def _post(client: Client, count: int) -> tuple[list[float], str]:
    """Post `count` jobs; return the seconds of each POST, and the last job's id."""
    xor = next(workload for workload in WORKLOADS if workload.key == "xor").job(1)
    body = {**xor, "training": {**xor["training"], "epochs": 1}}
    seconds, last = [], ""
    for _ in range(count):
        began = time.perf_counter()
        last = client.send("POST", "/v1/jobs", body)["id"]
        seconds.append(time.perf_counter() - began)
    return seconds, last
