"""The private servers answer, retain their data through a crash, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests import servers
from tests.conftest import Backends
from tests.databases import Copies
from tests.servers import Postgres, Redis, is_alive
from tests.waiting import wait_until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc and the kernel's parent-death signal")


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_postgres_answers_and_each_database_is_empty(postgres_server: Postgres) -> None:
    first, second = postgres_server.create_database(), postgres_server.create_database()
    with connect(first) as connection:
        connection.execute("CREATE TABLE stored (number integer)")
    with connect(second) as connection:
        assert connection.execute("SELECT to_regclass('stored')").fetchone() == (None,)


def test_postgres_keeps_its_data_when_it_is_killed(postgres_server: Postgres) -> None:
    url = postgres_server.create_database()
    with connect(url) as connection:
        connection.execute("CREATE TABLE stored (number integer)")
        connection.execute("INSERT INTO stored VALUES (7)")
    postgres_server.kill()
    with pytest.raises(psycopg.OperationalError):
        connect(url)
    postgres_server.start()
    with connect(url) as connection:
        assert connection.execute("SELECT number FROM stored").fetchone() == (7,)


@pytest.mark.parametrize("fixture", ["redis_server", "valkey_server"])
def test_a_queue_keeps_its_data_when_it_is_killed_or_stopped(fixture: str, request: pytest.FixtureRequest) -> None:
    server: Redis = request.getfixturevalue(fixture)
    with redis.Redis.from_url(server.url) as client:
        for end in (server.kill, server.stop):
            client.set("stored", end.__name__)
            end()
            with pytest.raises(redis.ConnectionError):
                client.ping()
            server.start()
            assert client.get("stored") == end.__name__.encode()


@linux_only
@pytest.mark.parametrize("make", [Postgres, Redis])
@pytest.mark.parametrize("end", ["stop", "kill", "close"])
def test_no_process_is_left(make: type[Postgres] | type[Redis], end: str) -> None:
    with make() as server:
        family = server.processes()
        assert is_alive(family[0]) and len(family) > (make is Postgres)
        getattr(server, end)()
        assert not any(map(is_alive, family))
        folder = server.folder
    assert not folder.exists()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every account can reach, as PostgreSQL under another one must; pytest's folders are private."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@linux_only
@pytest.mark.parametrize("make", ["Postgres", "Redis"])
def test_servers_end_with_the_test_process(make: str, public_folder: Path) -> None:
    script = (
        f"from tests.servers import *\nserver = {make}()\n"
        "print(*server.processes(), flush=True)\nprint(server.folder, flush=True)\ninput()"
    )
    root = str(Path(servers.__file__).parents[1])
    environment = {**os.environ, "TMPDIR": str(public_folder)}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        family = [int(pid) for pid in parent.stdout.readline().split()]
        assert is_alive(family[0])
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, family)), what=f"the end of {make} without its parent")


def test_every_test_gets_empty_backends(empty_backends: Backends) -> None:
    assert list(empty_backends.data_dir.iterdir()) == []
    with redis.Redis.from_url(empty_backends.queue_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_backends_left_full_are_empty_again(backends: Backends) -> None:
    with redis.Redis.from_url(backends.queue_url) as client:
        assert client.dbsize() == 0


def test_a_database_that_is_given_back_is_as_it_was_made(copies: Copies) -> None:
    used, add = copies.take(), "INSERT INTO tenants (name, created_at) VALUES ('acme', now()) RETURNING number"
    with connect(used) as connection:
        made = connection.execute(add).fetchall()
        columns, values = "tenant, name, definition, sha256, created_at", "number, 'n', '{}', '', now()"
        connection.execute(f"INSERT INTO networks ({columns}) SELECT {values} FROM tenants")
        connection.execute("UPDATE counters SET value = 7")
        connection.execute("DELETE FROM counters WHERE name = 'events'")
    copies.give_back(used)
    assert copies.take() == used
    with connect(used) as connection:
        assert connection.execute("SELECT count(*) FROM networks").fetchall() == [(0,)]
        counters = connection.execute("SELECT name, value FROM counters").fetchall()
        assert ("events", 0) in counters and {value for _, value in counters} == {0}
        assert connection.execute(add).fetchall() == made
        connection.execute("ALTER TABLE networks ADD COLUMN more INTEGER")
    copies.give_back(used)
    assert copies.take() != used
