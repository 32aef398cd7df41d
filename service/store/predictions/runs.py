"""What runs of predictions write: claim, lease, parts and end. Every transaction of a run begins with `fenced`.

The functions of these names do for predictions what those of `service.store.jobs.jobs` do for jobs.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from service.definitions.base import Stored
from service.store.database import clock
from service.store.jobs.jobs import Requested
from service.store.prediction_records import PredictionRecord
from service.store.predictions import parts
from service.store.predictions.rows import COLUMNS, prediction_of
from service.store.records import Request, Status
from service.store.tables import predictions
from service.store.webhooks import outbox


def claim_of(connection: Connection, tenant: int, worker: str, lease_seconds: float) -> PredictionRecord | None:
    """Claim the tenant's prediction that has waited longest; None when none waits, or commands hold all that do."""
    waiting = (predictions.c.tenant == tenant, predictions.c.status == Status.QUEUED)
    first = select(predictions.c.number).where(*waiting).order_by(predictions.c.queued_at, predictions.c.number)
    number = first.limit(1).with_for_update(skip_locked=True).scalar_subquery()
    changes = {
        "status": Status.RUNNING,
        "attempt": predictions.c.attempt + 1,
        "lease_until": clock(lease_seconds),
        "claimed_at": clock(),
        "worker": worker,
        "started_at": func.coalesce(predictions.c.started_at, datetime.now(UTC)),
    }
    claimed = update(predictions).where(predictions.c.number == number).values(changes).returning(*COLUMNS)
    row = connection.execute(claimed).one_or_none()
    if row is None:
        return None
    prediction = prediction_of(row)
    outbox.add_prediction(connection, prediction)
    return prediction


def fenced(connection: Connection, prediction: PredictionRecord, lease_seconds: float, **values: Any) -> bool:
    """Renew the lease and write `values` if this run still owns the prediction; return whether it does.

    When it does not, the caller must roll the transaction back.
    """
    renewed = update(predictions).where(_is_mine(prediction)).values(lease_until=clock(lease_seconds), **values)
    return connection.execute(renewed).rowcount == 1


def requested(connection: Connection, prediction: PredictionRecord) -> Request | None:
    """Return what a client has requested of the prediction since it was claimed."""
    mine = predictions.c.number == prediction.number
    found: str | None = connection.execute(select(predictions.c.requested).where(mine)).scalar()
    return None if found is None else Request(found)


def release(connection: Connection, prediction: PredictionRecord, behind: bool = False) -> PredictionRecord | None:
    """Release a prediction that this run owns: cancel it if that was requested, else queue it.

    Returns it in its new state, or None when another run owns it. With `behind` it is queued behind all others.
    """
    row = connection.execute(select(*COLUMNS).where(_is_mine(prediction)).with_for_update()).one_or_none()
    if row is None:
        return None
    return release_locked(connection, prediction_of(row), **({"queued_at": clock()} if behind else {}))


def release_locked(connection: Connection, prediction: PredictionRecord, **values: Any) -> PredictionRecord:
    """Release a prediction whose row is locked; return it in its new state."""
    status = Status.CANCELLED if prediction.requested == Request.CANCEL else Status.QUEUED
    change(connection, prediction, status, **values)
    query = select(*COLUMNS).where(predictions.c.number == prediction.number)
    return prediction_of(connection.execute(query).one())


def finish(connection: Connection, prediction: PredictionRecord, status: Status, **values: Any) -> bool:
    """End a prediction that this run owns; return False, without a change, when another run owns it.

    Raises
    ------
    Requested
        When a client has requested something else of it; the caller must roll the transaction back.
    """
    query = select(predictions.c.requested).where(_is_mine(prediction)).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if row.requested is not None and status is not Status.CANCELLED:
        raise Requested(Request(row.requested))
    change(connection, prediction, status, **values)
    return True


def change(connection: Connection, prediction: PredictionRecord, status: Status, **values: Any) -> tuple[str, ...]:
    """Set a prediction whose row is locked to a state in which no worker runs it.

    One that fails or is cancelled has no result: its parts are dropped, and the addresses of their blobs returned.
    """
    values |= {"requested": None, "lease_until": None, "worker": None}
    dropped: tuple[str, ...] = ()
    if status.ended:
        values["finished_at"] = datetime.now(UTC)
    if status in (Status.FAILED, Status.CANCELLED):
        dropped = parts.drop_parts(connection, prediction.number)
        values["size"] = 0
    plain = {name: value.to_json() if isinstance(value, Stored) else value for name, value in values.items()}
    changed = update(predictions).where(predictions.c.number == prediction.number).values(status=status, **plain)
    row = connection.execute(changed.returning(*COLUMNS)).one()
    outbox.add_prediction(connection, prediction_of(row))
    return dropped


def _is_mine(prediction: PredictionRecord) -> ColumnElement[bool]:
    mine = (predictions.c.number == prediction.number, predictions.c.attempt == prediction.attempt)
    return and_(*mine, predictions.c.status == Status.RUNNING)
