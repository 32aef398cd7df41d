"""Diagnostics of the layers: one row for each epoch at which they were measured."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, insert, select

from service.store.epoch_records import DiagnosticsRecord
from service.store.tables import layer_diagnostics as table


def add_diagnostics(connection: Connection, job: int, records: Sequence[DiagnosticsRecord]) -> None:
    if records:
        rows = [{"job": job, "epoch": record.epoch, "layers": record.layers} for record in records]
        connection.execute(insert(table), rows)


def list_diagnostics(
    connection: Connection, job: int, after: int, until: int, limit: int
) -> tuple[list[DiagnosticsRecord], bool]:
    """Return the first `limit` records of epochs in (`after`, `until`], and whether more of them follow."""
    query = select(table.c.epoch, table.c.layers).where(*_between(job, after, until))
    rows = connection.execute(query.order_by(table.c.epoch).limit(limit + 1))
    records = [DiagnosticsRecord(row.epoch, row.layers) for row in rows]
    return records[:limit], len(records) > limit


def sampled_diagnostics(
    connection: Connection, job: int, after: int, until: int, points: int
) -> list[DiagnosticsRecord]:
    """Return at most `points` evenly spaced records of epochs in (`after`, `until`], including the first and last."""
    numbers = select(table.c.epoch).where(*_between(job, after, until))
    epochs = list(connection.execute(numbers.order_by(table.c.epoch)).scalars())
    if len(epochs) > points:
        epochs = [epochs[round(index * (len(epochs) - 1) / (points - 1))] for index in range(points)]
    query = select(table.c.epoch, table.c.layers).where(table.c.job == job, table.c.epoch.in_(epochs))
    return [DiagnosticsRecord(row.epoch, row.layers) for row in connection.execute(query.order_by(table.c.epoch))]


def _between(job: int, after: int, until: int) -> tuple[ColumnElement[bool], ...]:
    return table.c.job == job, table.c.epoch > after, table.c.epoch <= until
