"""Compares estimates with jobs: `python -m benchmarks.estimates mnist.npz`.

For each workload of `make bench-train` it starts a service of its own on an empty data folder, with one worker. Once
the worker has measured its machine it asks what the job will cost, runs the job, asks again, and runs the job again
with another seed. Prints what was estimated and what each job took, and exits with 1 when an estimate is off by more
than a factor of 2 before the first job or by more than 25 % after it.

On a machine that other programs use, two equal jobs differ by more than that. So the processor time of the worker is
measured too: "equal load" compares the estimate with the second job as if it had got as much of the processors as the
first one, which the estimate rests on.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.jobs import NotTrained, finish
from benchmarks.plain_client import Client
from benchmarks.processor_time import processor_seconds
from benchmarks.report import machine
from benchmarks.served import serving, upload
from benchmarks.standings import duration, table
from benchmarks.workloads import WORKLOADS, Workload, arrays_of

BEFORE, AFTER = 2.0, 1.25  # by which factor an estimate may be off
CALIBRATED_SECONDS = 600.0  # on a new machine kernels are compiled before

HEADERS = (
    "workload",
    *("s an epoch, estimated", "range", "the job's", "off"),
    *("after it", "range", "the next job's", "off", "equal load"),
    *("s in all, estimated", "the next job's", "off"),
)


class NotCalibrated(Exception):
    """No worker has measured its machine in time."""


@dataclass(frozen=True)
class Compared:
    """Two estimates of a workload's job and the jobs that followed them, with the worker's processor seconds."""

    before: dict[str, Any]
    first: dict[str, Any]
    first_processor: float
    after: dict[str, Any]
    second: dict[str, Any]
    second_processor: float

    @property
    def off_before(self) -> float:
        """The factor between the first estimate of an epoch and the first job."""
        return _off(self.before["seconds_per_epoch"]["expected"], _epoch_seconds(self.first))

    @property
    def off_after(self) -> float:
        """The factor between the second estimate of an epoch and the second job."""
        return _off(self.after["seconds_per_epoch"]["expected"], _epoch_seconds(self.second))

    @property
    def off_at_equal_load(self) -> float:
        """The same as if the second job had got the first one's share of the processors."""
        got = self.first_processor / _job_seconds(self.first), self.second_processor / _job_seconds(self.second)
        estimated = self.after["seconds_per_epoch"]["expected"] * got[0] / got[1]
        return _off(estimated, _epoch_seconds(self.second))

    @property
    def off_in_all(self) -> float:
        """The factor between the second estimate of the whole job and the second job."""
        return _off(self.after["seconds"]["expected"], _job_seconds(self.second))

    @property
    def holds(self) -> bool:
        """Whether every estimate is within its bound."""
        return self.off_before <= BEFORE and self.off_after <= AFTER and self.off_in_all <= AFTER

    def row(self, name: str) -> list[str]:
        """Return the cells of the table under `HEADERS`."""
        before, after = self.before["seconds_per_epoch"], self.after["seconds_per_epoch"]
        return [
            name,
            *(duration(before["expected"]), _range(before), duration(_epoch_seconds(self.first)), _by(self.off_before)),
            *(duration(after["expected"]), _range(after), duration(_epoch_seconds(self.second)), _by(self.off_after)),
            _by(self.off_at_equal_load),
            duration(self.after["seconds"]["expected"]),
            *(duration(_job_seconds(self.second)), _by(self.off_in_all)),
        ]


def main() -> int:
    """Run the workloads; return 1 when an estimate is not within its bound, else 0."""
    arguments = _arguments()
    chosen = [workload for workload in WORKLOADS if not arguments.workloads or workload.key in arguments.workloads]
    results: dict[str, list[Compared]] = {}
    try:
        for number in range(1, arguments.rounds + 1):
            for workload in chosen:
                found = _compare(workload, arguments.mnist)
                results.setdefault(workload.key, []).append(found)
                print(f"round {number}: {', '.join(found.row(workload.key))}", flush=True)
    except (NotTrained, NotCalibrated) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{time.strftime('%Y-%m-%d')}, {machine()}, one worker.\n\n{_table(results)}")
    wrong = [key for key, each in results.items() if not all(one.holds for one in each)]
    if wrong:
        print(f"\noff by more than a factor of {BEFORE:g} before or {AFTER:g} after a job: {', '.join(wrong)}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.estimates", description="Compare estimates with jobs.")
    parser.add_argument("mnist", type=Path, help="the path of mnist.npz")
    known = [workload.key for workload in WORKLOADS]
    parser.add_argument("--workloads", nargs="*", default=[], choices=known, metavar="KEY", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.mnist.is_file():
        parser.error(f"{arguments.mnist} is not a file")
    return arguments


def _compare(workload: Workload, mnist: Path) -> Compared:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as client:
        upload(client, workload, arrays_of(workload.data, mnist), mnist)
        before = _calibrated(client, workload.job(1))
        first = _timed(client, workload.job(1))
        after = client.send("POST", "/v1/jobs:estimate", workload.job(2))
        return Compared(before, *first, after, *_timed(client, workload.job(2)))


def _timed(client: Client, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Run a job; return it and the processor seconds that the worker spent meanwhile."""
    before = _processor_seconds(client)
    job = finish(client, body)
    return job, _processor_seconds(client) - before


def _processor_seconds(client: Client) -> float:
    (worker,) = (each for each in client.send("GET", "/v1/workers")["data"] if each["alive"])
    return processor_seconds(Path("/proc") / worker["id"].rpartition(":")[2])


def _calibrated(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Return the estimate of a job once the worker has measured its machine."""
    deadline = time.monotonic() + CALIBRATED_SECONDS
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.send("POST", "/v1/jobs:estimate", body)
        if found["basis"]["source"] != "constants":
            return found
        time.sleep(0.5)
    raise NotCalibrated(f"no worker has measured its machine within {CALIBRATED_SECONDS:.0f} s")


def _epoch_seconds(job: dict[str, Any]) -> float:
    return 1.0 / float(job["progress"]["epochs_per_second"])


def _job_seconds(job: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def _off(estimated: float, took: float) -> float:
    """Return the factor between two durations, at least 1."""
    return max(estimated, took) / min(estimated, took)


def _by(factor: float) -> str:
    return f"x {factor:.2f}"


def _range(seconds: dict[str, float]) -> str:
    return f"{duration(seconds['low'])} to {duration(seconds['high'])}"


def _table(results: dict[str, list[Compared]]) -> str:
    rows: Iterable[list[str]] = (one.row(key) for key, each in results.items() for one in each)
    return table(list(HEADERS), list(rows))


if __name__ == "__main__":
    sys.exit(main())
