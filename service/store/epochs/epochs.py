"""The stored epochs of jobs: losses and metrics, parameters, and the state that training resumes from.

The table `epochs` holds runs of consecutive epochs (`service.store.epochs.runs`), which do not overlap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    select,
)

from service.errors import NotFound
from service.store.database import Database
from service.store.epoch_records import EpochRecord, ParameterBlock, StoredBlock, StoredBytes, StoredParameters
from service.store.epochs import runs
from service.store.epochs.runs import RunRecord
from service.store.tables import epochs, parameters, resume_states

COLUMNS = tuple(column for column in epochs.c if column.name != "job")
FLAGS = (epochs.c.first_epoch, epochs.c.last_epoch, epochs.c.parameters_stored)
HASHES = (epochs.c.first_epoch, epochs.c.last_epoch, epochs.c.sha256)
LOSSES = (epochs.c.first_epoch, epochs.c.last_epoch, epochs.c.training_loss)
BLOCK = tuple(column for column in parameters.c if column.name not in ("job", "bytes"))
TOGETHER = 5000  # epochs that are read at a time

Columns = Sequence[ColumnElement[Any]]
EpochRow = Row[*tuple[Any, ...]]


def add_epochs(connection: Connection, job: int, records: Sequence[RunRecord]) -> None:
    """Insert runs of epochs; those that follow each other share a row."""
    if rows := [runs.packed(job, run) for run in runs.joined(records)]:
        connection.execute(insert(epochs), rows)


def add_parameters(connection: Connection, job: int, blocks: Sequence[tuple[ParameterBlock, str | None]]) -> None:
    """Insert blocks of parameters, each with the address of its blob or None. A block in a blob is of one epoch."""
    rows = [
        {"job": job, **asdict(block), "bytes": block.bytes if address is None else None, "address": address}
        for block, address in blocks
    ]
    if rows:
        connection.execute(insert(parameters), rows)


def forget_parameters(connection: Connection, job: int, epoch: int) -> str | None:
    """Delete the block of this single epoch; return the address of its blob, or None if it has none."""
    where = (parameters.c.job == job, parameters.c.first_epoch == epoch, parameters.c.last_epoch == epoch)
    address = connection.execute(select(parameters.c.address).where(*where)).scalar()
    connection.execute(delete(parameters).where(*where))
    _mark(connection, job, np.array([epoch]), False)
    return address


def mark_stored(connection: Connection, job: int, epoch: int) -> None:
    """Record that an epoch's parameters are stored."""
    _mark(connection, job, np.array([epoch]), True)


def unmark_stored(connection: Connection, job: int, numbers: NDArray[np.int64]) -> None:
    """Record that the parameters of the epochs `numbers` (k,) are no longer stored."""
    _mark(connection, job, np.sort(numbers), False)


def _mark(connection: Connection, job: int, numbers: NDArray[np.int64], stored: bool) -> None:
    changed = []
    for row in rows_from(connection, job, int(numbers[0]), FLAGS, until=int(numbers[-1])):
        mine = numbers[np.searchsorted(numbers, row.first_epoch) : np.searchsorted(numbers, row.last_epoch + 1)]
        if not len(mine):
            continue
        flags = runs.unpacked_flags(row.parameters_stored)
        flags[mine - row.first_epoch] = stored
        changed.append({"first": row.first_epoch, "flags": runs.packed_flags(flags)})
    if changed:
        where = (epochs.c.job == job, epochs.c.first_epoch == bindparam("first"))
        connection.execute(epochs.update().where(*where).values(parameters_stored=bindparam("flags")), changed)


def save_resume_state(connection: Connection, job: int, epoch: int, state: StoredBytes) -> str | None:
    """Replace the state to resume from; return the address of the previous state's blob, or None if it has none."""
    before = drop_resume_state(connection, job)
    connection.execute(insert(resume_states).values(job=job, epoch=epoch, **asdict(state)))
    return before


def load_resume_state(connection: Connection, job: int) -> StoredBytes | None:
    """Return the state to resume from, or None when none is stored."""
    row = connection.execute(select(resume_states).where(resume_states.c.job == job)).one_or_none()
    return None if row is None else StoredBytes(row.sha256, row.bytes, row.address)


def drop_resume_state(connection: Connection, job: int) -> str | None:
    """Delete the state to resume from; return the address of its blob, or None if it has none."""
    where = resume_states.c.job == job
    address = connection.execute(select(resume_states.c.address).where(where)).scalar()
    connection.execute(delete(resume_states).where(where))
    return address


def list_epochs(
    connection: Connection, job: int, after: int | None, limit: int, until: int | None = None
) -> tuple[list[EpochRecord], bool]:
    """Return the first `limit` epochs in (`after`, `until`], and whether more of them follow."""
    records: list[EpochRecord] = []
    first = 0 if after is None else after + 1
    for row in rows_from(connection, job, first, COLUMNS, until, together=limit + 1):
        begin = max(first, row.first_epoch)
        end = min(row.last_epoch, begin + limit - len(records))
        records += runs.records_in(row, begin, end if until is None else min(end, until))
        if len(records) > limit:
            break
    return records[:limit], len(records) > limit


def stream_epochs(
    database: Database, job: int, after: int | None = None, until: int | None = None
) -> Iterator[EpochRecord]:
    """Yield the epochs in (`after`, `until`].

    A few thousand are read in each transaction, so that none stays open while a slow client reads.
    """
    while True:
        with database.read() as connection:
            records, more = list_epochs(connection, job, after, TOGETHER, until)
        yield from records
        if not more:
            return
        after = records[-1].epoch


def get_epoch(connection: Connection, job: int, epoch: int) -> EpochRecord | None:
    """Return one epoch, or None when it is not stored."""
    row = _row_of(connection, job, epoch, COLUMNS)
    return None if row is None else runs.records_in(row, epoch, epoch)[0]


def losses_of(connection: Connection, job: int, wanted: Sequence[int]) -> dict[int, float]:
    """Return the training losses of the `wanted` epochs that are stored, by epoch.

    `wanted` is ascending and has a few hundred epochs at most, as they become the parameters of one statement.
    """
    single = select(*LOSSES).where(epochs.c.job == job, epochs.c.first_epoch.in_(wanted))
    losses = {row.first_epoch: float(runs.unpacked_series(row.training_loss)[0]) for row in connection.execute(single)}
    row: EpochRow | None = None
    for epoch in wanted:
        if epoch in losses:
            continue
        if row is None or epoch > row.last_epoch:
            row = _row_of(connection, job, epoch, LOSSES)
        if row is not None:
            losses[epoch] = float(runs.unpacked_series(row.training_loss)[epoch - row.first_epoch])
    return losses


def last_epoch(connection: Connection, job: int) -> int | None:
    """Return the number of the newest stored epoch, or None when there is none."""
    query = select(epochs.c.last_epoch).where(epochs.c.job == job).order_by(epochs.c.first_epoch.desc()).limit(1)
    return connection.execute(query).scalar()


def rows_from(
    connection: Connection, job: int, first: int, columns: Columns, until: int | None = None, together: int = TOGETHER
) -> Iterator[EpochRow]:
    """Yield the rows that hold any epoch from `first` to `until` (included; None means the last), in order.

    Each query reads the rows of about `together` epochs, which bounds the memory whether runs are short or long.
    `columns` must include `first_epoch` and `last_epoch`.
    """
    query = select(*columns).where(epochs.c.job == job).order_by(epochs.c.first_epoch)
    holds_first = select(func.max(epochs.c.first_epoch)).where(epochs.c.job == job, epochs.c.first_epoch <= first)
    begins = [epochs.c.first_epoch >= func.coalesce(holds_first.scalar_subquery(), 0), epochs.c.last_epoch >= first]
    begin: int | None = first
    while begin is not None and (until is None or begin <= until):
        end = begin + together if until is None else min(begin + together, until + 1)
        yield from connection.execute(query.where(*begins, epochs.c.first_epoch < end)).all()
        begins = [epochs.c.first_epoch >= end]
        following = select(func.min(epochs.c.first_epoch)).where(epochs.c.job == job, *begins)
        begin = connection.execute(following).scalar()


def _row_of(connection: Connection, job: int, epoch: int, columns: Columns) -> EpochRow | None:
    """Return the row that holds an epoch, or None when it is not stored."""
    query = select(*columns).where(epochs.c.job == job, epochs.c.first_epoch <= epoch)
    row = connection.execute(query.order_by(epochs.c.first_epoch.desc()).limit(1)).one_or_none()
    return None if row is None or row.last_epoch < epoch else row


def _block_at(*columns: ColumnElement[Any]) -> Select[Any]:
    """Return a SELECT of the last block that begins at `epoch` or before; it need not contain that epoch."""
    query = select(*columns).where(parameters.c.job == bindparam("job"), parameters.c.first_epoch <= EPOCH)
    return query.order_by(parameters.c.first_epoch.desc()).limit(1)


def _part() -> ColumnElement[Any]:
    """Return an expression for the bytes of `epoch` within its block; null when the block is in a blob."""
    at = (EPOCH - parameters.c.first_epoch) // parameters.c.stride * parameters.c.size
    in_row = parameters.c.address.is_(None)
    first, size = (cast(case((in_row, number), else_=0), Integer) for number in (at + 1, parameters.c.size))
    return func.substr(parameters.c.bytes, first, size).label("part")


# built once: building them takes longer than executing them, and every prediction of an epoch does
EPOCH = bindparam("epoch", type_=Integer)
BLOCK_AT = _block_at(*BLOCK)
PARAMETERS_AT = _block_at(*BLOCK, _part())


def has_parameters(connection: Connection, job: int, epoch: int) -> bool:
    """Return whether the parameters after `epoch` are stored, without reading them."""
    return _is_in(connection.execute(BLOCK_AT, {"job": job, "epoch": epoch}).one_or_none(), epoch)


def load_parameters(connection: Connection, job: int, epoch: int) -> StoredParameters:
    """Return the parameters after `epoch`, read out of their block by one statement.

    Raises
    ------
    NotFound
        When they are not stored; its `nearest` is the closest epoch whose parameters are.
    """
    row = connection.execute(PARAMETERS_AT, {"job": job, "epoch": epoch}).one_or_none()
    recorded = _row_of(connection, job, epoch, HASHES)
    if recorded is None or row is None or not _is_in(row, epoch):
        raise parameters_not_stored(connection, job, epoch)
    data = None if row.part is None else bytes(row.part)
    return StoredParameters(runs.hash_of(recorded, epoch), data, row.address, epoch)


def parameters_not_stored(connection: Connection, job: int, epoch: int) -> NotFound:
    """Return the `NotFound` of an epoch without parameters; its `nearest` is the closest epoch that has them."""
    nearest = _nearest(connection, job, epoch)
    there = "" if nearest is None else f"; the nearest epoch that has them is {nearest}"
    return NotFound(f"the parameters of epoch {epoch} are not stored{there}", nearest=nearest)


def _is_in(row: EpochRow | None, epoch: int) -> bool:
    return row is not None and epoch <= row.last_epoch and (epoch - row.first_epoch) % row.stride == 0


def next_block(connection: Connection, job: int, after: int) -> StoredBlock | None:
    """Return the first block of stored parameters that begins after the epoch `after`, or None."""
    query = select(parameters).where(parameters.c.job == job, parameters.c.first_epoch > after)
    row = connection.execute(query.order_by(parameters.c.first_epoch).limit(1)).one_or_none()
    if row is None:
        return None
    data = None if row.bytes is None else bytes(row.bytes)
    return StoredBlock(range(row.first_epoch, row.last_epoch + 1, row.stride), row.size, data, row.address)


def _nearest(connection: Connection, job: int, epoch: int) -> int | None:
    """Return the closest epoch whose parameters are stored, the earlier one of two at the same distance."""
    candidates: set[int] = set()
    for sign in (1, -1):
        where = (parameters.c.job == job, sign * parameters.c.first_epoch >= sign * epoch)
        order = (sign * parameters.c.first_epoch).asc()
        row = connection.execute(select(*BLOCK).where(*where).order_by(order).limit(1)).one_or_none()
        if row is not None:
            steps = min(
                max(0, (2 * (epoch - row.first_epoch) + row.stride - 1) // (2 * row.stride)),
                (row.last_epoch - row.first_epoch) // row.stride,
            )
            candidates.add(row.first_epoch + steps * row.stride)
    return min(candidates, key=lambda candidate: (abs(candidate - epoch), candidate), default=None)
