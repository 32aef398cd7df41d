"""The values of a few parameters at many stored epochs, read without the other parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, literal_column, select

from service.store.epochs.epochs import losses_of
from service.store.tables import parameters

Offsets = Sequence[tuple[int, int]]  # first byte and length of each number, within an epoch's parameters


@dataclass(frozen=True)
class Waypoint:
    """An epoch, its training loss, and the bytes of each requested number.

    `pieces` is None when the parameters are in the blob at `address`.
    """

    epoch: int
    training_loss: float
    pieces: tuple[bytes, ...] | None
    address: str | None


def stored_epochs(connection: Connection, job: int) -> list[int]:
    """Return the epochs whose parameters are stored, ascending."""
    return sorted(epoch for block in _blocks(connection, job) for epoch in _epochs_of(block))


def waypoints(connection: Connection, job: int, offsets: Offsets, most: int) -> list[Waypoint]:
    """Return at most `most` evenly spaced stored epochs, including the first and the last."""
    blocks = _blocks(connection, job)
    stored = sorted(epoch for block in blocks for epoch in _epochs_of(block))
    if len(stored) > most:
        stored = [stored[round(step * (len(stored) - 1) / (most - 1))] for step in range(most)]
    losses = losses_of(connection, job, stored)
    wanted, found = losses.keys(), []
    for block in blocks:
        epochs = [epoch for epoch in _epochs_of(block) if epoch in wanted]
        pieces = _pieces(connection, block, epochs, offsets) if epochs else []
        found += [Waypoint(epoch, losses[epoch], numbers, block.address) for epoch, numbers in pieces]
    return sorted(found, key=lambda waypoint: waypoint.epoch)


def _blocks(connection: Connection, job: int) -> list[Row[Any]]:
    """Return the blocks of a job's stored parameters without their bytes."""
    columns = [column for column in parameters.c if column.name != "bytes"]
    return list(connection.execute(select(*columns).where(parameters.c.job == job).order_by(parameters.c.first_epoch)))


def _epochs_of(block: Row[Any]) -> range:
    return range(block.first_epoch, block.last_epoch + 1, block.stride)


def _pieces(
    connection: Connection, block: Row[Any], epochs: Sequence[int], offsets: Offsets
) -> list[tuple[int, tuple[bytes, ...] | None]]:
    """Return pairs of an epoch and its numbers, read from one block; None in place of numbers that are in a blob."""
    if block.address is not None:
        return [(epoch, None) for epoch in epochs]
    begins = [(epoch, (epoch - block.first_epoch) // block.stride * block.size) for epoch in epochs]
    where = (parameters.c.job == block.job, parameters.c.first_epoch == block.first_epoch)
    if connection.dialect.name != "sqlite":
        found: list[tuple[int, tuple[bytes, ...] | None]] = []
        for epoch, begin in begins:
            numbers = (func.substr(parameters.c.bytes, begin + first + 1, length) for first, length in offsets)
            row = connection.execute(select(*numbers).where(*where)).one_or_none()
            found += [] if row is None else [(epoch, tuple(map(bytes, row)))]
        return found
    row_number: Any = literal_column("rowid")
    number = connection.execute(select(row_number).select_from(parameters).where(*where)).scalar_one()
    # SQLite's substr reads the whole value for each piece, and a block is up to 8 MiB
    driver: Any = connection.connection.driver_connection
    with driver.blobopen(parameters.name, "bytes", number, readonly=True) as stream:
        return [(epoch, tuple(_read(stream, begin + at, size) for at, size in offsets)) for epoch, begin in begins]


def _read(stream: Any, at: int, size: int) -> bytes:
    stream.seek(at)
    return bytes(stream.read(size))
