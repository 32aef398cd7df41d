"""Measures what refusing costs: `python -m benchmarks.refusals` prints time, memory and size of the answer by case.

The cases are those of `tests/abuse/refusals.txt`, with bodies of about `--megabytes` where a case leaves that open.
Each is sent in a process of its own to an application within that process, so that the peak of memory is that of the
case alone. Seconds are those of the processor.
"""

import argparse
import os
import resource
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from service.app import create_app
from service.config import Settings
from service.services import open_services
from service.store.migrate import migrate
from tests.abuse import stored
from tests.abuse.bodies import Case, cases

MIB = 1024 * 1024
MOST_MEMORY, MOST_SECONDS = 6 * 1024 * MIB, 60
WANTED_SECONDS, WANTED_ANSWER = 1.0, 16 * 1024  # seconds a 64 MiB of JSON


@dataclass(frozen=True)
class Measured:
    """What answering a case took; `memory` is the growth of the resident memory at its peak, both in bytes."""

    sent: int
    status: int
    seconds: float
    memory: int
    answer: int
    detail: str


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=64, help="the size of bodies that may have any")
    parser.add_argument("--only", default="", help="a part of the titles of the cases to measure")
    parser.add_argument("--details", action="store_true", help="print what is answered")
    chosen = parser.parse_args(arguments)
    wanted = [case for case in cases() if chosen.only in case.title]
    print("| case | sent | status | seconds | memory | answer |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        job = _prepare(settings)
        slowest: list[tuple[float, str]] = []
        for case in wanted:
            found = measured(case, settings, job, chosen.megabytes * MIB)
            print(_row(case, found), flush=True)
            if chosen.details and found is not None:
                print(f"    {found.detail[:300]}", flush=True)
            slowest.append((MOST_SECONDS if found is None else found.seconds, case.title))
    slowest.sort(reverse=True)
    print("slowest: " + "; ".join(f"{title} {seconds:.2f} s" for seconds, title in slowest[:5]))


def _prepare(settings: Settings) -> str:
    services = open_services(settings)
    migrate(services.database)
    app = create_app(settings)
    job = stored.store(app.test_client(), services)
    for opened in (services, app.extensions["services"]):
        opened.database.dispose()
    return job


def _row(case: Case, found: Measured | None) -> str:
    if found is None:
        return f"| {case.title} | | none | over {MOST_SECONDS} | or over {MOST_MEMORY // MIB:,} MiB | |"
    sent = f"{found.sent / MIB:.2f} MiB" if found.sent > 10_000 else f"{found.sent} bytes"
    memory = f"{found.memory / MIB:.0f} MiB"
    return f"| {case.title} | {sent} | {found.status} | {found.seconds:.2f} | {memory} | {found.answer:,} |"


def measured(case: Case, settings: Settings, job: str, size: int) -> Measured | None:
    """Send a case from a process of its own; None when that was ended for its time or memory."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as stream:
                stream.write(orjson.dumps(asdict(_send(case, settings, job, size))))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return Measured(**orjson.loads(data)) if data else None


def _send(case: Case, settings: Settings, job: str, size: int) -> Measured:
    client = create_app(settings).test_client()
    client.get(f"/v1/jobs/{job}")  # imports and connections
    client.post("/v1/models/flowers:predict", json={"instances": [{"length": 1, "width": 2}]})
    client.put("/v1/datasets/flowers", data=stored.FLOWERS, content_type="text/csv")
    body = case.body(size)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    signal.alarm(MOST_SECONDS)
    Path("/proc/self/clear_refs").write_text("5")
    before, began = _resident("VmRSS"), time.process_time()
    answer = sent(client, case, job, body)
    seconds = time.process_time() - began
    memory = _resident("VmHWM") - before
    headers = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    detail = answer.json.get("detail", "") if answer.is_json and isinstance(answer.json, dict) else ""
    return Measured(len(body), answer.status_code, seconds, memory, len(answer.data) + headers, detail)


def sent(client: Any, case: Case, job: str, body: bytes) -> Any:
    return client.open(
        case.path.replace("JOB", job),
        method=case.method,
        data=body or None,
        content_type=case.media_type if body else None,
        headers=case.headers,
    )


def _resident(name: str) -> int:
    """Return a figure of this process's memory in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) * 1024


if __name__ == "__main__":
    main()
