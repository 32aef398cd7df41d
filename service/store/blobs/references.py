"""Which blobs rows point to, and the lock between transactions that add references and code that removes blobs.

A transaction that writes the address of a blob into a row calls `pointing` first; code that removes blobs does so
within `referenced`. The lock makes each wait for the other, however long a transaction takes to commit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, func, select, union

from service.store.database import Database
from service.store.tables import (
    dataset_versions,
    model_versions,
    optimizer_states,
    parameters,
    prediction_parts,
    resume_states,
    starts,
)
from service.store.tenancy import everyone

LOCK = 0x626C6F62  # "blob", among PostgreSQL's advisory locks; SQLite has one writer at a time anyway
OF_JOBS = (parameters, resume_states, optimizer_states, starts)
POINTING = (dataset_versions, *OF_JOBS, model_versions, prediction_parts)


def pointing(connection: Connection) -> None:
    """Prevent the removal of blobs until this transaction ends, so that it can point to those that exist now."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(LOCK)))


@contextmanager
def referenced(database: Database, addresses: Sequence[str]) -> Iterator[set[str]]:
    """Yield which of `addresses` rows point to; no transaction can point to the others until the block ends."""
    with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        # one statement sees one state of all tables: an address may move from a job's row to a version's
        found = union(*(select(table.c.address).where(table.c.address.in_(addresses)) for table in POINTING))
        with everyone(connection):
            in_use = set(connection.execute(found).scalars())
        yield in_use
