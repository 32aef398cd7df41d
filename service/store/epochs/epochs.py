"""What every epoch left behind: its errors, its parameters, and the state to go on from."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, func, insert, select

from service.errors import NotFound
from service.store.database import Database
from service.store.epochs import runs as epoch_runs
from service.store.epochs.runs import RunRecord
from service.store.records import EpochRecord, ParameterBlock, StoredBlock, StoredBytes, StoredParameters
from service.store.tables import epoch_runs as runs_table
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
    if not connection.execute(epochs.update().where(*where).values(parameters_stored=stored)).rowcount:
        epoch_runs.mark_in_run(connection, job, epoch, stored)


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
    begin = -1 if after is None else after
    query = select(*COLUMNS).where(epochs.c.job == job, epochs.c.epoch > begin).order_by(epochs.c.epoch)
    alone = [_epoch(row) for row in connection.execute(query.limit(limit + 1))]
    in_runs: list[EpochRecord] = []
    while len(in_runs) <= limit:
        at = in_runs[-1].epoch if in_runs else begin
        run = epoch_runs.next_run(connection, job, at)
        if run is None or (len(alone) > limit and run.first_epoch > alone[limit].epoch):
            break
        start = max(0, at + 1 - run.first_epoch)
        stop = min(len(run.training_loss), start + limit + 1 - len(in_runs))
        in_runs += [epoch_runs.record_of(run, index) for index in range(start, stop)]
    records = sorted([*alone, *in_runs], key=lambda record: record.epoch)
    return records[:limit], len(records) > limit


def stream_epochs(database: Database, job: int) -> Iterator[EpochRecord]:
    """All of a job's epochs, a few thousand a look: however slow the reader, no transaction waits for it."""
    after: int | None = None
    while True:
        with database.read() as connection:
            records, more = list_epochs(connection, job, after, STREAM_ROWS)
        yield from records
        if not more:
            return
        after = records[-1].epoch


def sampled_epochs(connection: Connection, job: int, points: int) -> list[EpochRecord]:
    """At most `points` epochs in equal buckets, of each bucket those with the lowest and the highest training loss."""
    pairs = select(epochs.c.epoch, epochs.c.training_loss).where(epochs.c.job == job)
    alone = np.array([tuple(row) for row in connection.execute(pairs)], dtype=np.float64).reshape(-1, 2)
    runs = epoch_runs.runs_between(connection, job, 0)
    numbers = np.concatenate([alone[:, 0], *(run.first_epoch + np.arange(len(run.training_loss)) for run in runs)])
    losses = np.concatenate([alone[:, 1], *(run.training_loss for run in runs)])
    order = np.argsort(numbers)
    chosen = _extremes(numbers[order].astype(np.int64), losses[order], points)
    records = [epoch_runs.record_of(run, epoch - run.first_epoch) for run in runs for epoch in _within(chosen, run)]
    wanted = sorted(set(chosen) - {record.epoch for record in records})
    for start in range(0, len(wanted), STREAM_ROWS):
        some = epochs.c.epoch.in_(wanted[start : start + STREAM_ROWS])
        records += [_epoch(row) for row in connection.execute(select(*COLUMNS).where(epochs.c.job == job, some))]
    return sorted(records, key=lambda record: record.epoch)


def _extremes(numbers: NDArray[np.int64], losses: NDArray[np.float64], points: int) -> list[int]:
    """The epochs to be shown, of ascending `numbers`: all, or each bucket's lowest and highest."""
    if len(numbers) <= points:
        return list(numbers.tolist())
    buckets = max(1, points // 2)
    bucket = (numbers - numbers[0]) * buckets // (numbers[-1] - numbers[0] + 1)
    chosen = set()
    for ranked in (np.lexsort((losses, bucket)), np.lexsort((-losses, bucket))):
        first = np.concatenate([[True], np.diff(bucket[ranked]) > 0])
        chosen.update(numbers[ranked[first]].tolist())
    return sorted(chosen)


def _within(chosen: list[int], run: RunRecord) -> list[int]:
    return chosen[bisect_left(chosen, run.first_epoch) : bisect_right(chosen, run.last_epoch)]


def get_epoch(connection: Connection, job: int, epoch: int) -> EpochRecord | None:
    query = select(*COLUMNS).where(epochs.c.job == job, epochs.c.epoch == epoch)
    row = connection.execute(query).one_or_none()
    if row is not None:
        return _epoch(row)
    runs = epoch_runs.runs_between(connection, job, epoch, epoch)
    return epoch_runs.record_of(runs[0], epoch - runs[0].first_epoch) if runs else None


def losses_of(connection: Connection, job: int, wanted: Sequence[int]) -> dict[int, float]:
    """By epoch the training loss of those that are there; `wanted` ascending, some hundreds at most."""
    if not wanted:
        return {}
    pairs = select(epochs.c.epoch, epochs.c.training_loss).where(epochs.c.job == job, epochs.c.epoch.in_(wanted))
    losses = {epoch: loss for epoch, loss in connection.execute(pairs)}
    run: RunRecord | None = None
    for epoch in wanted:
        if epoch in losses:
            continue
        if run is None or epoch > run.last_epoch:
            run = epoch_runs.next_run(connection, job, epoch - 1)
            if run is None:
                break
        if epoch >= run.first_epoch:
            losses[epoch] = float(run.training_loss[epoch - run.first_epoch])
    return losses


def last_epoch(connection: Connection, job: int) -> int | None:
    alone = connection.execute(select(func.max(epochs.c.epoch)).where(epochs.c.job == job)).scalar()
    in_run = connection.execute(select(func.max(runs_table.c.last_epoch)).where(runs_table.c.job == job)).scalar()
    return max((epoch for epoch in (alone, in_run) if epoch is not None), default=None)


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


def next_block(connection: Connection, job: int, after: int) -> StoredBlock | None:
    """The first block of stored parameters that begins past the epoch `after`."""
    query = select(parameters).where(parameters.c.job == job, parameters.c.first_epoch > after)
    row = connection.execute(query.order_by(parameters.c.first_epoch).limit(1)).one_or_none()
    if row is None:
        return None
    data = None if row.bytes is None else bytes(row.bytes)
    return StoredBlock(range(row.first_epoch, row.last_epoch + 1, row.stride), row.size, data, row.address)


def _nearest(connection: Connection, job: int, epoch: int) -> int | None:
    """The stored epoch that is closest, the earlier of two; blocks of parameters tell where they are."""
    candidates: set[int] = set()
    for sign in (1, -1):
        where = (parameters.c.job == job, sign * parameters.c.first_epoch >= sign * epoch)
        order = (sign * parameters.c.first_epoch).asc()
        row = connection.execute(select(parameters).where(*where).order_by(order).limit(1)).one_or_none()
        if row is not None:
            steps = min(
                max(0, (2 * (epoch - row.first_epoch) + row.stride - 1) // (2 * row.stride)),
                (row.last_epoch - row.first_epoch) // row.stride,
            )
            candidates.add(row.first_epoch + steps * row.stride)
    return min(candidates, key=lambda candidate: (abs(candidate - epoch), candidate), default=None)


def _epoch(row: Row[Any]) -> EpochRecord:
    return EpochRecord(**dict(row._mapping))
