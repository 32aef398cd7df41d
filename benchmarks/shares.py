"""Measures how tenants share the workers: `python -m benchmarks.shares`; exits with 1 where a bound does not hold.

Claims jobs as workers do, on a SQLite file and on PostgreSQL: how many jobs a tenant's only one waits for behind
another tenant's hundred, which share of the first 200 claims two tenants have with weights of 3 to 1 and 1,000 jobs
each, and how many claims there are in a second. The jobs are rows alone, which nothing trains.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.backends import PAIRS, database
from benchmarks.report import machine
from service.config import Settings
from service.services import Services, open_services
from service.store.migrate import migrate
from tests.integration.queues import add_tenant, claim, clear, queue

SHARED, FIRST_CLAIMS = 1000, 200
WITHIN = 0.02  # of the claims
RUNNING = 10  # jobs of the tenant with a hundred, when the other one's only job is queued
TIMED_CLAIMS = 300
TENANTS, LONG_QUEUE = 1000, 10_000


@dataclass(frozen=True)
class Row:
    """One figure, and whether its bound holds."""

    what: str
    figure: str
    wanted: str = ""
    holds: bool = True


def measure(service: Services) -> Iterator[Row]:
    yield only_one(service)
    clear(service)
    yield by_weight(service)
    clear(service)
    first = add_tenant(service, "first")
    queue(service, first, SHARED)
    yield Row(f"claims a second, 1 tenant with {SHARED:,} queued jobs", rate(service))
    clear(service)
    queue(service, first, LONG_QUEUE)
    yield Row(f"claims a second, 1 tenant with {LONG_QUEUE:,} queued jobs", rate(service))
    clear(service)
    tenants = [add_tenant(service, f"tenant {number}") for number in range(TENANTS)]
    for tenant in tenants:
        queue(service, tenant, LONG_QUEUE // TENANTS)
    yield Row(f"claims a second, {TENANTS:,} tenants with {LONG_QUEUE // TENANTS} queued jobs each", rate(service))


def only_one(service: Services) -> Row:
    """Count the claims that go before a tenant's only job, from when it was queued."""
    many, one = add_tenant(service, "many"), add_tenant(service, "one")
    queue(service, many, 100)
    for _ in range(RUNNING):
        claim(service)
    queue(service, one, 1)
    before = 0
    while (claimed := claim(service)) is not None and claimed[0] != one:
        before += 1
    return Row("jobs before the only one, behind 100 of another tenant", str(before), "at most 1", before <= 1)


def by_weight(service: Services) -> Row:
    large, small = add_tenant(service, "large", weight=3.0), add_tenant(service, "small")
    queue(service, small, SHARED)
    queue(service, large, SHARED)
    claimed = [claim(service) for _ in range(FIRST_CLAIMS)]
    share = sum(each is not None and each[0] == large for each in claimed) / FIRST_CLAIMS
    what = f"share of the first {FIRST_CLAIMS} claims, weights 3 to 1, {SHARED:,} jobs each"
    return Row(what, f"{share:.1%}", f"75 % within {WITHIN:.0%}", abs(share - 0.75) <= WITHIN)


def rate(service: Services) -> str:
    began = time.perf_counter()
    for _ in range(TIMED_CLAIMS):
        assert claim(service) is not None
    return f"{TIMED_CLAIMS / (time.perf_counter() - began):,.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.shares", description=__doc__.partition("\n")[0])
    parser.add_argument("--pair", choices=PAIRS, action="append", help="both if left out; the queue is not used")
    arguments = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; {TIMED_CLAIMS} claims timed, one after the other\n")
    print("| database | what | measured | wanted |\n|---|---|---|---|", flush=True)
    missed = 0
    for pair in arguments.pair or PAIRS:
        with tempfile.TemporaryDirectory(prefix="bp-shares-") as name, database(pair, Path(name)) as url:
            service = open_services(Settings(data_dir=Path(name), database_url=url, queue_url=f"filesystem://{name}/q"))
            try:
                migrate(service.database)
                for row in measure(service):
                    print(f"| {pair.partition('+')[0]} | {row.what} | {row.figure} | {row.wanted} |", flush=True)
                    missed += not row.holds
            finally:
                service.database.dispose()
    print("\nevery bound holds" if not missed else f"\n{missed} bounds do not hold")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
