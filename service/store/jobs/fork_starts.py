"""The starts of forks: parameters of an epoch of another job, and the optimizer's state where that was stored."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from service.store.records import StoredBytes
from service.store.tables import starts as table

PARAMETERS, OPTIMIZER = "parameters", "optimizer"


@dataclass(frozen=True)
class Start:
    """A fork's own copies; `optimizer` is None where it starts fresh."""

    parameters: StoredBytes
    optimizer: StoredBytes | None

    def addresses(self) -> list[str]:
        """Return the addresses of those that are in the blobs."""
        both = (self.parameters, self.optimizer)
        return [each.address for each in both if each is not None and each.address is not None]


def add(connection: Connection, job: int, start: Start) -> None:
    parts = {PARAMETERS: start.parameters, OPTIMIZER: start.optimizer}
    rows = [
        {"job": job, "kind": kind, "sha256": part.sha256, "bytes": part.bytes, "address": part.address}
        for kind, part in parts.items()
        if part is not None
    ]
    connection.execute(insert(table), rows)


def load(connection: Connection, job: int) -> Start | None:
    """Return what a fork begins with; None for a job that begins with parameters of its own."""
    rows = connection.execute(select(table).where(table.c.job == job))
    parts = {row.kind: StoredBytes(row.sha256, row.bytes, row.address) for row in rows}
    return Start(parts[PARAMETERS], parts.get(OPTIMIZER)) if parts else None
