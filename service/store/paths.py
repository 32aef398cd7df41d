"""The way some parameters took: a few numbers out of what each of many epochs stored, without reading the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from service.store.epochs import get_epoch
from service.store.tables import parameters


@dataclass(frozen=True)
class Waypoint:
    """An epoch with its training loss, and the bytes of each number asked for; or the blob that holds them."""

    epoch: int
    training_loss: float
    pieces: tuple[bytes, ...] | None
    address: str | None


def waypoints(connection: Connection, job: int, offsets: Sequence[tuple[int, int]], most: int) -> list[Waypoint]:
    """At most `most` stored epochs, evenly, first and last among them; `offsets` are (first byte, length) by number."""
    stored = stored_epochs(connection, job)
    if len(stored) > most:
        stored = [stored[round(step * (len(stored) - 1) / (most - 1))] for step in range(most)]
    found = (_waypoint(connection, job, epoch, offsets) for epoch in stored)
    return [waypoint for waypoint in found if waypoint is not None]


def stored_epochs(connection: Connection, job: int) -> list[int]:
    """The epochs whose parameters are kept, ascending."""
    blocks = select(parameters.c.first_epoch, parameters.c.last_epoch, parameters.c.stride).where(
        parameters.c.job == job
    )
    rows = connection.execute(blocks.order_by(parameters.c.first_epoch))
    return [epoch for row in rows for epoch in range(row.first_epoch, row.last_epoch + 1, row.stride)]


def _waypoint(connection: Connection, job: int, epoch: int, offsets: Sequence[tuple[int, int]]) -> Waypoint | None:
    """None for an epoch whose parameters went meanwhile, as a best one's do once it is bettered."""
    block = connection.execute(
        select(
            parameters.c.first_epoch,
            parameters.c.last_epoch,
            parameters.c.stride,
            parameters.c.size,
            parameters.c.address,
        )
        .where(parameters.c.job == job, parameters.c.first_epoch <= epoch)
        .order_by(parameters.c.first_epoch.desc())
        .limit(1)
    ).one_or_none()
    record = get_epoch(connection, job, epoch)
    if record is None or block is None or epoch > block.last_epoch or (epoch - block.first_epoch) % block.stride:
        return None
    if block.address is not None:
        return Waypoint(epoch, record.training_loss, None, block.address)
    at = (epoch - block.first_epoch) // block.stride * block.size
    pieces = [func.substr(parameters.c.bytes, at + first + 1, length) for first, length in offsets]
    query = select(*pieces).where(parameters.c.job == job, parameters.c.first_epoch == block.first_epoch)
    row = connection.execute(query).one_or_none()
    return None if row is None else Waypoint(epoch, record.training_loss, tuple(bytes(piece) for piece in row), None)
