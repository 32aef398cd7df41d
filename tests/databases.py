"""Databases of PostgreSQL with this release's schema and no rows, of which one that a test has used is emptied.

To copy a database and to drop it takes several times as long. One whose schema a test has changed is dropped.
"""

from contextlib import suppress

import psycopg
from psycopg import sql

from service.store.tables import metadata
from tests.servers import Postgres

TABLES = [table.name for table in reversed(metadata.sorted_tables)]  # those that refer to others first
# columns, constraints, triggers and functions
SCHEMA = """
SELECT md5(string_agg(a.attrelid::regclass || a.attname || a.atttypid || a.attnotnull, ',' ORDER BY attrelid, attnum))
    || (SELECT count(*) FROM pg_constraint) || ' ' || (SELECT count(*) FROM pg_trigger)
    || ' ' || (SELECT count(*) FROM pg_proc) || ' ' || (SELECT count(*) FROM pg_db_role_setting)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace
"""
SEQUENCES = "SELECT sequencename, start_value, last_value FROM pg_sequences"
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"


class Copies:
    """Copies of a migrated database, to be taken and given back by tests of one session."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        with _connected(template) as connection:
            self._schema = _schema_of(connection)
            self._sequences = dict(_sequences_of(connection))
            self._first = {table: _copied(connection, table) for table in _with_rows(connection)}

    def take(self) -> str:
        """Return the URL of a database that has what the migrations leave."""
        return self._free.pop() if self._free else self._server.create_database(self._template)

    def give_back(self, url: str) -> None:
        """Empty a database, or drop it where a test has changed its schema or the server does not let it be emptied."""
        with suppress(psycopg.Error), _connected(url) as connection:
            if _schema_of(connection) == self._schema:
                connection.execute(OTHERS, [connection.info.backend_pid])
                self._empty(connection)
                self._free.append(url)
                return
        self._server.drop_database(url)

    def _empty(self, connection: psycopg.Connection) -> None:
        full = set(_with_rows(connection)) - self._first.keys()
        full |= {table for table, rows in self._first.items() if _copied(connection, table) != rows}
        with connection.transaction():
            for table in filter(full.__contains__, TABLES):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table in full & self._first.keys():
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                with connection.cursor().copy(into) as copy:
                    copy.write(self._first[table])
            for name, state in _sequences_of(connection):
                if state != self._sequences[name]:
                    start, last = self._sequences[name]
                    connection.execute("SELECT setval(%s, %s, %s)", [name, last or start, last is not None])


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _schema_of(connection: psycopg.Connection) -> str:
    row = connection.execute(SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def _sequences_of(connection: psycopg.Connection) -> list[tuple[str, tuple[int, int | None]]]:
    return [(name, (start, last)) for name, start, last in connection.execute(SEQUENCES)]


def _with_rows(connection: psycopg.Connection) -> list[str]:
    some = (
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(table), sql.Identifier(table))
        for table in TABLES
    )
    return [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(some))]


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(out) as copy:
        return b"".join(map(bytes, copy))
