"""Stages `outages` and `api`: database or queue fail during a load, or processes of the API are killed.

A server is killed and started again later, or frozen, so that it neither answers nor refuses connections. All jobs must
end, no client may see a 5xx other than 503, and every request must be answered in bounded time.
"""

import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos import stage_service
from chaos.client import Client, Log, NoAnswer, over_http
from chaos.grounds import EMBEDDED, EXTERNAL
from chaos.kinds import post_datasets
from chaos.load import Load
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_service import LOADED, Whole, whole
from service.ops.supervisor import SETTLED_SECONDS
from tests.freezing import frozen
from tests.integration.service import Service
from tests.servers import Server
from tests.waiting import wait_until

SERIES_SECONDS = 0.1
MOST_SECONDS = 20.0  # for any answer during an outage
BACK_SECONDS = 60.0
AGAIN_SECONDS = 2.0
LOOK_SECONDS = 0.01
API_PROCESSES = 2


@dataclass(frozen=True)
class Figures:
    """How long an outage lasts, after how many seconds of the load it begins, and how many jobs are submitted."""

    away: float
    before: float
    jobs: int
    kinds: dict[str, dict[str, Any]] = field(default_factory=lambda: LOADED)


class Asking(threading.Thread):
    """Reads the newest job repeatedly; counts the statuses of the answers and measures the longest one."""

    def __init__(self, address: str) -> None:
        super().__init__(name="asking", daemon=True)
        self.longest = 0.0
        self.statuses: Counter[int | None] = Counter()
        self._ask = over_http(address)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(SERIES_SECONDS):
            began = time.monotonic()
            self.statuses[asked(self._ask)] += 1
            self.longest = max(self.longest, time.monotonic() - began)

    def finish(self) -> None:
        self._over.set()
        self.join()

    def violations(self) -> Iterator[Violation]:
        for status, count in self.statuses.items():
            if status not in (200, 503, None):
                yield Violation(None, f"{count} reads were answered {status}")
        if self.longest > MOST_SECONDS:
            yield Violation(None, f"a read was answered after {self.longest:.1f} s")


def asked(ask: Callable[..., tuple[int, object]]) -> int | None:
    """Return the status of a read that needs the database; None when there was no answer."""
    try:
        return ask("GET", "/v1/jobs?limit=1", None, {})[0]
    except NoAnswer:
        return None


@contextmanager
def killed(server: Server) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


Outage = Callable[[Whole], AbstractContextManager[None]]
OUTAGES: dict[str, tuple[str, Outage]] = {
    "database killed": (EXTERNAL, lambda made: killed(made.servers["database"])),
    "database frozen": (EXTERNAL, lambda made: frozen(*made.servers["database"].processes())),
    "queue killed": (EXTERNAL, lambda made: killed(made.servers["queue"])),
    "queue frozen": (EXTERNAL, lambda made: frozen(*made.servers["queue"].processes())),
    "embedded queue frozen": (EMBEDDED, lambda made: frozen(*made.service.children("-server"))),
}


@dataclass
class Course:
    """A service under load, the lines to print about it, and the violations that were found."""

    made: Whole
    report: list[str] = field(default_factory=list)
    found: list[Violation] = field(default_factory=list)


def outage(name: str, figures: Figures, seed: str) -> Report:
    """Cause one outage during a load."""
    pair, away = OUTAGES[name]

    def disturb(course: Course) -> None:
        asking = Asking(course.made.service.address)
        asking.start()
        time.sleep(figures.before)  # the load has to be under way
        with away(course.made):
            time.sleep(figures.away)  # the length of the outage
        wait_until(course.made.service.is_ready, BACK_SECONDS, "a service that is ready again")
        asking.finish()
        course.found += asking.violations()
        course.report.append(f"{name}: longest read {asking.longest:.1f} s, {_counted(asking.statuses)}")

    return _under_load(pair, disturb, figures, figures.away + figures.before, seed)


def kills_of_the_api(kills: int, figures: Figures, seed: str) -> Report:
    """Kill a process of the API and its parent in turn; measure how long it takes until a read is answered."""

    def disturb(course: Course) -> None:
        service = course.made.service
        taken: dict[str, list[float]] = {"one process": [], "their parent": []}
        for number in range(kills):
            if number:
                time.sleep(SETTLED_SECONDS)  # a process that dies within that time is restarted after a longer pause
            for whom, seconds in taken.items():
                parent, processes = service.api_processes()
                os.kill(parent if whom == "their parent" else processes[number % len(processes)], signal.SIGKILL)
                seconds.append(_until_answered(service.address))
                wait_until(lambda: _is_whole(service), BACK_SECONDS, "a whole API")
        for whom, seconds in taken.items():
            held = "held" if max(seconds) <= AGAIN_SECONDS else "SHORT"
            middle = sorted(seconds)[len(seconds) // 2]
            course.report.append(
                f"API, {whom} killed {kills} times: next read answered after {middle:.2f} s, "
                f"{max(seconds):.2f} at most ({AGAIN_SECONDS:g} s: {held})"
            )

    return _under_load(EXTERNAL, disturb, figures, kills * SETTLED_SECONDS, seed)


def _is_whole(service: Service) -> bool:
    return len(service.api_processes()[1]) == API_PROCESSES


def _until_answered(address: str) -> float:
    """Return the seconds until a read is answered."""
    began, ask = time.monotonic(), over_http(address)
    wait_until(lambda: asked(ask) == 200, BACK_SECONDS, "an answer", LOOK_SECONDS)
    return time.monotonic() - began


def _under_load(pair: str, disturb: Callable[[Course], None], figures: Figures, seconds: float, seed: str) -> Report:
    with tempfile.TemporaryDirectory(prefix="bp-chaos-") as name:
        folder = Path(name)
        log = Log(folder / "client.jsonl")
        with whole(pair, folder, seed) as (made, settings):
            send = over_http(made.service.address)
            post_datasets(Client(send, log))
            keys = stage_service.undisturbed(Client(send, log), figures.kinds)
            client = Client(send, log, stage_service.PATIENCE_SECONDS)
            load = Load(client, figures.kinds, figures.jobs, seconds, seed, "load")
            course = Course(made)
            load.start()
            disturb(course)
            load.finish(stage_service.DRAIN_SECONDS)
            assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
            for line in course.report:
                print(f"  {line}", flush=True)
            counts = {**stage_service.answers(log), **stage_service.outcomes([load])}
            found = (*course.found, *stage_service.never_ended(load.unfinished), *_given_up(load))
            return Report(counts, found).plus(stage_service.judge(settings, log, keys))


def _given_up(load: Load) -> Iterator[Violation]:
    if given_up := load.counts["unacknowledged"]:
        yield Violation(None, f"{given_up} jobs were never acknowledged, however often they were sent")


def _counted(statuses: Counter[int | None]) -> str:
    return ", ".join(f"{count} answered {status or 'nothing'}" for status, count in statuses.most_common())


def outages(figures: Figures, seed: str) -> Report:
    return sum_of(outage(name, figures, f"{seed} {name}") for name in OUTAGES)
