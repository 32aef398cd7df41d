"""A job's epochs for drawing: some of them, chosen so that what a curve shows is among them."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from service.store.epochs import runs
from service.store.epochs.epochs import COLUMNS, LOSSES, rows_from
from service.store.records import EpochRecord


def sampled_epochs(connection: Connection, job: int, points: int) -> list[EpochRecord]:
    """Return at most `points` epochs in equal buckets, of each those with the lowest and the highest training loss."""
    numbers, losses = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for row in rows_from(connection, job, 0, LOSSES):
        numbers.append(np.arange(row.first_epoch, row.last_epoch + 1))
        losses.append(runs.unpacked_series(row.training_loss))
    chosen = _extremes(np.concatenate(numbers), np.concatenate(losses), points)
    records: list[EpochRecord] = []
    for row in rows_from(connection, job, 0, COLUMNS):
        mine = chosen[np.searchsorted(chosen, row.first_epoch) : np.searchsorted(chosen, row.last_epoch + 1)]
        if len(mine):
            run = runs.unpacked(row)
            records += [runs.record_of(run, epoch - row.first_epoch) for epoch in mine.tolist()]
    return records


def _extremes(numbers: NDArray[np.int64], losses: NDArray[np.float64], points: int) -> NDArray[np.int64]:
    """Return the epochs to be shown, of ascending `numbers`: all, or each bucket's lowest and highest."""
    if len(numbers) <= points:
        return numbers
    buckets = max(1, points // 2)
    bucket = (numbers - numbers[0]) * buckets // (numbers[-1] - numbers[0] + 1)
    chosen = []
    for ranked in (np.lexsort((losses, bucket)), np.lexsort((-losses, bucket))):
        first = np.concatenate([[True], np.diff(bucket[ranked]) > 0])
        chosen.append(numbers[ranked[first]])
    return np.unique(np.concatenate(chosen))
