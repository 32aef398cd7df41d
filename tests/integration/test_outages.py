"""A database that is frozen: nobody waits for it for ever, and what it does late harms nobody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from service.errors import Unavailable
from service.ops.processes import API_PARENT
from service.services import Services
from service.store import drivers
from service.store.database import Database
from service.store.drivers import BoundedConnection
from tests.freezing import frozen
from tests.integration.contract import XOR
from tests.servers import Postgres
from workers.run.flush import Writer
from workers.run.run import run_next_job

LIMIT_SECONDS = 0.5


@pytest.fixture
def database(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(BoundedConnection, "answer_seconds", LIMIT_SECONDS)
    monkeypatch.setattr(drivers, "ANSWER_SECONDS", LIMIT_SECONDS)
    monkeypatch.setattr(drivers, "CONNECT_SECONDS", 1)
    postgres_server.start()
    url = postgres_server.create_database()
    opened = Database(url)
    yield opened
    opened.dispose()
    postgres_server.drop_database(url)


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        act()
    return time.monotonic() - began


def read(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT 7")).scalar_one())


def test_a_frozen_database_is_unavailable_soon_and_back_when_it_goes_on(
    database: Database, postgres_server: Postgres
) -> None:
    assert read(database) == 7

    with ExitStack() as stack:

        def freeze_between() -> None:
            with database.begin() as connection:
                connection.execute(text("CREATE TABLE seen (number INTEGER)"))
                stack.enter_context(frozen(*postgres_server.processes()))
                connection.execute(text("INSERT INTO seen VALUES (1)"))

        assert seconds_of(freeze_between) < 4 * LIMIT_SECONDS
        assert seconds_of(lambda: read(database)) < 4  # new connections are not answered either
    assert read(database) == 7
    with database.read() as connection:
        assert connection.execute(text("SELECT to_regclass('seen')")).scalar() is None  # rolled back


def end_sessions(database: Database) -> None:
    """End the sessions of its connections, as another client can."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    client = Database(database.url.render_as_string(hide_password=False))
    with client.begin() as connection:
        connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    client.dispose()


def test_a_session_that_ended_while_its_connection_idled_is_not_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "FRESH_SECONDS", 0.0)
    assert read(database) == 7
    end_sessions(database)
    assert read(database) == 7


def test_of_sessions_that_end_right_after_their_use_one_is_noticed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "FRESH_SECONDS", 600.0)
    with database.read() as first, database.read() as second:
        for connection in (first, second):
            assert connection.execute(text("SELECT 7")).scalar_one() == 7
    end_sessions(database)
    with pytest.raises(Unavailable):
        read(database)
    assert read(database) == 7  # the whole pool is new


def test_migrations_may_take_longer(database: Database) -> None:
    slow = text(f"SELECT pg_sleep({2 * LIMIT_SECONDS})")

    def sleep() -> None:
        with database.begin() as connection:
            connection.execute(slow)

    assert seconds_of(sleep) < 4 * LIMIT_SECONDS
    with database.begin_migration() as connection:
        connection.execute(slow)
    assert seconds_of(sleep) < 4 * LIMIT_SECONDS


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread looks, a second later")
def test_an_api_process_whose_parent_died_as_it_forked_does_not_stay(tmp_path: Path) -> None:
    """It would hold the port, and the API that is started in its parent's place could never listen."""
    command = [sys.executable, "-c", "from service.app import from_environment; from_environment(); print('stays')"]
    variables = {"BACKPROP_DATA_DIR": str(tmp_path), "BACKPROP_QUEUE_URL": f"filesystem://{tmp_path}/queue"}
    for parent, code in ((os.getpid(), 0), (1, -signal.SIGKILL)):
        ended = subprocess.run(command, env={**os.environ, **variables, API_PARENT: str(parent)}, capture_output=True)
        assert ended.returncode == code, ended.stderr


def test_a_flush_that_was_committed_late_is_no_failure(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen database may hold a COMMIT back until its client has looked, in vain, and tried again."""
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": {"epochs": 3, "seed": 1}}).json["id"]
    transaction, was_committed, late = Writer._transaction, Writer._was_committed, list[str]()

    def without_an_answer(*arguments: Any) -> Any:
        written = transaction(*arguments)
        if not late:
            late.append("answer")
            raise Unavailable("the database does not answer")
        return written

    def not_yet(*arguments: Any) -> bool:
        if late == ["answer"]:
            late.append("look")
            return False
        return was_committed(*arguments)

    monkeypatch.setattr(Writer, "_transaction", without_an_answer)
    monkeypatch.setattr(Writer, "_was_committed", not_yet)
    assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job}").json
    assert late == ["answer", "look"] and (ended["status"], ended["error"]) == ("succeeded", None)
    assert [epoch["epoch"] for epoch in client.get(f"/v1/jobs/{job}/epochs").json["data"]] == [0, 1, 2, 3]
