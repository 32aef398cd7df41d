"""What was measured of the layers: one row an epoch that was measured."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from service.store.records import DiagnosticsRecord
from service.store.tables import layer_diagnostics as table


def add_diagnostics(connection: Connection, job: int, records: Sequence[DiagnosticsRecord]) -> None:
    if records:
        rows = [{"job": job, "epoch": record.epoch, "layers": record.layers} for record in records]
        connection.execute(insert(table), rows)


def list_diagnostics(
    connection: Connection, job: int, after: int | None, limit: int
) -> tuple[list[DiagnosticsRecord], bool]:
    """Oldest first, past the epoch `after`; and whether more follow."""
    query = select(table.c.epoch, table.c.layers).where(table.c.job == job).order_by(table.c.epoch).limit(limit + 1)
    if after is not None:
        query = query.where(table.c.epoch > after)
    records = [DiagnosticsRecord(row.epoch, row.layers) for row in connection.execute(query)]
    return records[:limit], len(records) > limit


def sampled_diagnostics(connection: Connection, job: int, after: int, points: int) -> list[DiagnosticsRecord]:
    """At most `points` of those past the epoch `after`, evenly, the first and the last among them."""
    past = select(table.c.epoch).where(table.c.job == job, table.c.epoch > after)
    epochs = list(connection.execute(past.order_by(table.c.epoch)).scalars())
    if len(epochs) > points:
        epochs = [epochs[round(index * (len(epochs) - 1) / (points - 1))] for index in range(points)]
    query = select(table.c.epoch, table.c.layers).where(table.c.job == job, table.c.epoch.in_(epochs))
    return [DiagnosticsRecord(row.epoch, row.layers) for row in connection.execute(query.order_by(table.c.epoch))]
