"""How clients read predictions of whole datasets. Builds the models of `service.predictions.answers`."""

from collections.abc import Sequence
from typing import cast

from service.definitions.base import json_of
from service.jobs.answers import WaitingAnswer
from service.predictions.answers import (
    PredictionAnswer,
    PredictionError,
    PredictionProgress,
    PredictionResult,
    PredictionWarning,
)
from service.services import Services
from service.store.database import Connection
from service.store.jobs.capacity import capacity_of
from service.store.prediction_records import PredictionRecord
from service.store.predictions import predictions
from service.store.records import Status
from service.webhooks.answers import NotifyAnswer


def read(services: Services, prediction_id: str) -> PredictionAnswer:
    """Return one prediction as clients read it."""
    with services.database.read(snapshot=True) as connection:
        return describe_all(services, connection, [predictions.get_prediction(connection, prediction_id)])[0]


def describe_all(
    services: Services, connection: Connection, found: Sequence[PredictionRecord]
) -> list[PredictionAnswer]:
    """Describe predictions that were read in this transaction, a snapshot of the database."""
    positions = predictions.positions_of(connection, found)
    reason = _held(services, connection, found[0].tenant) if positions else None
    described = []
    for each in found:
        position = positions.get(each.number)
        waiting: WaitingAnswer | None = None
        if position is not None:
            ahead = f"{position - 1} queued prediction(s) are to be taken before it"
            free = ahead if position > 1 else "a worker takes it when one is free"
            waiting = {"position": position, "reason": reason or free}
        described.append(_describe(each, waiting))
    return described


def _held(services: Services, connection: Connection, tenant: int) -> str | None:
    """Return why none of the tenant's predictions is started; None where one may be."""
    capacity = capacity_of(connection, tenant)
    if short := services.space.waits_for() or capacity.lacks:
        return short
    if not capacity.workers:
        return "no worker is alive"
    most = services.settings.tenant_running_jobs if capacity.most is None else capacity.most
    if most and capacity.running >= most:
        return f"{capacity.running} job(s) run already, and this tenant's limit is {most} at once"
    return None


def _describe(prediction: PredictionRecord, waiting: WaitingAnswer | None) -> PredictionAnswer:
    error, path = prediction.error, f"/v1/predictions/{prediction.id}"
    result: PredictionResult | None = None
    if prediction.sha256 is not None:
        result = {"rows": prediction.rows, "bytes": prediction.size, "sha256": prediction.sha256}
    failure: PredictionError | None = None if error is None else {"code": error.code.value, "detail": error.detail}
    return {
        "id": prediction.id,
        "object": "prediction",
        "status": prediction.status,
        "requested": prediction.requested,
        "waiting": waiting,
        "created_at": prediction.created_at,
        "started_at": prediction.started_at,
        "finished_at": prediction.finished_at,
        "model": {"name": prediction.model_name, "version": prediction.model_version},
        "epoch": prediction.model_epoch,
        "dataset": prediction.dataset.name,
        "dataset_version": prediction.dataset.version,
        "keep": list(prediction.keep),
        "ignored": list(prediction.ignored),
        "attempt": prediction.attempt,
        "progress": _progress(prediction),
        "result": result,
        "error": failure,
        "warnings": cast(list[PredictionWarning], prediction.warnings),
        "notify": cast(NotifyAnswer | None, json_of(prediction.notify)),
        "metadata": prediction.metadata,
        "links": {"self": path, "result": f"{path}/result", "cancel": f"{path}:cancel"},
    }


def _progress(prediction: PredictionRecord) -> PredictionProgress:
    done, rate = prediction.done, prediction.rows_per_second
    left = prediction.rows - done
    return {
        "rows": done,
        "rows_total": prediction.rows,
        "fraction": 1.0 if prediction.status is Status.SUCCEEDED else done / prediction.rows,
        "rows_per_second": rate,
        "eta_seconds": left / rate if rate and not prediction.status.ended else None,
    }
