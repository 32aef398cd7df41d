"""Stage `service`: a whole service under load, whose processes are killed in turn, on both pairs of backends."""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chaos.client import Client, Log, over_http
from chaos.grounds import EMBEDDED
from chaos.kinds import KINDS, longer, post_datasets
from chaos.load import ENDED, Load
from chaos.oracle import References, Report, Violation, examine, sum_of
from service.config import Settings
from service.jobs.commands import collect
from service.services import Services, open_services
from tests.integration.service import Service, processes
from tests.servers import Postgres, Redis, Server, is_alive
from tests.waiting import wait_until

CLIENTS = 2
PATIENCE_SECONDS = 120.0
GONE_SECONDS = 20.0
LONGEST_ABSENCE = 1.5
DRAIN_SECONDS = 120.0
# there are four flushes a second here, so jobs are longer than in stages that kill only workers
LOADED = {
    "momentum float32": longer(KINDS["momentum float32"], 600),
    "adam float64": longer(KINDS["adam float64"], 150),
    "schedule float32": KINDS["schedule float32"],
    "stop_when float64": KINDS["stop_when float64"],
    "wide float32": KINDS["wide float32"],
    "short float32": longer(KINDS["short float32"], 10_000),
}


@dataclass(frozen=True)
class Figures:
    """How much the stage does: `kills` of each kind of process."""

    kills: int
    jobs: int
    seconds: float


@dataclass
class Whole:
    """A service started by `backprop serve`, and the processes of it that can be killed."""

    service: Service
    servers: dict[str, Server]
    chance: random.Random

    def victims(self) -> dict[str, Callable[[], None]]:
        """Return by kind of process a function that kills one, and restarts it if no supervisor does."""
        own = {
            "API": lambda: self._kill_one(self.service.children("service.ops.cli api")),
            "workers' parent": lambda: self._kill_one(self.worker_parents()),
            "worker": lambda: self._kill_one(self.service.training_processes()),
            "serve": self._kill_all,
        }
        if not self.servers:
            own["queue"] = lambda: self._kill_one(self.service.children("-server"))
        return own | {name: lambda server=server: self._restart(server) for name, server in self.servers.items()}

    def worker_parents(self) -> list[int]:
        """Return the ids of the parents of the worker processes."""
        assert self.service.process is not None
        mine = self.service.process.pid
        return [pid for pid, parent, command in processes() if parent == mine and "-m workers" in command]

    def _kill_one(self, pids: list[int]) -> None:
        """Kill one of the processes, if any is running: it may be restarting."""
        if pids:
            os.kill(self.chance.choice(pids), signal.SIGKILL)

    def _kill_all(self) -> None:
        """Kill the supervisor, with which all parts end; then start the service again."""
        family = self.service.children("")
        self.service.stop(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, family)), GONE_SECONDS, "the end of a killed service's parts")
        self.service.start()

    def _restart(self, server: Server) -> None:
        server.kill()
        time.sleep(self.chance.uniform(0, LONGEST_ABSENCE))  # a random time of absence
        server.start()


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Yield the services of a process of their own; their connections are closed at the end of the block."""
    services = open_services(settings)
    try:
        yield services
    finally:
        services.database.dispose()


@contextmanager
def whole(pair: str, folder: Path, seed: str, **more: str) -> Iterator[tuple[Whole, Settings]]:
    """Yield a service with embedded backends (SQLite and Valkey), or on PostgreSQL and Redis."""
    data, servers = folder / "data", dict[str, Server]()
    variables = {"BACKPROP_WORKERS": "2", "BACKPROP_API_PROCESSES": "2", **more}
    with ExitStack() as stack:
        if pair == EMBEDDED:
            variables["PATH"] = str(Path(sys.executable).parent)
            settings = Settings(data_dir=data)
        else:
            database, queue = stack.enter_context(Postgres()), stack.enter_context(Redis())
            servers = {"database": database, "queue": queue}
            settings = Settings(data_dir=data, database_url=database.create_database(), queue_url=queue.url)
            variables |= {"BACKPROP_DATABASE_URL": settings.database_url, "BACKPROP_QUEUE_URL": settings.queue_url}
        service = stack.enter_context(Service(data, **variables))
        yield Whole(service, servers, random.Random(f"{seed} victims")), settings


def run(pair: str, figures: Figures, seed: str) -> Report:
    """Load and kills on one service, then the oracle, once it is stopped."""
    with tempfile.TemporaryDirectory(prefix="bp-chaos-") as name:
        folder = Path(name)
        log = Log(folder / "client.jsonl")
        with whole(pair, folder, seed) as (made, settings):
            send = over_http(made.service.address)
            client = Client(send, log, PATIENCE_SECONDS)
            post_datasets(client)
            keys = undisturbed(client)
            loads = [
                Load(Client(send, log, PATIENCE_SECONDS), LOADED, figures.jobs // CLIENTS, figures.seconds, seed, who)
                for who in map(str, range(CLIENTS))
            ]
            killed = _kill(made, loads, figures, random.Random(f"{seed} plan"))
            assert made.service.stop() == 0, made.service.log.read_text()[-2000:]
            counts = {**killed, **answers(log), **outcomes(loads)}
            left = [job for load in loads for job in load.unfinished]
            return Report(counts, never_ended(left)).plus(judge(settings, log, keys))


def undisturbed(client: Client, kinds: dict[str, dict[str, Any]] = LOADED) -> list[str]:
    """Run a job of each kind while nothing is killed; return their keys, by which the others are judged."""
    keys = {f"undisturbed {name}": body for name, body in kinds.items()}
    for key, body in keys.items():  # one after the other, so that none makes room for another on a slow machine
        job = client.submit(body, key)
        assert job is not None, client.log.entries[-1]
        wait_until(partial(_has_ended, client, job), DRAIN_SECONDS, f"the end of {key}")
    return list(keys)


def _has_ended(client: Client, job: str) -> bool:
    answer = client.until_answered("GET", f"/v1/jobs/{job}?wait=60")
    return answer is not None and answer[0] == 200 and answer[1]["status"] in ENDED


def _kill(made: Whole, loads: list[Load], figures: Figures, chance: random.Random) -> dict[str, int]:
    """Kill the kinds of process in random order at random moments; return the number of kills by kind."""
    victims = made.victims()
    plan = [name for name in victims for _ in range(figures.kills)]
    chance.shuffle(plan)
    moments = sorted(chance.uniform(0, figures.seconds) for _ in plan)
    counts: Counter[str] = Counter()
    for load in loads:
        load.start()
    began = time.monotonic()
    for moment, name in zip(moments, plan, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        victims[name]()
        counts[f"kills of {name}"] += 1
    wait_until(made.service.is_ready, GONE_SECONDS * 3, "a service that is ready after the last kill")
    for load in loads:
        load.finish(DRAIN_SECONDS)
    return dict(counts)


def answers(log: Log) -> dict[str, int]:
    """Return how many requests had no answer, or a 503 or 409."""
    statuses = Counter(entry.status for entry in log.entries)
    return {"without an answer": statuses[None], "answered 503": statuses[503], "answered 409": statuses[409]}


def outcomes(loads: list[Load]) -> dict[str, int]:
    """Return how many requests clients gave up."""
    whole: Counter[str] = Counter()
    for load in loads:
        whole.update(load.counts)
    return {"requests given up by the client": whole["unacknowledged"]}


def never_ended(jobs: list[str]) -> tuple[Violation, ...]:
    return tuple(Violation(job, f"no job has ended for {DRAIN_SECONDS:g} s, and it has not") for job in jobs)


def judge(settings: Settings, log: Log, keys: list[str]) -> Report:
    """Compare what the database of a stopped service holds with what its clients were answered."""
    with opened(settings) as services:
        references = References()
        references.learn(services, keys)
        collect(services)
        return examine(services, log.entries, references)


def stage(pairs: tuple[str, ...], figures: Figures, seed: str) -> Report:
    """Run the pairs of backends one after the other, as a service uses both cores."""
    return sum_of(printed(pair, run(pair, figures, f"{seed} {pair}")) for pair in pairs)


def printed(pair: str, report: Report) -> Report:
    """Print a report at once, as the next pair takes some minutes."""
    print(f"  {pair}: {report.lines()[0]}", flush=True)
    return report
