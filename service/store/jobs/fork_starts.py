"""The starts of forks: parameters of an epoch of another job, and the optimizer's state where that was stored."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from service.store.epoch_records import StoredBytes
from service.store.tables import starts as table

PARAMETERS, OPTIMIZER = "parameters", "optimizer"


@dataclass(frozen=True)
class Start:
    """The parameters and optimizer state that a fork begins with; `optimizer` is None for a new state."""

    parameters: StoredBytes
    optimizer: StoredBytes | None

    def parts(self) -> list[StoredBytes]:
        """Return the parts that there are."""
        return [part for part in (self.parameters, self.optimizer) if part is not None]

    def addresses(self) -> list[str]:
        """Return the addresses of the copies that are blobs."""
        return [part.address for part in self.parts() if part.address is not None]


def add(connection: Connection, job: int, start: Start) -> None:
    parts = {PARAMETERS: start.parameters, OPTIMIZER: start.optimizer}
    rows = [
        {"job": job, "kind": kind, "sha256": part.sha256, "bytes": part.bytes, "address": part.address}
        for kind, part in parts.items()
        if part is not None
    ]
    connection.execute(insert(table), rows)


def load(connection: Connection, job: int) -> Start | None:
    """Return what a fork begins with; None for a job that is no fork."""
    rows = connection.execute(select(table).where(table.c.job == job))
    parts = {row.kind: StoredBytes(row.sha256, row.bytes, row.address) for row in rows}
    return Start(parts[PARAMETERS], parts.get(OPTIMIZER)) if parts else None
