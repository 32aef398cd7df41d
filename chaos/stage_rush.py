"""Stage `rush`: 50 clients read and submit at an even pace, then as fast as they can, with a short queue.

Requests may be refused with 429 or 503 only, and every accepted job must end. Response times are printed but not
checked, as they depend on the machine.
"""

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chaos import stage_service
from chaos.client import COME_AGAIN, JOBS, Answer, Client, Log, OnOneConnection
from chaos.kinds import XOR
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_service import Whole, whole
from tests.waiting import wait_until

ANSWER_SECONDS = 60.0
MOST_SECONDS = 0.25  # for 99 of 100 answers
MOST_QUEUED = 100
RUSH_SHARE = 0.5  # of submissions among the requests without a pace
DRAIN_SECONDS = 240.0
BODY = {"dataset": "xor", "network": {"hidden": [4]}, "training": {"epochs": 20, "batch_size": 4, "seed": 1}}


@dataclass(frozen=True)
class Figures:
    """The number of clients, their requests per second together, and the seconds of both parts of the load."""

    clients: int
    reads: float
    submissions: float
    seconds: float
    rush_seconds: float


@dataclass
class Seen:
    """The answers in one part of the load: seconds by kind of request, and counts of statuses."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"reads": [], "submissions": []})
    statuses: Counter[int | None] = field(default_factory=Counter)

    def line(self, name: str, lasted: float) -> str:
        lines = []
        for kind, taken in self.seconds.items():
            middle, late = (sorted(taken)[int(len(taken) * share)] for share in (0.5, 0.99))
            held = "held" if late <= MOST_SECONDS else "SHORT"
            lines.append(
                f"{len(taken) / lasted:.0f} {kind}/s: p50 {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms "
                f"({MOST_SECONDS * 1000:.0f}: {held})"
            )
        shed = ", ".join(
            f"{count} answered {status}" for status, count in self.statuses.items() if status in COME_AGAIN
        )
        return f"{name}: {'; '.join(lines)}; {shed or 'nothing refused'}"


class Guest(threading.Thread):
    """One client. With a `pace` it sends at fixed times, from which the response times are measured."""

    def __init__(self, number: int, client: Client, jobs: list[str], figures: Figures, paced: bool, seed: str) -> None:
        super().__init__(name=f"guest {number}", daemon=True)
        self.number, self.client, self.jobs, self.paced = number, client, jobs, paced
        self.pause = figures.clients / (figures.reads + figures.submissions)
        self.share = figures.submissions / (figures.reads + figures.submissions) if paced else RUSH_SHARE
        self.lasts = figures.seconds if paced else figures.rush_seconds
        self.first = self.pause * number / figures.clients
        self.chance = random.Random(f"{seed} {number} {paced}")
        self.seen = Seen()

    def run(self) -> None:
        began, turn = time.monotonic(), 0
        while (due := began + self.first + turn * self.pause) < began + self.lasts if self.paced else True:
            if self.paced:
                time.sleep(max(0.0, due - time.monotonic()))  # keeps the pace of the load
            elif time.monotonic() >= began + self.lasts:
                return
            since = due if self.paced else time.monotonic()
            kind, answer = self._ask(turn)
            self.seen.seconds[kind].append(time.monotonic() - since)
            self.seen.statuses[None if answer is None else answer[0]] += 1
            turn += 1

    def _ask(self, turn: int) -> tuple[str, Answer | None]:
        if self.chance.random() < self.share:
            key = f"{self.number} {'paced' if self.paced else 'rush'} {turn}"
            answer = self.client.once("POST", JOBS, {**BODY, "metadata": {"key": key}}, key)
            if answer is not None and answer[0] == 202:
                self.jobs.append(answer[1]["id"])
            return "submissions", answer
        job = self.chance.choice(self.jobs)
        paths = (f"{JOBS}/{job}", f"{JOBS}/{job}/epochs", f"{JOBS}?limit=10", f"{JOBS}/{job}/events")
        return "reads", self.client.once("GET", self.chance.choice(paths))


def run(pair: str, figures: Figures, seed: str) -> Report:
    """Run both parts of the load on one service, then check it by the oracle."""
    with tempfile.TemporaryDirectory(prefix="bp-chaos-") as name:
        folder = Path(name)
        log = Log()
        with whole(pair, folder, seed, BACKPROP_MAX_QUEUED_JOBS=str(MOST_QUEUED)) as (made, settings):
            first = Client(OnOneConnection(made.service.port, ANSWER_SECONDS), log)
            first.until_answered("POST", "/v1/datasets", {"name": "xor", **XOR})
            job = first.submit(BODY, "undisturbed")
            assert job is not None, log.entries[-1]
            jobs, found = [job], list[Violation]()
            for paced in (True, False):
                seen = _together(made, log, jobs, figures, paced, seed)
                lasted = figures.seconds if paced else figures.rush_seconds
                print(f"  {pair}, {seen.line('at a pace' if paced else 'rush', lasted)}", flush=True)
                found += _refusals(seen)
            wait_until(lambda: not _unfinished(first), DRAIN_SECONDS, "the end of all jobs", 0.2)
            assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
            return Report({}, tuple(found)).plus(stage_service.judge(settings, log, ["undisturbed"]))


def _together(made: Whole, log: Log, jobs: list[str], figures: Figures, paced: bool, seed: str) -> Seen:
    guests = [
        Guest(number, Client(OnOneConnection(made.service.port, ANSWER_SECONDS), log), jobs, figures, paced, seed)
        for number in range(figures.clients)
    ]
    for guest in guests:
        guest.start()
    whole_seen = Seen()
    for guest in guests:
        guest.join()
        whole_seen.statuses.update(guest.seen.statuses)
        for kind, taken in guest.seen.seconds.items():
            whole_seen.seconds[kind] += taken
    return whole_seen


def _refusals(seen: Seen) -> Iterator[Violation]:
    for status, count in seen.statuses.items():
        if status not in (200, 202, *COME_AGAIN):
            yield Violation(None, f"{count} requests were answered {status or 'nothing'}")


def _unfinished(client: Client) -> bool:
    for status in ("queued", "running"):
        answer = client.once("GET", f"{JOBS}?status={status}&limit=1")
        if answer is None or answer[0] != 200 or answer[1]["data"]:
            return True
    return False


def stage(pairs: tuple[str, ...], figures: Figures, seed: str) -> Report:
    return sum_of(run(pair, figures, f"{seed} {pair}") for pair in pairs)
