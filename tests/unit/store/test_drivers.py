"""What opening a connection does to the database, and to others that use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.store.database import Database
from service.store.drivers import INCREMENTAL


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backprop.sqlite3"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{file}")
    with opened.begin() as connection:
        connection.execute(text("CREATE TABLE lines (words TEXT)"))
    yield opened
    opened.dispose()


def test_a_connection_is_opened_and_reads_while_another_one_writes(database: Database) -> None:
    other = Database(database.url.render_as_string())
    with database.begin() as writing:
        writing.execute(text("INSERT INTO lines VALUES ('not committed yet')"))
        with other.read() as connection:  # waits for the other transaction, in vain, if opening it writes
            assert connection.execute(text("SELECT count(*) FROM lines")).scalar_one() == 0
    other.dispose()


def test_opening_a_connection_writes_nothing(database: Database, file: Path) -> None:
    log = file.with_name(f"{file.name}-wal")
    before = log.stat().st_size
    other = Database(database.url.render_as_string())
    other.ping()
    assert log.stat().st_size == before > 0
    other.dispose()


def test_free_pages_of_a_new_file_can_be_given_back(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one() == INCREMENTAL
