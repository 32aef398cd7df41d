"""What every epoch left behind: its errors, its parameters, and the state to go on from."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from service.errors import NotFound
from service.store.records import EpochRecord, ParameterBlock, StoredBytes, StoredParameters
from service.store.tables import epochs, parameters, resume_states

COLUMNS = [column for column in epochs.c if column.name != "job"]
STREAM_ROWS = 5000


def add_epochs(connection: Connection, job: int, records: Sequence[EpochRecord]) -> None:
    if records:
        connection.execute(insert(epochs), [{"job": job, **asdict(record)} for record in records])


def add_parameters(connection: Connection, job: int, blocks: Sequence[tuple[ParameterBlock, str | None]]) -> None:
    """Blocks, each with its address when its bytes lie in the blobs; those are of one epoch."""
    rows = [
        {"job": job, **asdict(block), "bytes": block.bytes if address is None else None, "address": address}
        for block, address in blocks
    ]
    if rows:
        connection.execute(insert(parameters), rows)


def forget_parameters(connection: Connection, job: int, epoch: int) -> str | None:
    """Drop the block that holds this one epoch alone (a best that was bettered); where it lay, if in the blobs."""
    where = (parameters.c.job == job, parameters.c.first_epoch == epoch, parameters.c.last_epoch == epoch)
    address = connection.execute(select(parameters.c.address).where(*where)).scalar()
    connection.execute(delete(parameters).where(*where))
    _mark(connection, job, epoch, False)
    return address


def mark_stored(connection: Connection, job: int, epoch: int) -> None:
    """Tell in an epoch's row that its parameters are there."""
    _mark(connection, job, epoch, True)


def _mark(connection: Connection, job: int, epoch: int, stored: bool) -> None:
    where = (epochs.c.job == job, epochs.c.epoch == epoch)
    connection.execute(epochs.update().where(*where).values(parameters_stored=stored))


def save_resume_state(connection: Connection, job: int, epoch: int, state: StoredBytes) -> str | None:
    """Replace the state to go on from; where the one before lay, if it was in the blobs."""
    before = drop_resume_state(connection, job)
    connection.execute(insert(resume_states).values(job=job, epoch=epoch, **asdict(state)))
    return before


def load_resume_state(connection: Connection, job: int) -> StoredBytes | None:
    """The state to go on from; None when nothing was stored yet."""
    row = connection.execute(select(resume_states).where(resume_states.c.job == job)).one_or_none()
    return None if row is None else StoredBytes(row.sha256, row.bytes, row.address)


def drop_resume_state(connection: Connection, job: int) -> str | None:
    """Remove it; where it lay, if it was in the blobs."""
    where = resume_states.c.job == job
    address = connection.execute(select(resume_states.c.address).where(where)).scalar()
    connection.execute(delete(resume_states).where(where))
    return address


def list_epochs(connection: Connection, job: int, after: int | None, limit: int) -> tuple[list[EpochRecord], bool]:
    """Oldest first, past the epoch `after`; and whether more follow."""
    query = select(*COLUMNS).where(epochs.c.job == job).order_by(epochs.c.epoch).limit(limit + 1)
    if after is not None:
        query = query.where(epochs.c.epoch > after)
    records = [_epoch(row) for row in connection.execute(query)]
    return records[:limit], len(records) > limit


def stream_epochs(connection: Connection, job: int) -> Iterator[EpochRecord]:
    """All of a job's epochs, a few thousand at a time."""
    after: int | None = None
    while True:
        records, more = list_epochs(connection, job, after, STREAM_ROWS)
        yield from records
        if not more:
            return
        after = records[-1].epoch


def sampled_epochs(connection: Connection, job: int, points: int) -> list[EpochRecord]:
    """At most `points` epochs in equal buckets, of each bucket those with the lowest and the highest training loss."""
    first, last, count = connection.execute(
        select(func.min(epochs.c.epoch), func.max(epochs.c.epoch), func.count()).where(epochs.c.job == job)
    ).one()
    if count <= points:
        return list_epochs(connection, job, None, points)[0]
    buckets = max(1, points // 2)
    bucket = (epochs.c.epoch - first) * buckets // (last - first + 1)
    order = {name: rule for name, rule in (("low", epochs.c.training_loss), ("high", epochs.c.training_loss.desc()))}
    ranked = select(
        epochs.c.epoch,
        *(
            func.row_number().over(partition_by=bucket, order_by=(rule, epochs.c.epoch)).label(name)
            for name, rule in order.items()
        ),
    ).where(epochs.c.job == job)
    chosen = ranked.subquery()
    query = (
        select(*COLUMNS)
        .join(chosen, chosen.c.epoch == epochs.c.epoch)
        .where(epochs.c.job == job, (chosen.c.low == 1) | (chosen.c.high == 1))
        .order_by(epochs.c.epoch)
    )
    return [_epoch(row) for row in connection.execute(query)]


def get_epoch(connection: Connection, job: int, epoch: int) -> EpochRecord | None:
    query = select(*COLUMNS).where(epochs.c.job == job, epochs.c.epoch == epoch)
    row = connection.execute(query).one_or_none()
    return None if row is None else _epoch(row)


def last_epoch(connection: Connection, job: int) -> int | None:
    return connection.execute(select(func.max(epochs.c.epoch)).where(epochs.c.job == job)).scalar()


def load_parameters(connection: Connection, job: int, epoch: int) -> StoredParameters:
    """The parameters after `epoch`; `NotFound` with the nearest stored epoch when they are not kept."""
    query = (
        select(parameters)
        .where(parameters.c.job == job, parameters.c.first_epoch <= epoch)
        .order_by(parameters.c.first_epoch.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    record = get_epoch(connection, job, epoch)
    if record is None or row is None or epoch > row.last_epoch or (epoch - row.first_epoch) % row.stride:
        raise NotFound(f"the parameters of epoch {epoch} are not stored", nearest=_nearest(connection, job, epoch))
    at = (epoch - row.first_epoch) // row.stride * row.size
    data = None if row.bytes is None else bytes(row.bytes[at : at + row.size])
    return StoredParameters(record.sha256, data, row.address, epoch)


def _nearest(connection: Connection, job: int, epoch: int) -> int | None:
    distance = func.abs(epochs.c.epoch - epoch)
    query = (
        select(epochs.c.epoch)
        .where(epochs.c.job == job, epochs.c.parameters_stored)
        .order_by(distance, epochs.c.epoch)
        .limit(1)
    )
    return connection.execute(query).scalar()


def _epoch(row: Row[Any]) -> EpochRecord:
    return EpochRecord(**dict(row._mapping))
