"""Gives the space of deleted rows in SQLite's file, and of its log, back to the disk. PostgreSQL does so by itself."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import OutOfSpace
from service.store.database import Database, is_full, translated
from service.store.drivers import BUSY_TIMEOUT_SECONDS

SPARE_PAGES = 1024  # free pages that stay in the file for what is written next
PAGES_TOGETHER = 256  # given back in one transaction
COPIES = 3  # of the file, which its rewriting takes at most: a new one, its log, and the old one's
BRIEFLY_SECONDS = 0.2  # how long this waits for other transactions, as nobody waits for it


def free_pages(database: Database) -> int:
    """Return how many pages of the file could be given back; none of a file that an older release made."""
    if not database.is_sqlite:
        return 0
    with translated(), database.engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one() == 0:
            return 0
        found: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        return max(0, found - SPARE_PAGES)


def shrink(database: Database, seconds: float) -> None:
    """Write the log back into the file and empty it, and cut free pages off the file, for about that long.

    The log first: on a disk that is nearly full, pages may be in it for which the file has yet to grow, and cutting
    pages off writes more of it.
    """
    if not database.is_sqlite:
        return
    until = time.monotonic() + seconds
    left = free_pages(database)
    with _outside_transactions(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        while left > 0 and time.monotonic() < until:
            # as a script: the statement has a step a page but no column, and `execute` makes one step of such
            connection.executescript(f"PRAGMA incremental_vacuum({min(left, PAGES_TOGETHER)})")
            left -= PAGES_TOGETHER
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _outside_transactions(database: Database) -> Iterator[sqlite3.Connection]:
    """Yield a connection on which each statement is a transaction, and gives up when others are in its way."""
    with translated(), database.engine.connect() as pooled:
        connection = pooled.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.execute(f"PRAGMA busy_timeout={round(BRIEFLY_SECONDS * 1000)}").close()
        try:
            yield connection
        except sqlite3.OperationalError as error:
            if is_full(error):
                raise OutOfSpace("the disk of the database is full; its file was not shrunk") from error
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                raise
        finally:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS}000").close()


def make_shrinkable(database: Database) -> None:
    """Rewrite a file that an older release made, whose free pages could not be cut off, if there is space for it."""
    if not database.is_sqlite:
        return
    with _outside_transactions(database) as connection:
        (kind,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        path = Path(str(database.url.database))
        if kind == 0 and shutil.disk_usage(path.parent).free > COPIES * path.stat().st_size:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL").close()
            connection.execute("VACUUM").close()
