"""Opens the database, begins its transactions, reads its clock, and turns a driver's failures into `ServiceError`.

Imports SQLAlchemy, the modules of the store below it, and `service.errors`.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import Connection as Connection  # re-exported: the type of the arguments of what other rooms call
from sqlalchemy import DateTime, Table, exc, literal, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from service.errors import Conflict, OutOfSpace, ServiceError, Unavailable
from service.store.column_types import Double
from service.store.drivers import open_engine, unbounded
from service.store.tenancy import Scopes

# SQLite says FULL where the disk is; a quota, or a lack of files, it does not tell from a disk that fails
SQLITE_FULL = ("SQLITE_FULL", *(f"SQLITE_IOERR_{part}" for part in ("WRITE", "FSYNC", "SHMSIZE", "SHMOPEN")))
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
        self.engine = open_engine(self.url)
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
            if not self.is_sqlite:
                # alone, each statement sees what is committed then anyway: no BEGIN and no COMMIT are sent for them
                connection.execution_options(isolation_level="REPEATABLE READ" if snapshot else "AUTOCOMMIT")
            with connection.begin():
                yield connection

    @contextmanager
    def begin_migration(self) -> Iterator[Connection]:
        """Open a transaction like `begin`, without a time limit on statements and, on SQLite, without foreign keys.

        SQLite rebuilds a table by dropping it, which would delete the rows that refer to it; the caller checks at the
        end that what they refer to is there.
        """
        with translated(), self.engine.connect() as connection, unbounded(connection), self._writing(connection):
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
