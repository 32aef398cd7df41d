"""Which byte strings in the blobs rows point to, and the lock between those who point and those who free.

A transaction that comes to point to an address is `pointing`; whoever removes what nothing points to does it within
`referenced`. Neither can then miss the other, however long the first takes to commit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, func, select, union

from service.store.database import Database
from service.store.tables import datasets, model_versions, optimizer_states, parameters, resume_states, starts

LOCK = 0x626C6F62  # "blob", among PostgreSQL's advisory locks; SQLite has one writer at a time anyway
OF_JOBS = (parameters, resume_states, optimizer_states, starts)
POINTING = (datasets, *OF_JOBS, model_versions)


def pointing(connection: Connection) -> None:
    """Until this transaction ends, nothing in the blobs is freed: what is there now can be pointed to."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))


@contextmanager
def referenced(database: Database, addresses: Sequence[str]) -> Iterator[set[str]]:
    """Those of `addresses` that rows point to; while the block lasts no transaction comes to point to the others."""
    with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        # one statement, so one look: an address may pass from a job's row to a version's
        found = union(*(select(table.c.address).where(table.c.address.in_(addresses)) for table in POINTING))
        yield set(connection.execute(found).scalars())
