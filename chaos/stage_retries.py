"""Stage `retries`: jobs are submitted again and again with the same keys, some at once, while the API is killed.

Each key must have made one job, every answer to it must be that job, and at most one must not be marked as repeated.
"""

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chaos.client import COME_AGAIN, JOBS, Client, Log, NoAnswer, OnOneConnection, over_http
from chaos.kinds import XOR
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_service import Whole, opened, printed, whole
from service.config import Settings
from service.store.tables import jobs as table

THREADS = 8
TOGETHER = 3  # every third key is sent by several threads at once, the others some time apart
APART = 800  # at most so many other submissions come between two with the same key
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 60.0
BODY = {"dataset": "xor", "network": {"hidden": [2]}, "training": {"epochs": 1, "batch_size": 4, "seed": 1}}


@dataclass(frozen=True)
class Figures:
    """How many keys are sent how often, and how often processes of the API are killed meanwhile."""

    keys: int
    sends: int
    kills: int


@dataclass(frozen=True)
class Answered:
    """An answer to a submission: its status, its job, and whether it is marked as that of an earlier request."""

    status: int
    job: str | None
    is_repeated: bool


@dataclass
class Answers:
    """What came back, by key, and how many requests were sent in all. Its methods may be called by any thread."""

    by_key: defaultdict[str, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    requests: Counter[str] = field(default_factory=Counter)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def add(self, key: str, answered: Answered) -> None:
        with self._turn:
            self.by_key[key].append(answered)

    def count(self, what: str) -> None:
        with self._turn:
            self.requests[what] += 1

    @property
    def answered(self) -> int:
        with self._turn:
            return sum(map(len, self.by_key.values()))


class Sender(threading.Thread):
    """Takes keys from a plan and submits the job of each, until it is answered."""

    def __init__(self, port: int, plan: Iterator[str], turn: threading.Lock, answers: Answers) -> None:
        super().__init__(name="sender", daemon=True)
        self.plan, self.turn, self.answers = plan, turn, answers
        self.connection = OnOneConnection(port, ANSWER_SECONDS)
        self.given_up: list[str] = []

    def run(self) -> None:
        """Submit until the plan is at its end; keys that are not answered in time are added to `given_up`."""
        while (key := self._next()) is not None:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not self._submit(key):
                if time.monotonic() > deadline:
                    self.given_up.append(key)
                    break
                time.sleep(PAUSE_SECONDS)
        self.connection.close()

    def _next(self) -> str | None:
        with self.turn:
            return next(self.plan, None)

    def _submit(self, key: str) -> bool:
        """Send the job of a key once; return whether there was an answer that settles it."""
        body = {**BODY, "metadata": {"key": key}}
        try:
            status, answer, headers = self.connection.exchange("POST", JOBS, body, {"Idempotency-Key": key})
        except NoAnswer:
            self.answers.count("without an answer")
            return False
        self.answers.count(f"answered {status}")
        if status in COME_AGAIN or status == 409:  # the first one is under way
            return False
        is_repeated = headers.get("Idempotent-Replayed") == "true"
        self.answers.add(key, Answered(status, answer.get("id"), is_repeated))
        return True


def plan(figures: Figures, chance: random.Random) -> list[str]:
    """Return the keys in the order in which they are sent, each several times."""
    placed = []
    for number in range(figures.keys):
        at = number * figures.sends
        apart = 0 if number % TOGETHER == 0 else APART
        placed += [(at + chance.random() * (again and apart), f"key {number}") for again in range(figures.sends)]
    return [key for _, key in sorted(placed)]


def run(pair: str, figures: Figures, seed: str) -> Report:
    """Send all keys to one service while its API is killed, then compare the answers with the database."""
    with tempfile.TemporaryDirectory(prefix="bp-chaos-") as folder:
        variables = {"BACKPROP_MAX_QUEUED_JOBS": "1000000", "BACKPROP_WORKERS": "1"}
        with whole(pair, Path(folder), seed, **variables) as (made, settings):
            Client(over_http(made.service.address), Log()).until_answered(
                "POST", "/v1/datasets", {"name": "xor", **XOR}
            )
            answers = Answers()
            given_up = _send_all(made, figures, answers, random.Random(f"{seed} plan"))
            assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
            counts = {"keys": figures.keys, "answers": answers.answered, **answers.requests, "kills": figures.kills}
            lost = [Violation(None, f"{key!r} was not answered in {PATIENCE_SECONDS:g} s") for key in given_up]
            return Report(counts, (*lost, *judge(made_by_key(settings), answers, figures)))


def _send_all(made: Whole, figures: Figures, answers: Answers, chance: random.Random) -> list[str]:
    """Send the plan with several threads, and kill the API as it advances; return the keys that were given up."""
    keys, turn = iter(plan(figures, chance)), threading.Lock()
    senders = [Sender(made.service.port, keys, turn, answers) for _ in range(THREADS)]
    for sender in senders:
        sender.start()
    total = figures.keys * figures.sends
    for number in range(1, figures.kills + 1):
        due = total * number // (figures.kills + 1)
        while answers.answered < due and any(sender.is_alive() for sender in senders):
            time.sleep(PAUSE_SECONDS)
        processes = made.service.children("service.ops.cli api")
        for process in processes if number % 2 else processes[:1]:
            os.kill(process, signal.SIGKILL)
    for sender in senders:
        sender.join()
    return [key for sender in senders for key in sender.given_up]


def made_by_key(settings: Settings) -> dict[str, list[str]]:
    """Return the ids of the jobs in the database by the key in their metadata."""
    with opened(settings) as services, services.database.read() as connection:
        rows: list[Any] = list(connection.execute(select(table.c.id, table.c.extra)))
    found = defaultdict(list)
    for id, metadata in rows:
        found[metadata["key"]].append(id)
    return dict(found)


def judge(made: dict[str, list[str]], answers: Answers, figures: Figures) -> Iterator[Violation]:
    """Yield what is wrong with the jobs that keys have made, or with the answers to them."""
    for number in range(figures.keys):
        key = f"key {number}"
        jobs, found = made.get(key, []), answers.by_key.get(key, [])
        if len(jobs) != 1:
            yield Violation(None, f"{key!r} has made {len(jobs)} jobs")
        if wrong := [each for each in found if each.status != 202 or [each.job] != jobs]:
            yield Violation(jobs[0] if jobs else None, f"{key!r} was answered {wrong[0]}")
        if sum(not each.is_repeated for each in found) > 1:
            yield Violation(jobs[0] if jobs else None, f"several answers to {key!r} are not marked as repeated")
    if strange := set(made) - {f"key {number}" for number in range(figures.keys)}:
        yield Violation(None, f"jobs have keys that were not sent: {sorted(strange)[:3]}")


def stage(pairs: tuple[str, ...], figures: Figures, seed: str) -> Report:
    return sum_of(printed(pair, run(pair, figures, f"{seed} {pair}")) for pair in pairs)
