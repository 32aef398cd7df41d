"""The optimizer's states after stored epochs, for jobs that store them."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from service.store.epoch_records import StoredBytes
from service.store.tables import optimizer_states as table

TOGETHER = 1000  # epochs in one statement


def add(connection: Connection, job: int, states: Sequence[tuple[int, StoredBytes]]) -> None:
    """Insert pairs of an epoch and the optimizer's state after it."""
    if states:
        connection.execute(insert(table), [{"job": job, "epoch": epoch, **asdict(state)} for epoch, state in states])


def load(connection: Connection, job: int, epoch: int) -> StoredBytes | None:
    """Return the state after an epoch, or None where it is not stored."""
    row = connection.execute(select(table).where(table.c.job == job, table.c.epoch == epoch)).one_or_none()
    return None if row is None else StoredBytes(row.sha256, row.bytes, row.address)


def forget(connection: Connection, job: int, epochs: Sequence[int]) -> list[str]:
    """Delete the states of some epochs and return the addresses of their blobs."""
    addresses: list[str] = []
    for start in range(0, len(epochs), TOGETHER):
        where = (table.c.job == job, table.c.epoch.in_(epochs[start : start + TOGETHER]))
        addresses += connection.execute(select(table.c.address).where(*where, table.c.address.is_not(None))).scalars()
        connection.execute(delete(table).where(*where))
    return addresses
