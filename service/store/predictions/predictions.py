"""Predictions of whole datasets: their insertion, reading, cancelling and deletion.

A run owns a prediction while its `attempt` is the one that the run claimed; what runs write is in
`service.store.predictions.runs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from service.errors import Conflict, NotFound
from service.store.database import clock
from service.store.prediction_records import NewPrediction, PredictionRecord
from service.store.predictions import parts, runs
from service.store.predictions.rows import COLUMNS, columns_of, prediction_of
from service.store.records import ENDED, Listing, Page, Request, Status
from service.store.tables import predictions
from service.store.webhooks import outbox

ENDED_VALUES = [status.value for status in ENDED]


@dataclass(frozen=True)
class Filter:
    """Which predictions a list has: those of a status, a model, a dataset and with some metadata."""

    status: str | None = None
    model: str | None = None
    dataset: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()


def add_prediction(connection: Connection, prediction_id: str, new: NewPrediction) -> PredictionRecord:
    """Insert a queued prediction under a new id and return it."""
    connection.execute(
        insert(predictions).values(
            id=prediction_id,
            status=Status.QUEUED,
            done=0,
            attempt=0,
            stored_attempt=0,
            deaths=0,
            lost_attempts=0,
            created_at=datetime.now(UTC),
            queued_at=clock(),
            **columns_of(new),
        )
    )
    added = get_prediction(connection, prediction_id)
    outbox.add_prediction(connection, added)
    return added


def get_prediction(connection: Connection, prediction_id: str) -> PredictionRecord:
    """Return a prediction of a dataset; raise `NotFound` for one that does not exist."""
    row = connection.execute(select(*COLUMNS).where(predictions.c.id == prediction_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no prediction `{prediction_id}`")
    return prediction_of(row)


def list_predictions(connection: Connection, page: Page, wanted: Filter) -> Listing[PredictionRecord]:
    """Return a page of predictions, newest first."""
    query = select(*COLUMNS).order_by(predictions.c.number.desc()).limit(page.limit + 1)
    named = {"status": wanted.status, "model_name": wanted.model, "dataset_name": wanted.dataset}
    for name, value in named.items():
        if value is not None:
            query = query.where(predictions.c[name] == value)
    for key, value in wanted.metadata:
        query = query.where(predictions.c.extra[key].as_string() == value)
    position = page.position if page.after is None else get_prediction(connection, page.after).number
    if position is not None:
        query = query.where(predictions.c.number < position)
    rows = list(connection.execute(query))
    return Listing(tuple(prediction_of(row) for row in rows[: page.limit]), len(rows) > page.limit)


def positions_of(connection: Connection, found: Sequence[PredictionRecord]) -> dict[int, int]:
    """Return the positions among their tenant's predictions of those that are queued, by the prediction's number."""
    queued = [each for each in found if each.status is Status.QUEUED]
    if not queued:
        return {}
    order = (predictions.c.queued_at, predictions.c.number)
    place = func.row_number().over(partition_by=predictions.c.tenant, order_by=order).label("place")
    theirs = predictions.c.tenant.in_({each.tenant for each in queued})
    queue = select(predictions.c.number, place).where(predictions.c.status == Status.QUEUED, theirs).subquery()
    mine = select(queue).where(queue.c.number.in_([each.number for each in queued]))
    return {number: at for number, at in connection.execute(mine)}


@dataclass(frozen=True)
class Cancelled:
    """A prediction after it was cancelled, whether that has changed anything, and blobs that rows no longer name."""

    prediction: PredictionRecord
    changed: bool
    addresses: tuple[str, ...] = ()


def cancel(connection: Connection, prediction_id: str) -> Cancelled:
    """End a prediction that does not run, or request that a running one stop; a second request changes nothing.

    One whose lease has expired counts as not running.
    """
    leased = (predictions.c.lease_until > clock()).label("is_leased")
    query = select(*COLUMNS, leased).where(predictions.c.id == prediction_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no prediction `{prediction_id}`")
    found = prediction_of(row)
    runs_now = found.status is Status.RUNNING and bool(row.is_leased)
    if found.status is Status.CANCELLED or (found.requested == Request.CANCEL and runs_now):
        return Cancelled(found, False)
    if found.status.ended:
        raise Conflict(f"prediction `{prediction_id}` has ended: it is {found.status}")
    if runs_now:
        asked = update(predictions).where(predictions.c.number == found.number).values(requested=Request.CANCEL)
        connection.execute(asked)
        return Cancelled(get_prediction(connection, prediction_id), True)
    addresses = runs.change(connection, found, Status.CANCELLED)
    return Cancelled(get_prediction(connection, prediction_id), True, addresses)


def delete_prediction(connection: Connection, prediction_id: str) -> tuple[str, ...]:
    """Delete an ended prediction with its result; return the addresses of its blobs."""
    connection.execute(select(predictions.c.number).where(predictions.c.id == prediction_id).with_for_update())
    found = get_prediction(connection, prediction_id)
    if not found.status.ended:
        raise Conflict(f"prediction `{prediction_id}` is {found.status}; cancel it first")
    addresses = parts.addresses_of(connection, found.number)
    connection.execute(delete(predictions).where(predictions.c.number == found.number))
    return addresses


def ids_before(connection: Connection, moment: datetime) -> list[str]:
    """Return the ids of predictions that ended before a moment, oldest first."""
    query = select(predictions.c.id).where(predictions.c.status.in_(ENDED_VALUES), predictions.c.finished_at < moment)
    return list(connection.execute(query.order_by(predictions.c.number)).scalars())
