"""Measures how long the service takes to start, and a job to its first epoch: `make bench-latency`.

Starts `backprop serve` as a user does, on an empty folder and on one that was served before, and reads `/readyz` until
it answers and until a worker is alive. Then posts tiny jobs to a warm service over one connection and polls without a
pause. Prints two tables of milliseconds and their ratios to the targets; docs/performance.md shows results.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.report import machine
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS
from service.ops.listening import free_port

ASK_SECONDS = 0.01  # between two reads of `/readyz`, so that they do not slow the start
PATIENCE_SECONDS = 60.0
WARM_JOBS = 5
SETTLE_SECONDS = 3.0  # after `ready`, for the modules that workers import beforehand
APART_SECONDS = 0.1
STORED = "xor"
ROWS = {"inputs": XOR_INPUTS, "targets": XOR_TARGETS}
FIRST_JOB = f"the very first job, {SETTLE_SECONDS:.0f} s after ready: first epoch read"
START_WANTED, EPOCH_WANTED = 2000.0, 50.0  # milliseconds

Milliseconds = Mapping[str, Sequence[float]]


class TooLong(Exception):
    """The service did not start, or a job did not proceed, in time."""


class Connection:
    """A persistent connection to the service."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        self.http.request(method, path, data, {"Content-Type": "application/json"})
        response = self.http.getresponse()
        answer = json.loads(response.read())
        if response.status >= 400 and response.status != 503:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    def close(self) -> None:
        self.http.close()


@contextmanager
def started(folder: Path) -> Iterator[tuple[int, float]]:
    """Run `backprop serve` in a process of its own until the block ends; yield its port, and when it was started."""
    port = free_port()
    command = [sys.executable, "-m", "service.ops.cli", "serve", "--port", str(port), "--data-dir", str(folder)]
    began = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "BACKPROP_LOG_LEVEL": "warning"})
    try:
        yield port, began
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def until(port: int, began: float, *wanted: str) -> float:
    """Return the milliseconds from the start until `/readyz` has one of these statuses."""
    while time.perf_counter() - began < PATIENCE_SECONDS:
        connection = Connection(port)
        try:
            if connection.send("GET", "/readyz")["status"] in wanted:
                return (time.perf_counter() - began) * 1000
        except OSError:
            pass  # nothing listens yet; PATIENCE_SECONDS ends this
        finally:
            connection.close()
        time.sleep(ASK_SECONDS)
    raise TooLong(f"/readyz was none of {wanted} within {PATIENCE_SECONDS:.0f} s")


def starts(rounds: int) -> Milliseconds:
    """Measure from exec to the first 200 and to `ready`, with each kind of folder, and the first job of a service."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as parent:
            for kind in ("an empty folder", "a folder served before"):
                with started(Path(parent) / "data") as (port, began):
                    found.setdefault(f"{kind}: first 200", []).append(until(port, began, "ready", "degraded"))
                    found.setdefault(f"{kind}: ready, a worker lives", []).append(until(port, began, "ready"))
                    found.setdefault(f"{kind}: {FIRST_JOB}", []).append(_first_job(port))
    return found


def _first_job(port: int) -> float:
    time.sleep(SETTLE_SECONDS)
    connection = Connection(port)
    epoch, _ = first_epoch(connection, job_of(ROWS, 1))
    connection.close()
    return epoch


def job_of(dataset: Any, seed: int) -> dict[str, Any]:
    training = {"epochs": 5, "seed": seed, "batch_size": 4}
    return {"dataset": dataset, "network": {"hidden": [4]}, "training": training}


def first_epoch(connection: Connection, body: Mapping[str, Any]) -> tuple[float, float]:
    """Return the milliseconds from POST to the first answer with an epoch, and to the one that the job has ended."""
    began = time.perf_counter()
    job = connection.send("POST", "/v1/jobs", body)
    while not connection.send("GET", f"/v1/jobs/{job['id']}/epochs?limit=1")["data"]:
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TooLong(f"{job['id']} had no epoch after {PATIENCE_SECONDS:.0f} s")
    seen = time.perf_counter()
    while connection.send("GET", f"/v1/jobs/{job['id']}")["status"] in ("queued", "running"):
        pass
    return (seen - began) * 1000, (time.perf_counter() - began) * 1000


def waited(connection: Connection, body: Mapping[str, Any]) -> float:
    """Return the milliseconds of one POST that waits until the job has ended."""
    began = time.perf_counter()
    connection.send("POST", "/v1/jobs?wait=60", body)
    return (time.perf_counter() - began) * 1000


def jobs(rounds: int) -> Milliseconds:
    """Measure tiny jobs on a warm service, with rows in the request and with a stored dataset."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as parent, started(Path(parent) / "data") as (port, began):
        until(port, began, "ready")
        time.sleep(SETTLE_SECONDS)
        connection = Connection(port)
        connection.send("POST", "/v1/datasets", {"name": STORED, **ROWS})
        for number in range(-WARM_JOBS, rounds):
            for kind, dataset in (("rows in the request", ROWS), ("a stored dataset", STORED)):
                epoch, end = first_epoch(connection, job_of(dataset, number + WARM_JOBS))
                time.sleep(APART_SECONDS)
                held = waited(connection, job_of(dataset, number + WARM_JOBS))
                time.sleep(APART_SECONDS)
                if number >= 0:
                    found.setdefault(f"{kind}: first epoch read", []).append(epoch)
                    found.setdefault(f"{kind}: end read", []).append(end)
                    found.setdefault(f"{kind}: answer to `POST ?wait`", []).append(held)
        connection.close()
    return found


def table(heading: str, found: Milliseconds, wanted: float) -> str:
    """Return a table of medians, 90th percentiles, and ratios of the medians to the targeted milliseconds."""
    lines = [f"| {heading} | median, ms | 90%, ms | of {wanted:,.0f} ms |", "|---|---|---|---|"]
    for name, times in found.items():
        high = quantiles(times, n=10, method="inclusive")[-1] if len(times) > 1 else times[0]
        lines.append(f"| {name} | {median(times):,.0f} | {high:,.0f} | {median(times) / wanted:.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.latency", description="Measure start-up and the first epoch.")
    parser.add_argument("--starts", type=int, default=5, help="of each kind; 0 leaves them out")
    parser.add_argument("--jobs", type=int, default=20, help="of each kind; 0 leaves them out")
    arguments = parser.parse_args()
    counts = f"{arguments.starts} starts and {arguments.jobs} jobs of each kind"
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; {counts}", flush=True)
    from_post: dict[str, Sequence[float]] = {}
    if arguments.starts > 0:
        found = starts(arguments.starts)
        from_post = {name: times for name, times in found.items() if name.endswith(FIRST_JOB)}
        from_exec = {name: times for name, times in found.items() if name not in from_post}
        print("\n" + table("from exec", from_exec, START_WANTED), flush=True)
    if arguments.jobs > 0:
        from_post |= jobs(arguments.jobs)
    if from_post:
        print("\n" + table("from POST", from_post, EPOCH_WANTED), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
