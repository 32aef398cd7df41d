"""Thinning: limits the bytes of a job's stored epochs by dropping some of them, with a spacing that grows.

With stored epochs numbered 0, 1, 2 and so on, number i is retained when it is a multiple of its stride. The stride is 1
for the first `dense` numbers, 2 for the next `dense`, 4 for the next 2 * `dense`, and so on, always doubling. Thinning
again with a smaller `dense` retains a subset of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, func, insert, select

from service.store.epochs import epochs, optimizer_states
from service.store.tables import parameters

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """Which epochs a job stores.

    Parameters
    ----------
    every
        Every how many epochs the job stores one.
    size
        Bytes of one stored epoch, including the optimizer's state where that is stored.
    room
        The largest number of epochs that the spacing may retain.
    spared
        Epochs that are never dropped.
    """

    every: int
    size: int
    room: int
    spared: Sequence[int]


@dataclass(frozen=True)
class Thinned:
    """How many bytes were freed, and the addresses of blobs that rows no longer point to."""

    freed: int
    addresses: tuple[str, ...]


def dense_part(newest: int, room: int) -> int:
    """Return the largest power of two for which at most `room` of epochs 0 to `newest` are retained, or 1."""
    dense = 1 << max(0, room.bit_length() - 1)
    while dense > 1 and _retained_of(newest, dense) > room:
        dense >>= 1
    return dense


def _retained_of(newest: int, dense: int) -> int:
    """Return how many of the epochs 0 to `newest` are retained."""
    count, begin, stride = min(newest + 1, dense), dense, 2
    while begin <= newest:
        count += -(-(min(newest + 1, 2 * begin) - begin) // stride)
        begin, stride = 2 * begin, 2 * stride
    return count


def is_retained(numbers: Numbers, dense: int) -> NDArray[np.bool_]:
    """Return which of the stored epochs, given by their numbers among the stored ones (k,), are retained."""
    return np.asarray(numbers % _strides(numbers, dense) == 0)


def _strides(numbers: Numbers, dense: int) -> Numbers:
    doublings = np.frexp((numbers // dense).astype(np.float64))[1]  # the bit length of the quotient
    return np.left_shift(np.int64(1), doublings.astype(np.int64))


def stored_bytes(connection: Connection, job: int, size: int) -> int:
    """Return how many bytes a job's stored epochs take, of `size` bytes each."""
    held = (parameters.c.last_epoch - parameters.c.first_epoch) // parameters.c.stride + 1
    return size * int(connection.execute(select(func.sum(held)).where(parameters.c.job == job)).scalar() or 0)


def thin(connection: Connection, job: int, excess: int, newest: int, wanted: Wanted) -> Thinned:
    """Drop stored epochs, oldest first, until `excess` bytes are freed or the spacing up to `newest` is reached."""
    every = wanted.every
    dense = dense_part(newest // every, wanted.room)
    shape = [column for column in parameters.c if column.name != "bytes"]
    blocks = connection.execute(select(*shape).where(parameters.c.job == job).order_by(parameters.c.first_epoch))
    freed, addresses, dropped = 0, [], []
    for block in blocks.all():
        if freed >= excess:
            break
        held = np.arange(block.first_epoch, block.last_epoch + 1, block.stride, dtype=np.int64)
        regular = is_retained(held // every, dense) & (held % every == 0)
        retained = regular | np.isin(held, wanted.spared)
        if retained.all():
            continue
        _rewrite(connection, block, held, retained, np.where(regular, _strides(held // every, dense) * every, -held))
        freed += int((~retained).sum()) * wanted.size
        dropped.append(held[~retained])
        if block.address is not None:
            addresses.append(block.address)
    if dropped:
        numbers = np.concatenate(dropped)
        epochs.unmark_stored(connection, job, numbers)
        addresses += optimizer_states.forget(connection, job, numbers.tolist())
    return Thinned(freed, tuple(addresses))


def _rewrite(
    connection: Connection, block: Row[tuple[object, ...]], held: Numbers, retained: NDArray[np.bool_], kinds: Numbers
) -> None:
    """Replace a block by blocks of its retained epochs, one for each run of epochs with the same value of `kinds`.

    `kinds` holds the stride of an epoch that is retained by the spacing; it is negative and unique for other epochs.
    """
    where = (parameters.c.job == block.job, parameters.c.first_epoch == block.first_epoch)
    data = connection.execute(select(parameters.c.bytes).where(*where)).scalar() if retained.any() else None
    connection.execute(delete(parameters).where(*where))
    if data is None:
        return
    places = np.flatnonzero(retained)
    rows = []
    for run in np.split(places, np.flatnonzero(np.diff(kinds[places])) + 1):
        numbers = held[run]
        rows.append(
            {
                "job": block.job,
                "first_epoch": int(numbers[0]),
                "last_epoch": int(numbers[-1]),
                "stride": int(numbers[1] - numbers[0]) if len(numbers) > 1 else block.stride,
                "size": block.size,
                "bytes": b"".join(data[at * block.size : (at + 1) * block.size] for at in run.tolist()),
            }
        )
    connection.execute(insert(parameters), rows)
