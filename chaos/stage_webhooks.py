"""Stage `webhooks`: jobs whose events are sent while processes of the service are killed, on both pairs of backends.

The receiver fails at random: it answers with errors, answers too late, or takes an event and hangs up. It verifies each
delivery with the `standardwebhooks` package. Afterwards every delivery in the database has succeeded and was taken,
nothing was signed wrongly, nothing was received that is not stored, and all copies of an event have one id.
"""

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from chaos.client import Client, Log, over_http
from chaos.kinds import XOR
from chaos.oracle import Report, Violation, sum_of
from chaos.stage_service import PATIENCE_SECONDS, Whole, opened, printed, whole
from service.config import Settings
from service.store.database import Database
from service.store.tables import jobs, webhook_deliveries, webhooks
from service.webhooks.signing import new_secret
from tests.integration.service import DELIVERIES
from tests.receiver import LOOPBACK, Received, Receiver, Reply, receiver
from tests.waiting import wait_until

ATTEMPT_SECONDS = 2.0
SETTINGS = {
    "BACKPROP_WEBHOOK_ALLOWED_RANGES": LOOPBACK,
    "BACKPROP_WEBHOOK_SECONDS": f"{ATTEMPT_SECONDS}",
    "BACKPROP_WEBHOOK_RETRY_SECONDS": ",".join(["0.5"] * 50),
    "BACKPROP_LEASE_SECONDS": "5",
    "BACKPROP_KERNELS": "numpy",  # so that a killed worker is soon replaced
}
JOB = {"dataset": "xor", "network": {"hidden": [2]}, "training": {"epochs": 40, "validation": None}}
EVENTS = ["job.queued", "job.running", "job.succeeded", "job.failed", "job.cancelled"]
ENDS = frozenset(EVENTS[2:])
VICTIMS = {"deliveries": 10, "worker": 4, "API": 5, "workers' parent": 1}  # how often each is chosen
VICTIM_SECONDS = 60.0
DRAIN_SECONDS = 240.0
NOTIFIES = 0.3  # the share of jobs with an address of their own


@dataclass(frozen=True)
class Figures:
    """How much the stage does on each pair."""

    kills: int
    apart: float  # seconds between kills, on average
    jobs_a_second: float


class UnreliableAnswers:
    """What the receiver answers: about one in three requests fails, in some way, unless `is_reliable` is set."""

    def __init__(self, seed: str) -> None:
        self._chance, self._turn = random.Random(seed), threading.Lock()
        self.is_reliable = False
        self.taken: set[tuple[str, str]] = set()  # path and id of what was answered with 2xx
        self.counts: Counter[str] = Counter()

    def __call__(self, received: Received) -> Reply:
        with self._turn:
            kind = self._chance.choices(("take", "500", "503", "late", "taken, 500"), (12, 3, 1, 1, 2))[0]
        kind = "take" if self.is_reliable else kind
        if kind == "late":
            time.sleep(ATTEMPT_SECONDS + 0.5)  # a receiver that works before it answers
        with self._turn:
            self.counts[kind] += 1
            if kind in ("take", "taken, 500"):
                self.taken.add((received.path, received.id))
        return Reply({"take": 204, "503": 503}.get(kind, 500))


def run(pair: str, figures: Figures, seed: str) -> Report:
    """Load and kills on one service; then what its database says is compared with what was received."""
    given, chance = UnreliableAnswers(f"{seed} answers"), random.Random(f"{seed} plan")
    with tempfile.TemporaryDirectory(prefix="bp-chaos-") as name, receiver(given) as there:
        folder = Path(name)
        log = Log(folder / "client.jsonl")
        with whole(pair, folder, seed, **SETTINGS) as (made, settings):
            client = Client(over_http(made.service.address), log, PATIENCE_SECONDS)
            _prepare(client, there)
            load = Submissions(client, there, figures.jobs_a_second, f"{seed} jobs")
            load.start()
            killed = _kill(made, figures, chance)
            load.finish()
            given.is_reliable = True
            with opened(settings) as services:
                wait_until(lambda: not _is_pending(services.database), DRAIN_SECONDS, "the last delivery", 0.5)
            assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
            found = list(judge(settings, there, given, load.acknowledged))
            counts = {f"kills of {name}": count for name, count in sorted(killed.items())}
            return Report({**counts, **_counts(settings, there, given, load)}, tuple(found))


def _prepare(client: Client, there: Receiver) -> None:
    """Store the rows, and two webhooks with secrets of their own."""
    answer = client.until_answered("POST", "/v1/datasets", {"name": "xor", **XOR})
    assert answer is not None and answer[0] < 300, answer
    for at in range(2):
        body = {"url": f"{there.url}/{at}", "events": EVENTS, "secret": _secret(there)}
        answer = client.until_answered("POST", "/v1/webhooks", body)
        assert answer is not None and answer[0] == 201, answer


def _secret(there: Receiver) -> str:
    there.secrets.append(secret := new_secret())
    return secret


class Submissions(threading.Thread):
    """Submits jobs until it is finished; `acknowledged` says of each id whether it has a webhook of its own."""

    def __init__(self, client: Client, there: Receiver, a_second: float, seed: str) -> None:
        super().__init__(name="submissions", daemon=True)
        self.client, self.a_second, self.there = client, a_second, there
        self.acknowledged: dict[str, bool] = {}
        self._chance, self._finished = random.Random(seed), threading.Event()
        self._secret = _secret(there)

    def run(self) -> None:
        """Submit at random intervals until `finish` is called."""
        number = 0
        while not self._finished.wait(self._chance.expovariate(self.a_second)):
            number += 1
            notifies = self._chance.random() < NOTIFIES
            notify = {"url": f"{self.there.url}/own", "events": EVENTS, "secret": self._secret}
            job = self.client.submit({**JOB, **({"notify": notify} if notifies else {})}, f"job {number}")
            if job is not None:
                self.acknowledged[job] = notifies

    def finish(self) -> None:
        """Let the submission that is under way be the last one."""
        self._finished.set()
        self.join(PATIENCE_SECONDS * 2)


def _kill(made: Whole, figures: Figures, chance: random.Random) -> Counter[str]:
    """Kill processes at random moments; return how many of each kind were killed."""
    service, killed = made.service, Counter[str]()
    pids: dict[str, Callable[[], list[int]]] = {
        "deliveries": lambda: service.children(DELIVERIES),
        "worker": service.training_processes,
        "API": lambda: service.api_processes()[1],
        "workers' parent": made.worker_parents,
    }
    for _ in range(figures.kills):
        time.sleep(chance.expovariate(1 / figures.apart))
        (name,) = chance.choices(list(VICTIMS), list(VICTIMS.values()))
        found = wait_until(pids[name], VICTIM_SECONDS, f"a process to kill: {name}", 0.1)
        try:
            os.kill(chance.choice(sorted(found)), signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with its parent meanwhile
        killed[name] += 1
    wait_until(service.is_ready, VICTIM_SECONDS * 2, "a service that is ready after the last kill")
    return killed


def _is_pending(database: Database) -> bool:
    """Return whether a job has not ended, or something is still to be delivered."""
    with database.read() as connection:
        waiting = select(webhook_deliveries.c.number).where(webhook_deliveries.c.status == "pending").limit(1)
        unended = select(jobs.c.number).where(jobs.c.finished_at.is_(None)).limit(1)
        return connection.execute(waiting).first() is not None or connection.execute(unended).first() is not None


@dataclass(frozen=True)
class Stored:
    """A delivery in the database."""

    path: str
    id: str
    type: str
    status: str
    body: bytes


def _stored(settings: Settings) -> list[Stored]:
    joined = webhook_deliveries.join(webhooks, webhooks.c.number == webhook_deliveries.c.webhook)
    columns = (webhooks.c.url, *(webhook_deliveries.c[name] for name in ("id", "type", "status", "body")))
    with opened(settings) as services, services.database.read() as connection:
        rows = connection.execute(select(*columns).select_from(joined)).all()
    return [Stored("/" + row.url.split("/", 3)[3], row.id, row.type, row.status, row.body.encode()) for row in rows]


def judge(
    settings: Settings, there: Receiver, given: UnreliableAnswers, acknowledged: dict[str, bool]
) -> Iterator[Violation]:
    """Yield each promise that was broken."""
    stored = _stored(settings)
    known = {(each.path, each.id): each for each in stored}
    for each in stored:
        if each.status != "succeeded":
            yield Violation(each.id, f"{each.type} to {each.path} is {each.status} and not delivered")
        elif (each.path, each.id) not in given.taken:
            yield Violation(each.id, f"{each.type} to {each.path} counts as delivered, but was never taken")
    for received in there.received:
        if not received.verified_by:
            yield Violation(received.id, f"a delivery to {received.path} is signed wrongly")
        if (row := known.get((received.path, received.id))) is None:
            yield Violation(received.id, "was received and is not stored")
        elif row.body != received.body:
            yield Violation(received.id, "two copies of an event differ")
    yield from _ends(there, acknowledged)


def _ends(there: Receiver, acknowledged: dict[str, bool]) -> Iterator[Violation]:
    """Yield what is wrong with the ends of jobs: each is received at each address under one id."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for received in there.received:
        if received.event["type"] in ENDS:
            ids[received.path, received.event["data"]["id"]].add(received.id)
    for job, notifies in acknowledged.items():
        for path in ("/hook/0", "/hook/1", *(["/hook/own"] if notifies else [])):
            if len(found := ids[path, job]) != 1:
                yield Violation(job, f"its end was received at {path} under {len(found)} ids")


def _counts(settings: Settings, there: Receiver, given: UnreliableAnswers, load: Submissions) -> dict[str, int]:
    copies = Counter((each.path, each.id) for each in there.received)
    return {
        "jobs": len(load.acknowledged),
        "deliveries": len(_stored(settings)),
        "requests received": len(there.received),
        "of them answered with errors": sum(count for kind, count in given.counts.items() if kind != "take"),
        "events received more than once": sum(count > 1 for count in copies.values()),
    }


def stage(pairs: tuple[str, ...], figures: Figures, seed: str) -> Report:
    """Run the pairs of backends one after the other, as a service uses both cores."""
    return sum_of(printed(pair, run(pair, figures, f"{seed} {pair}")) for pair in pairs)
