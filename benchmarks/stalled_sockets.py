"""Measures what stalled clients do to everybody else: `python -m benchmarks.stalled_sockets`.

Opens hundreds to thousands of connections that send nothing, half a head, half a body, or read nothing of their
answers, and meanwhile asks for `/healthz`, reads, predicts and uploads. Prints the longest answer of each, and what the
API's processes hold afterwards. Exits with 1 when an answer took longer than a second.
"""

import argparse
import json
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.latency import started
from benchmarks.report import machine
from benchmarks.sockets import ask, wait_until_ready

COUNTS = (200, 1000, 5000)
ROUNDS = 5
WANTED_SECONDS = 1.0
SETTLE_SECONDS = 1.0
ANSWERED_SECONDS = 300.0
ANSWERED = ("an answer that is not read", "a CSV of epochs that is not read", "event streams")
RELEASED_SECONDS = 10.0
ROWS = b"a,b,class\n" + b"1.5,2.5,yes\n4.5,1.5,no\n" * 500
JOB = {
    "model": "stalled",
    "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
    "training": {"epochs": 20_000, "store_parameters": {"every": 20_000}},
}

HOST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UPLOAD = b"PUT /v1/datasets/stalled" + HOST + b"Content-Type: text/csv\r\n"


@dataclass(frozen=True)
class Row:
    """The longest answer in seconds, by what was asked, while some clients stalled."""

    kind: str
    count: int
    seconds: dict[str, float]

    @property
    def longest(self) -> float:
        return max(self.seconds.values())


def kinds(job: str) -> dict[str, bytes]:
    """Return what clients of each kind send before they stall."""
    return {
        "idle": b"",
        "half a head": UPLOAD + b"X-Half",
        "half a small body": UPLOAD + b"Content-Length: 2000\r\n\r\na,b\n",
        "half a large body": UPLOAD + b"Content-Length: 90000000\r\n\r\na,b\n",
        "half a body in chunks": UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\na,b\n\r\n",
        "an answer that is not read": b"GET /openapi.json" + HOST + b"\r\n",
        "a CSV of epochs that is not read": b"GET /v1/jobs/" + job.encode() + b"/epochs?format=csv" + HOST + b"\r\n",
        "event streams": b"GET /v1/events?stream=1" + HOST + b"\r\n",
    }


def questions(port: int) -> dict[str, Callable[[], int]]:
    """Return what everybody else asks; each returns the status of its answer."""
    body = json.dumps({"instances": [[0, 1]]}).encode()
    as_json, as_csv = {"Content-Type": "application/json"}, {"Content-Type": "text/csv"}
    return {
        "/healthz": lambda: ask(port, "GET", "/healthz")[0],
        "a model": lambda: ask(port, "GET", "/v1/models/stalled")[0],
        "a prediction": lambda: ask(port, "POST", "/v1/models/stalled:predict", body, as_json)[0],
        "an upload": lambda: ask(port, "PUT", "/v1/datasets/others", ROWS, as_csv)[0],
    }


def timed(port: int) -> dict[str, float]:
    """Ask everything a few times; return the longest answer of each."""
    longest: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, question in questions(port).items():
            began = time.perf_counter()
            status = question()
            took = time.perf_counter() - began
            assert status in (200, 201), f"{name}: {status}"
            longest[name] = max(longest.get(name, 0.0), took)
    return longest


@contextmanager
def stalled(port: int, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open so many connections, send the same over each, and hold them until the block ends."""
    clients: list[socket.socket] = []
    try:
        for _ in range(count):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(20)
            client.connect(("127.0.0.1", port))
            client.sendall(sent)
            clients.append(client)
        yield clients
    finally:
        for client in clients:
            client.close()


def api_processes(port: int) -> list[Path]:
    """Return the folders in /proc of the processes that answer requests on a port."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_api = b"service.ops.cli\0api" in (folder / "cmdline").read_bytes()
            if is_api and b"BACKPROP_PORT=%d\0" % port in (folder / "environ").read_bytes():
                found.append(folder)
        except OSError:
            continue  # it ended meanwhile
    return found


def held(processes: Sequence[Path]) -> tuple[int, int]:
    """Return how many descriptors and threads these processes have."""
    descriptors = sum(len(list((folder / "fd").iterdir())) for folder in processes)
    threads = sum(len(list((folder / "task").iterdir())) for folder in processes)
    return descriptors, threads


def train(port: int) -> str:
    """Train the model that others predict with; return its job, which has enough epochs for a long answer."""
    headers = {"Content-Type": "application/json"}
    job = json.loads(ask(port, "POST", "/v1/jobs?wait=60", json.dumps(JOB).encode(), headers)[1])["id"]
    until = time.monotonic() + 120
    while json.loads(ask(port, "GET", f"/v1/jobs/{job}?wait=30")[1])["status"] != "succeeded":
        if time.monotonic() > until:
            raise TimeoutError("the model that others predict with is not trained")
    return str(job)


def measure(port: int, counts: Sequence[int], only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure each kind of stall with each number of clients."""
    job = train(port)
    yield Row("nobody", 0, timed(port))
    for kind, sent in kinds(job).items():
        for count in counts if not only or kind in only else ():
            with stalled(port, count, sent) as clients:
                wait_for_answers(clients if kind in ANSWERED else ())
                time.sleep(SETTLE_SECONDS)
                yield Row(kind, count, timed(port))


def wait_for_answers(clients: Sequence[socket.socket]) -> None:
    """Return when all answers have begun: until then these clients do not stall but use the service."""
    until = time.monotonic() + ANSWERED_SECONDS
    for client in clients:
        client.settimeout(max(0.01, until - time.monotonic()))
        client.recv(1, socket.MSG_PEEK)


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    names = list(rows[0].seconds)
    yield f"| stalled | connections | {' | '.join(names)} |"
    yield "|---" * (2 + len(names)) + "|"
    for row in rows:
        yield f"| {row.kind} | {row.count:,} | {' | '.join(f'{row.seconds[name]:.3f}' for name in names)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--only", nargs="+", default=(), help="kinds of stalls")
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, max(options.counts) + 100)), hard))
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as folder, started(Path(folder) / "data") as (port, _):
        wait_until_ready(port)
        ours = api_processes(port)
        before = None
        for row in measure(port, options.counts, options.only):
            rows.append(row)
            before = before or held(ours)
            print(list(table(rows))[-1], flush=True)
        time.sleep(RELEASED_SECONDS)
        after = held(ours)
    print("\n".join(table(rows)))
    print(f"descriptors and threads of the API's processes: {before} before, {after} afterwards")
    return 0 if max(row.longest for row in rows) <= WANTED_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
