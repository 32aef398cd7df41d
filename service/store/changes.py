"""Whether something that a process holds in memory has changed in the database: each kind of thing has a counter.

`announce` raises the counter in the transaction of the change. `Changes` knows the counters' values: on SQLite it asks
at each look whether another connection has committed, which reads a few bytes of shared memory; on PostgreSQL a thread
listens for notifications, and asks twice a second anyway, so that a lost one delays a change by less than a second.
"""

import logging
import select
import sqlite3
import threading
import time
from typing import Any, NamedTuple, cast

import psycopg
from sqlalchemy import Connection, func, update
from sqlalchemy import select as select_rows

from service.errors import Unavailable
from service.store.database import Database, before_commit
from service.store.drivers import BoundedConnection
from service.store.tables import counters

ACCESS = "access"  # keys, tenants and their limits
MODELS = "models"  # models, versions, aliases and grants: all that says what a name means
CHANNEL = "backprop_changes"
ASK_SECONDS = 0.5
BUSY_SECONDS = 1.0  # a look waits that long for a SQLite file that is locked, and the next one comes as much later
ANSWER_SECONDS = 2.0  # the thread gives a connection up that is not answered for so long

log = logging.getLogger(__name__)


class Seen(NamedTuple):  # which is made several times faster than a dataclass, at each request
    """The value of a counter, and the moment, of `time.monotonic`, at which the database last said that it is so."""

    value: int
    at: float


class _Raise:
    """Raises counters just before the commit: their rows are shared by all that change such things."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, connection: Connection) -> None:
        raised = update(counters).where(counters.c.name == self.name).values(value=counters.c.value + 1)
        connection.execute(raised)
        if connection.dialect.name == "postgresql":
            connection.execute(select_rows(func.pg_notify(CHANNEL, self.name)))


def announce(connection: Connection, name: str) -> None:
    """Let all processes see, when this transaction commits, that things of this kind have changed."""
    acts = before_commit(connection)
    if not any(isinstance(act, _Raise) and act.name == name for act in acts):
        acts.append(_Raise(name))


def value(connection: Connection, name: str) -> int:
    """Return the value of a counter as this transaction sees it."""
    found: int = connection.execute(select_rows(counters.c.value).where(counters.c.name == name)).scalar_one()
    return found


class Changes:
    """The counters of one database as this process last saw them; it connects at the first look."""

    def __init__(self, database: Database) -> None:
        self._watch = _FileWatch(database) if database.is_sqlite else _ServerWatch(database)
        self._once = threading.local()  # `answer`: what this thread uses for all looks, None before the first
        database.at_disposal(self._watch.stop)

    def look(self, name: str) -> Seen:
        """Return a counter's value, and when it was known to be so.

        Raises
        ------
        Unavailable
            When the database has not answered since this process began to look.
        """
        try:
            answer = self._once.answer
        except AttributeError:
            return self._watch.look(name)
        if answer is None:
            self._watch.look(name)
            answer = self._once.answer = self._watch.answer
        return cast(_Answer, answer).seen(name)

    def begin(self) -> None:
        """Let all looks of this thread use the answer to the next one, until `end`: in a request that never waits.

        It sees what was committed before it began, which is all that a request can ask for.
        """
        self._once.answer = None

    def end(self) -> None:
        """Let each look of this thread ask again."""
        del self._once.answer

    def last(self, name: str) -> Seen:
        """Return what the last look of this process saw, without asking; look if there was none."""
        return self._watch.last(name)

    def look_again(self) -> None:
        """Ask the database at the next look, by whichever thread: something has just been changed."""
        if hasattr(self._once, "answer"):
            self._once.answer = None
        self._watch.look_again()


class _Answer(NamedTuple):
    """What the database has answered: the counters by name, and the moment at which it was asked."""

    values: dict[str, int]
    at: float

    def seen(self, name: str) -> Seen:
        if name not in self.values:
            raise Unavailable("the database lacks tables of this release: run `backprop migrate`")
        return Seen(self.values[name], self.at)


class _FileWatch:
    """Looks at a SQLite file through a connection of its own, whose `data_version` others' commits change."""

    def __init__(self, database: Database) -> None:
        self._path = str(database.url.database)
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor
        self._version: int | None = None
        self.answer: _Answer | None = None
        self._failed_at: float | None = None

    def look(self, name: str) -> Seen:
        with self._turn:
            if self._failed_at is None or time.monotonic() - self._failed_at >= BUSY_SECONDS:
                self._refresh()
            if self.answer is None:
                raise Unavailable("the database does not answer")
            return self.answer.seen(name)

    def last(self, name: str) -> Seen:
        return self.look(name) if self.answer is None else self.answer.seen(name)

    def look_again(self) -> None:
        """Do nothing: every commit is another connection's, so each look sees it."""

    def _refresh(self) -> None:
        """Ask whether there was a commit, and then for the counters; keep the last answer while that fails."""
        at = time.monotonic()
        try:
            values = self._ask()
        except sqlite3.Error as error:
            if self._failed_at is None:
                log.warning("cannot see whether the database has changed, trying on: %s", error)
            self._failed_at = time.monotonic()
            return
        if self._failed_at is not None:
            log.info("the database answers again, and changes are seen")
        self._failed_at, self.answer = None, _Answer(values, at)

    def _ask(self) -> dict[str, int]:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )
            self._cursor = self._connection.cursor()
        (version,) = self._cursor.execute("PRAGMA data_version").fetchone()
        if version == self._version and self.answer is not None:
            return self.answer.values
        values = dict(self._connection.execute("SELECT name, value FROM counters").fetchall())
        self._version = version
        return values

    def stop(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._version = None, None


class _ServerWatch:
    """Listens to PostgreSQL in a thread, which begins with the first look.

    `look_again` counts what is to be asked for; a look whose count was not yet asked for asks within the request.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self.answer: _Answer | None = None
        self._wanted, self._asked = 1, 0
        self._is_notified = False

    def look(self, name: str) -> Seen:
        if self._asked < self._wanted:
            self._ask_now()
        assert self.answer is not None
        return self.answer.seen(name)

    def last(self, name: str) -> Seen:
        return self.look(name)  # which asks nothing either

    def look_again(self) -> None:
        with self._lock:
            self._wanted += 1

    def _ask_now(self) -> None:
        """Ask within the request: at the first look, and after something has just been changed."""
        with self._turn:
            wanted = self._wanted  # what is wanted from now on is asked for by the next look
            if self._asked >= wanted:
                return
            at = time.monotonic()
            try:
                with self._database.read() as connection:
                    rows = connection.execute(select_rows(counters.c.name, counters.c.value)).all()
            except Unavailable as error:
                if self.answer is None:
                    raise
                log.warning("cannot see whether the database has changed, the thread tries on: %s", error.detail)
            else:
                self._take(_Answer({name: value for name, value in rows}, at))
            self._asked = wanted
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
                self._thread.start()

    def _take(self, answer: _Answer) -> None:
        """Take an answer, unless one to a later question has come already."""
        with self._lock:
            if self.answer is None or answer.at >= self.answer.at:
                self.answer = answer

    def _run(self) -> None:
        failed = False
        while not self._stopped.is_set():
            try:
                with self._listening() as connection:
                    if failed:
                        log.info("the database answers again, and changes are seen")
                    failed = False
                    self._follow(connection)
            except psycopg.Error as error:
                if not failed:
                    log.warning("cannot see whether the database has changed, trying on: %s", error)
                failed = True
                self._stopped.wait(ASK_SECONDS)

    def _listening(self) -> BoundedConnection:
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = BoundedConnection.connect(url, autocommit=True, connect_timeout=int(ANSWER_SECONDS))
        connection.answer_seconds = ANSWER_SECONDS
        connection.add_notify_handler(self._notice)
        connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def _notice(self, _: psycopg.Notify) -> None:
        self._is_notified = True

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        """Ask for the counters whenever a notification arrives, and after a while without one."""
        while not self._stopped.is_set():
            self._is_notified = False
            at = time.monotonic()
            self._take(_Answer(dict(connection.execute("SELECT name, value FROM counters").fetchall()), at))
            if not self._is_notified:  # one that came with the answer may be of a commit that this does not have
                select.select([connection.fileno()], [], [], ASK_SECONDS)

    def stop(self) -> None:
        self._stopped.set()
