"""Measures how soon a cancel or a pause that was answered 202 is obeyed: `python -m benchmarks.stopping`.

Starts `backprop serve` as a user does, posts jobs of a million short epochs, stops each at a random moment, and polls
over one connection until the job has ended. Prints a table of milliseconds from the answer to that end.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.latency import PATIENCE_SECONDS, SETTLE_SECONDS, Connection, TooLong, job_of, started, until
from benchmarks.report import machine
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS

ROWS = {"inputs": XOR_INPUTS, "targets": XOR_TARGETS}
EPOCHS = 1_000_000
KINDS = ("cancel", "pause")
WANTED = 100.0  # milliseconds
SHORTEST_SECONDS, LONGEST_SECONDS = 0.2, 1.5  # from the first epoch to the request
POLL_SECONDS = 0.002  # between two reads of the job, which take processor time from its training

Job = dict[str, Any]


def stopped(connection: Connection, kind: str, seed: int, chance: random.Random) -> float:
    """Stop a job at a random moment of its training; return the milliseconds from the 202 to its end."""
    body = job_of(ROWS, seed)
    body["training"]["epochs"] = EPOCHS
    job_id = connection.send("POST", "/v1/jobs", body)["id"]
    _wait(connection, job_id, lambda job: bool(job["progress"]["epoch"]))
    time.sleep(chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
    connection.send("POST", f"/v1/jobs/{job_id}:{kind}")
    began = time.perf_counter()
    _wait(connection, job_id, lambda job: job["status"] not in ("queued", "running"))
    milliseconds = (time.perf_counter() - began) * 1000
    if kind == "pause":
        connection.send("POST", f"/v1/jobs/{job_id}:cancel")
    return milliseconds


def _wait(connection: Connection, job_id: str, holds: Callable[[Job], bool]) -> None:
    began = time.perf_counter()
    while not holds(connection.send("GET", f"/v1/jobs/{job_id}")):
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TooLong(f"{job_id} did not proceed within {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.stopping", description="Measure how soon jobs are stopped.")
    parser.add_argument("--jobs", type=int, default=30, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the requests")
    arguments = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; {arguments.jobs} jobs of each kind\n", flush=True)
    print("| from the 202 to the end | median, ms | 95%, ms | most, ms | within 100 ms |\n|---|---|---|---|---|")
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as parent, started(Path(parent) / "data") as (port, began):
        until(port, began, "ready")
        time.sleep(SETTLE_SECONDS)
        connection = Connection(port)
        for kind in KINDS:
            times = [stopped(connection, kind, seed, chance) for seed in range(arguments.jobs)]
            high = quantiles(times, n=20, method="inclusive")[-1]
            share = sum(one <= WANTED for one in times) / len(times)
            print(f"| {kind} | {median(times):,.0f} | {high:,.0f} | {max(times):,.0f} | {share:.0%} |", flush=True)
        connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
