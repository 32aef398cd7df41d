"""What is set on the connections of each database's driver: time limits, locking, and how SQLite keeps its file.

Imports SQLAlchemy, the drivers and `service.errors`.
"""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from service.errors import Misconfigured

BUSY_TIMEOUT_SECONDS = 15
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10.0  # for each statement; migrations may take longer
FRESH_SECONDS = 1.0  # a connection used within it is taken from the pool without asking whether it still works
STILL_SECONDS = 30.0  # a process that is frozen within a transaction keeps its locks that long
USED_AT = "used_at"  # in what the pool notes of a connection: when it was last given back
# as many connections as the API has threads: what overflows would be opened and closed for one request
KEPT: dict[str, Any] = {"pool_size": 24, "max_overflow": 0, "pool_use_lifo": True}
INCREMENTAL = 2  # the value of `PRAGMA auto_vacuum`
JOURNAL_BYTES = 16 * 1024 * 1024  # what SQLite's log shrinks to once it is written back


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that raises when PostgreSQL does not answer a statement in time.

    The server may be frozen, or its machine may be lost without closing the connection, so the server's own timeouts
    do not help. The statement may still be executed later, so the connection is closed and its answer never read.
    """

    answer_seconds: float | None = ANSWER_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:  # the answer is outstanding
                self.pgconn.finish()
            raise


def open_engine(url: URL) -> Engine:
    """Return the engine of a database, whose connections have the limits and settings of this module."""
    if url.get_backend_name() == "sqlite":
        _make_folder(Path(str(url.database)).parent)
        arguments: dict[str, Any] = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
        # each connection to memory would be to a database of its own
        kept = {} if url.database in (None, "", ":memory:") else KEPT
        engine = create_engine(url, connect_args=arguments, hide_parameters=True, **kept)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments = {"connect_timeout": CONNECT_SECONDS, "application_name": "backprop", "client_encoding": "utf8"}
    engine = create_engine(
        url,
        **KEPT,
        pool_timeout=CONNECT_SECONDS,
        connect_args=arguments,
        hide_parameters=True,  # messages of errors would quote them in logs
    )
    event.listen(engine, "do_connect", _connect_bounded)
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _check_works)
    return engine


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"the folder of the database, {path}, cannot be made: {error.strerror}; choose another --data-dir"
        ) from None


def _connect_bounded(_: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> BoundedConnection:
    return BoundedConnection.connect(*arguments, **options)


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event below says BEGIN, not the driver
    _enable_incremental_vacuum(connection)  # first, as it holds for a file that is still empty
    for pragma in (
        "journal_mode=WAL",
        f"journal_size_limit={JOURNAL_BYTES}",
        "secure_delete=FAST",  # some builds write every freed page, and so need space to free some
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_SECONDS}000",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _enable_incremental_vacuum(connection: sqlite3.Connection) -> None:
    """Have the file give free pages back when `incremental_vacuum` asks for it.

    SQLite writes the setting into the file even where it is set already, for which a new connection would have to wait
    until no other transaction writes. So the setting is read first.
    """
    (now,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    if now != INCREMENTAL:
        connection.execute(f"PRAGMA auto_vacuum={INCREMENTAL}").close()


def _prepare_postgresql(connection: Any, _: Any) -> None:
    """Have the server end sessions whose client is frozen or lost within a transaction.

    Their locks on the job's row, and on the counter of events that all jobs share, would block others for hours.
    """
    connection.autocommit = True  # otherwise this statement would begin a transaction
    connection.execute(f"SET idle_in_transaction_session_timeout = {round(STILL_SECONDS * 1000)}")
    connection.autocommit = False


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info[USED_AT] = time.monotonic()


def _check_works(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _: Any) -> None:
    """Have the pool make another connection in place of one that has idled and no longer works.

    SQLAlchemy's own check asks each time, which takes as long as a small query does.
    """
    if time.monotonic() - record.info.get(USED_AT, math.inf) < FRESH_SECONDS:
        return
    try:
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = False
    except psycopg.Error as error:
        raise InvalidatePoolError(str(error)) from error


@contextmanager
def unbounded(connection: Connection) -> Iterator[None]:
    """Lift the limits of a connection for a migration; to be called before the transaction, within which SQLite cannot.

    A connection of SQLite has foreign keys on again afterwards.
    """
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("PRAGMA foreign_keys=OFF").close()
    elif isinstance(driver, BoundedConnection):
        driver.answer_seconds = None
    try:
        yield
    finally:
        if isinstance(driver, sqlite3.Connection):
            driver.execute("PRAGMA foreign_keys=ON").close()
        elif isinstance(driver, BoundedConnection):
            driver.answer_seconds = ANSWER_SECONDS


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
