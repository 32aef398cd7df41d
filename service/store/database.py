"""Opens the database, begins its transactions, reads its clock, and turns a driver's failures into `ServiceError`.

Imports SQLAlchemy, `service.store.tenancy` and `service.errors`.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection as Connection  # re-exported: the type of the arguments of what other rooms call
from sqlalchemy import DateTime, Engine, Table, create_engine, event, exc, literal, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from service.errors import Conflict, Misconfigured, OutOfSpace, ServiceError, Unavailable
from service.store.column_types import Double
from service.store.tenancy import Scopes

BUSY_TIMEOUT_SECONDS = 15
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10.0  # for each statement; migrations may take longer
STILL_SECONDS = 30.0  # a process that is frozen within a transaction keeps its locks that long

# SQLite says FULL where the disk is; a quota, or a lack of files, it does not tell from a disk that fails
SQLITE_FULL = ("SQLITE_FULL", *(f"SQLITE_IOERR_{part}" for part in ("WRITE", "FSYNC", "SHMSIZE", "SHMOPEN")))
JOURNAL_BYTES = 16 * 1024 * 1024  # what SQLite's log shrinks to once it is written back

Act = Callable[[Connection], None]


class Moment(TypeDecorator[datetime]):
    """A UTC time with microseconds: `timestamptz` on PostgreSQL, ISO text that sorts on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class clock(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's own clock, `seconds` from now: leases compare one clock with itself."""

    inherit_cache = True  # the seconds are a parameter of the statement
    type = Moment()

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(literal(float(seconds), Double))


@compiles(clock)
def _clock(element: clock, compiler: Any, **options: Any) -> str:
    """Render the clock for what SQLAlchemy compiles to find a statement's tables, and for its messages."""
    return f"clock({compiler.process(element.clauses, **options)})"


@compiles(clock, "postgresql")
def _clock_postgresql(element: clock, compiler: Any, **options: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)}))"


@compiles(clock, "sqlite")
def _clock_sqlite(element: clock, compiler: Any, **options: Any) -> str:
    # three digits of a second, padded to the six that stored times have
    seconds = compiler.process(element.clauses, **options)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', printf('%+.3f seconds', {seconds})) || '000')"


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


class Database:
    """The SQLAlchemy engine of one database and its transactions, which see one `tenant`, or all where that is None.

    `begin()` opens a transaction that writes, `read()` one that only reads. Both must be short: compute outside them.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.tenant: int | None = None
        self._recorder: Callable[[], Act] | None = None
        self._at_disposal: list[Callable[[], None]] = []
        self.engine = self._open()
        self._scopes = Scopes(self.engine)

    def scoped(self, tenant: int) -> "Database":
        """Return this database, with the same connections, as one tenant sees it."""
        mine = copy(self)
        mine.tenant = tenant
        return mine

    def recording(self, recorder: Callable[[], Act]) -> "Database":
        """Return this database with a first act before the commit of each transaction that writes."""
        mine = copy(self)
        mine._recorder = recorder
        return mine

    def at_disposal(self, stop: Callable[[], None]) -> None:
        """Call a function when this database is disposed of: it stops what works with it in the background."""
        self._at_disposal.append(stop)

    def _open(self) -> Engine:
        if self.is_sqlite:
            _make_folder(Path(str(self.url.database)).parent)
            arguments: dict[str, Any] = {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
            engine = create_engine(self.url, connect_args=arguments, hide_parameters=True)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        arguments = {"connect_timeout": CONNECT_SECONDS, "application_name": "backprop", "client_encoding": "utf8"}
        engine = create_engine(
            self.url,
            pool_size=8,
            max_overflow=16,
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
            connect_args=arguments,
            hide_parameters=True,  # messages of errors would quote them in logs
        )
        event.listen(engine, "do_connect", _connect_bounded)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that writes: committed at the end, rolled back when an exception is raised."""
        with translated(), self.engine.connect() as connection, self._writing(connection):
            yield connection

    @contextmanager
    def _writing(self, connection: Connection) -> Iterator[None]:
        acts: list[Act] = [] if self._recorder is None else [self._recorder()]
        connection.execution_options(writes=True, before_commit=acts, **self._scopes.options(self.tenant))
        with connection.begin():
            yield
            for act in acts:
                act(connection)

    @contextmanager
    def read(self, snapshot: bool = False) -> Iterator[Connection]:
        """Open a transaction that only reads.

        With `snapshot` all its statements see the database as it was at the first one, as they always do on SQLite.
        """
        with translated(), self.engine.connect() as connection:
            connection.execution_options(**self._scopes.options(self.tenant))
            if snapshot and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def begin_migration(self) -> Iterator[Connection]:
        """Open a transaction like `begin`, without a time limit on statements and, on SQLite, without foreign keys.

        SQLite rebuilds a table by dropping it, which would delete the rows that refer to it; the caller checks at the
        end that what they refer to is there.
        """
        with translated(), self.engine.connect() as connection, _unbounded(connection), self._writing(connection):
            yield connection

    def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self, close: bool = True) -> None:
        """Drop all pooled connections; a forked child passes `close=False`, as they belong to its parent."""
        for stop in self._at_disposal:
            stop()
        self.engine.dispose(close=close)


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
    for pragma in (
        "auto_vacuum=INCREMENTAL",  # first, as it holds for a file that is still empty
        "journal_mode=WAL",
        f"journal_size_limit={JOURNAL_BYTES}",
        "secure_delete=FAST",  # some builds write every freed page, and so need space to free some
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_SECONDS}000",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_postgresql(connection: Any, _: Any) -> None:
    """Have the server end sessions whose client is frozen or lost within a transaction.

    Their locks on the job's row, and on the counter of events that all jobs share, would block others for hours.
    """
    connection.autocommit = True  # otherwise this statement would begin a transaction
    connection.execute(f"SET idle_in_transaction_session_timeout = {round(STILL_SECONDS * 1000)}")
    connection.autocommit = False


@contextmanager
def _unbounded(connection: Connection) -> Iterator[None]:
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


def before_commit(connection: Connection) -> list[Act]:
    """Return the functions called at the end of this write transaction.

    Statements that lock rows all writers share belong there, so that the locks are held only briefly.
    """
    acts: list[Act] = connection.get_execution_options()["before_commit"]
    return acts


def insert_named(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless the tenant in scope has one of its `name`; return whether it was inserted.

    Concurrent inserts of the same name wait for the first one to commit.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing(index_elements=["tenant", "name"])
    # requested explicitly, as SQLAlchemy does not keep the row count of an INSERT by default
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


@contextmanager
def translated() -> Iterator[None]:
    """Translate driver failures into `OutOfSpace` or `Unavailable`, and a violated constraint into `Conflict`.

    A read-only database, such as a stand-by that has not been promoted yet, is `Unavailable` too. Other errors of the
    driver are bugs of this service and are raised unchanged.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict("another request made the same thing at the same moment; nothing was stored") from error
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise _translate(error) from error
    except exc.DBAPIError as error:
        if error.connection_invalidated or isinstance(error.orig, psycopg.errors.ReadOnlySqlTransaction):
            raise _translate(error) from error
        raise


def is_full(error: object) -> bool:
    """Return whether a driver's error says that nothing more can be written, for want of space or by a quota."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "") in SQLITE_FULL
    words = str(error).lower()
    return isinstance(error, psycopg.errors.DiskFull) or "no space left" in words or "quota exceeded" in words


def _translate(error: Exception) -> ServiceError:
    if is_full(getattr(error, "orig", error)):
        return OutOfSpace("the disk of the database is full; nothing was stored")
    return Unavailable("the database does not answer; nothing was stored")
