"""Measures answers under load: `python -m benchmarks.load`; exits with 1 where a bound does not hold.

Starts `backprop serve` with its defaults on each pair of database and queue, queues 500 jobs that outlast the
measurement, so that the workers train meanwhile, and lets 50 clients send 150 reads and 10 submissions a second:
without keys, then with one, then ten times as many. Seconds count from when a request was due; beyond the capacity,
where every request is late, from when it was sent. The clients are this process, whose own delays are printed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks.backends import PAIRS, serving
from benchmarks.clients import Load, Message, Seen, run
from benchmarks.report import machine
from benchmarks.workloads import XOR_INPUTS, XOR_TARGETS
from tests.integration.service import Service
from tests.waiting import wait_until

CLIENTS, RATE, QUEUED = 50, 160.0, 500
SUBMISSIONS_EVERY = 16  # of the requests: 10 of 160
BEYOND = 10.0
MOST_SECONDS = 0.25  # for 99 of 100 answers
TRAINED_SECONDS = 60.0
TRAINING = {"epochs": 20, "batch_size": 4, "seed": 1}
LONG = {**TRAINING, "epochs": 1_000_000, "store_parameters": {"every": 1_000_000}}
READ, SUBMITTED = "reads", "submissions"
REFUSED = {429, 503}


@dataclass(frozen=True)
class Row:
    """What was seen in one phase."""

    name: str
    is_beyond: bool
    seen: Seen

    def problems(self) -> Iterator[str]:
        for status, count in self.seen.statuses.items():
            if status not in (200, 202) and not (self.is_beyond and status in REFUSED):
                yield f"{self.name}: {count:,} requests were answered {status or 'nothing'}"
        for kind, taken in self.seen.seconds.items():
            if not self.is_beyond and late(taken) > MOST_SECONDS:
                yield f"{self.name}: p99 of {kind} is {late(taken) * 1000:.0f} ms"


def late(taken: Sequence[float]) -> float:
    """Return the seconds within which 99 of 100 are."""
    return quantiles(taken, n=100, method="inclusive")[98]


def job(training: Mapping[str, object]) -> bytes:
    return json.dumps({"dataset": "xor", "network": {"hidden": [4]}, "training": training}).encode()


def prepared(service: Service) -> list[str]:
    """Store a dataset, train a model, and queue jobs; return the paths that are read."""
    service.post("/v1/datasets", {"name": "xor", "inputs": XOR_INPUTS, "targets": XOR_TARGETS})
    trained = service.post("/v1/jobs", json.loads(job(TRAINING)) | {"model": "load"})["id"]
    wait_until(
        lambda: service.get(f"/v1/jobs/{trained}")["status"] == "succeeded", TRAINED_SECONDS, "the end of the first job"
    )
    ids = [service.post("/v1/jobs", json.loads(job(LONG)))["id"] for _ in range(QUEUED)]
    jobs = [f"/v1/jobs/{id}" for id in ids[:: QUEUED // 25]]
    others = (f"/v1/jobs/{trained}/epochs?limit=20", "/v1/jobs?limit=20", "/v1/models/load", "/v1/datasets/xor")
    return [path for one in jobs for path in (one, *others)]


def messages(paths: Sequence[str], key: str) -> list[Message]:
    """Return the requests that clients send in turn: each path once, and submissions between them."""
    submission = Message.of(SUBMITTED, "POST", "/v1/jobs", job(LONG), key)
    found: list[Message] = []
    for path in paths:
        if len(found) % SUBMISSIONS_EVERY == SUBMISSIONS_EVERY - 1:
            found.append(submission)
        found.append(Message.of(READ, "GET", path, key=key))
    return found[: len(found) - len(found) % SUBMISSIONS_EVERY]


def measure(pair: str, seconds: float, beyond_seconds: float) -> Iterator[Row]:
    """Measure one pair: without keys, with a key, beyond the capacity."""
    with tempfile.TemporaryDirectory(prefix="bp-load-") as folder, serving(pair, Path(folder)) as service:
        paths = prepared(service)
        yield Row(f"{pair}, no keys", False, run(service.port, Load(messages(paths, ""), RATE, seconds, CLIENTS)))
        scopes = ["read", "predict", "train"]
        key = service.post("/v1/keys", {"scopes": scopes})["key"]
        sent = messages(paths, key)
        yield Row(f"{pair}, a key", False, run(service.port, Load(sent, RATE, seconds, CLIENTS)))
        load = Load(sent, RATE * BEYOND, beyond_seconds, CLIENTS, from_due=False)
        yield Row(f"{pair}, {BEYOND:.0f} times as many", True, run(service.port, load))


def lines(row: Row) -> Iterator[str]:
    """Yield a line of the table for each kind of request."""
    seen = row.seen
    statuses = ", ".join(f"{count:,} x {status or 'none'}" for status, count in sorted(seen.statuses.items()))
    lag = f"{late(seen.lags) * 1000:.1f}" if len(seen.lags) > 1 else "-"
    busy = f"{seen.processor_seconds / seen.lasted:.0%}"
    for kind, taken in sorted(seen.seconds.items()):
        cells = [row.name, kind, f"{len(taken) / seen.lasted:.0f}"]
        cells += [f"{share * 1000:.0f}" for share in (sorted(taken)[len(taken) // 2], late(taken), max(taken))]
        yield "| " + " | ".join([*cells, statuses, lag, busy]) + " |"


HEAD = """\
| service | requests | a second | median, ms | p99, ms | longest, ms | statuses of all | p99 of the clients' delay, ms | clients' processor |
|---|---|---|---|---|---|---|---|---|"""  # noqa: E501 - one line of a table


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--pair", choices=PAIRS, action="append", help="both if left out")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each phase within the capacity")
    parser.add_argument("--beyond-seconds", type=float, default=8.0, help="of the phase beyond it")
    arguments = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; {QUEUED} queued jobs, {CLIENTS} clients\n\n{HEAD}", flush=True)
    problems: list[str] = []
    for pair in arguments.pair or PAIRS:
        for row in measure(pair, arguments.seconds, arguments.beyond_seconds):
            print("\n".join(lines(row)), flush=True)
            problems += row.problems()
    print("\n" + ("\n".join(problems) or f"every p99 is within {MOST_SECONDS * 1000:.0f} ms"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
