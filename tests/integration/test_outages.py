"""A database that is frozen: nobody waits for it for ever, and what it does late harms nobody."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from service.errors import Unavailable
from service.parts import Parts
from service.store import database as store
from service.store.database import BoundedConnection, Database
from tests.freezing import frozen
from tests.integration.contract import XOR
from tests.servers import Postgres
from workers.training_run import run_next_job
from workers.writing import Writer

LIMIT_SECONDS = 0.5


@pytest.fixture
def database(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(BoundedConnection, "answer_seconds", LIMIT_SECONDS)
    monkeypatch.setattr(store, "ANSWER_SECONDS", LIMIT_SECONDS)
    monkeypatch.setattr(store, "CONNECT_SECONDS", 1)
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


def test_migrations_may_take_longer(database: Database) -> None:
    slow = text(f"SELECT pg_sleep({2 * LIMIT_SECONDS})")

    def sleep() -> None:
        with database.begin() as connection:
            connection.execute(slow)

    assert seconds_of(sleep) < 4 * LIMIT_SECONDS
    with database.begin_unbounded() as connection:
        connection.execute(slow)
    assert seconds_of(sleep) < 4 * LIMIT_SECONDS


def test_a_flush_that_was_committed_late_is_no_failure(
    client: FlaskClient, service: Parts, monkeypatch: pytest.MonkeyPatch
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
