"""Predictions while PostgreSQL is away: those of networks in memory go on, and the next move of an alias is seen."""

import http.client
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.serving_proofs.moves import ALIASES, CLIENTS, Client, trained
from tests.freezing import frozen
from tests.integration.service import Service
from tests.servers import Postgres, Redis
from tests.waiting import wait_until

PAUSE_SECONDS = 0.02  # between predictions
MOST_SEEN_SECONDS = 1.0  # until every process answers with the version that an alias was moved to
BACK_SECONDS = 60.0

Away = Callable[[Postgres], AbstractContextManager[None]]


@contextmanager
def stopped(database: Postgres) -> Iterator[None]:
    """Stop PostgreSQL until the block ends."""
    database.stop()
    try:
        yield
    finally:
        database.start()


def frozen_server(database: Postgres) -> AbstractContextManager[None]:
    """Freeze all processes of PostgreSQL until the block ends: it takes connections and answers none."""
    return frozen(*database.processes())


def predicted_without_database(away_seconds: float) -> Iterator[str]:
    """Predict before, during and after an outage of each kind; print what was answered, and how soon a move is seen."""
    for name, away in (("stopped", stopped), ("frozen", frozen_server)):
        with (
            tempfile.TemporaryDirectory(prefix="bp-outage-") as folder,
            Postgres() as database,
            Redis() as queue,
            Service(
                Path(folder) / "data",
                BACKPROP_API_PROCESSES="2",
                BACKPROP_DATABASE_URL=database.create_database(),
                BACKPROP_QUEUE_URL=queue.url,
            ) as service,
        ):
            yield from _one(name, away, service, database, away_seconds)


def _one(name: str, away: Away, service: Service, database: Postgres, away_seconds: float) -> Iterator[str]:
    expected = {version: trained(service, version) for version in (1, 2)}
    service.send("PUT", f"{ALIASES}/live", {"version": 1})
    clients = [Client(service.port) for _ in range(CLIENTS)]
    for client in clients:
        assert client.predict()["version"] == 1  # the network is in the memory of each process
    said = set[str]()
    with away(database):
        until = time.monotonic() + away_seconds
        answers, seconds, wrong = Counter[int](), list[float](), 0
        while time.monotonic() < until:
            for client in clients:
                began = time.perf_counter()
                answer = client.predict()
                seconds.append(time.perf_counter() - began)
                answers[answer["version"]] += 1
                wrong += answer["predictions"] != expected[1]
                time.sleep(PAUSE_SECONDS)
            said |= _said(service)
    wait_until(lambda: not _said(service), BACK_SECONDS, "a service whose database is back")
    for client in clients:
        assert client.predict()["version"] == 1
    service.send("PUT", f"{ALIASES}/live", {"version": 2})
    moved_at = time.monotonic()
    for client in clients:
        wait_until(partial(_has_moved, client), BACK_SECONDS, "the version that the alias was moved to")
    seen = time.monotonic() - moved_at
    verdict = "" if not wrong and answers.keys() == {1} and said and seen <= MOST_SEEN_SECONDS else "DOES NOT hold: "
    seconds.sort()
    yield (
        f"{verdict}PostgreSQL {name} for {away_seconds:g} s: {sum(answers.values()):,} predictions over {CLIENTS} "
        f"connections to 2 processes, {wrong} wrong; median {median(seconds) * 1000:.1f} ms, "
        f"longest {seconds[-1] * 1000:.0f} ms; `/readyz`: {'; '.join(sorted(said)) or 'nothing'}. "
        f"Once it is back, a move of the alias is seen over every connection after {seen * 1000:.0f} ms"
    )


def _has_moved(client: Client) -> bool:
    return bool(client.predict()["version"] == 2)


def _said(service: Service) -> set[str]:
    """Return what `/readyz` says of the networks in memory while the database is away."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=BACK_SECONDS)
    connection.request("GET", "/readyz")
    checks: dict[str, Any] = json.loads(connection.getresponse().read())["checks"]
    connection.close()
    return {checks["models"]["detail"]} if "since" in checks["models"] else set()
