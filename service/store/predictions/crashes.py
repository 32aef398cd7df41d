"""Predictions whose worker crashed: as jobs, they are queued again, and fail when they crash workers repeatedly."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row

from service.store.crashes import counted, held, is_any_expired
from service.store.database import clock
from service.store.prediction_records import PredictionRecord
from service.store.predictions import runs
from service.store.predictions.rows import COLUMNS, prediction_of
from service.store.records import Status
from service.store.tables import predictions as table


def free_predictions_of(connection: Connection, worker: str, exit_code: int | None) -> list[PredictionRecord]:
    """Release the predictions of a process that has ended; return them."""
    rows = held(connection, table, COLUMNS, table.c.worker == worker)
    return [_free(connection, row, exit_code) for row in rows]


def free_expired(connection: Connection) -> list[PredictionRecord]:
    """Release the predictions whose lease has expired; return them."""
    rows = held(connection, table, COLUMNS, table.c.lease_until < clock())
    return [_free(connection, row, None) for row in rows]


def are_expired(connection: Connection) -> bool:
    """Return whether there is a prediction whose lease has expired."""
    return is_any_expired(connection, table)


def _free(connection: Connection, row: Row[Any], exit_code: int | None) -> PredictionRecord:
    """Release a prediction; the blobs of one that ends here are left to the hourly collection."""
    prediction, counts = prediction_of(row), counted(row, exit_code)
    error = counts.failure(exit_code, None)
    if error is None or prediction.requested is not None:
        return runs.release_locked(connection, prediction, **asdict(counts))
    runs.change(connection, prediction, Status.FAILED, error=error, **asdict(counts))
    return prediction
