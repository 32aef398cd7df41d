"""Predictions whose worker crashed: as jobs, they are queued again, and fail when they crash workers repeatedly."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from service.definitions.job_parts import Failure, FailureCode
from service.store.database import clock
from service.store.jobs.crashes import MOST_COUNTED, MOST_IN_A_ROW, TOGETHER, Manner, counted, ending
from service.store.prediction_records import PredictionRecord
from service.store.predictions import runs
from service.store.predictions.rows import COLUMNS, prediction_of
from service.store.records import Status
from service.store.tables import predictions as table


def free_predictions_of(connection: Connection, worker: str, exit_code: int | None) -> list[PredictionRecord]:
    """Release the predictions of a process that has ended; return them."""
    return [_free(connection, row, exit_code) for row in _held(connection, table.c.worker == worker)]


def free_expired(connection: Connection) -> list[PredictionRecord]:
    """Release the predictions whose lease has expired; return them."""
    return [_free(connection, row, None) for row in _held(connection, table.c.lease_until < clock())]


def are_expired(connection: Connection) -> bool:
    """Return whether there is a prediction whose lease has expired."""
    over = select(table.c.number).where(table.c.status == Status.RUNNING, table.c.lease_until < clock()).limit(1)
    return connection.execute(over).first() is not None


def _held(connection: Connection, where: ColumnElement[bool]) -> list[Row[Any]]:
    counts = (table.c.deaths, table.c.lost_attempts, table.c.claimed_at, clock().label("now"))
    query = select(*COLUMNS, *counts).where(table.c.status == Status.RUNNING, where)
    return list(connection.execute(query.limit(TOGETHER).with_for_update(skip_locked=True)))


def _free(connection: Connection, row: Row[Any], exit_code: int | None) -> PredictionRecord:
    """Release a prediction; the blobs of one that ends here are left to the hourly collection."""
    prediction = prediction_of(row)
    deaths, lost = counted(row, Manner.of(exit_code))
    counts = {"deaths": deaths, "lost_attempts": lost}
    if (deaths < MOST_COUNTED and lost < MOST_IN_A_ROW) or prediction.requested is not None:
        return runs.release_locked(connection, prediction, **counts)
    many = deaths if deaths >= MOST_COUNTED else lost
    detail = f"{many} attempts died before they stored anything, the last {ending(exit_code)}"
    error = Failure(code=FailureCode.CRASHED_REPEATEDLY, detail=detail, epoch=None)
    runs.change(connection, prediction, Status.FAILED, error=error, **counts)
    return prediction
