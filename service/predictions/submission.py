"""Submits predictions of whole datasets: what can be known without reading rows is checked here."""

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from service.access.quotas import check_dataset_bytes, check_queued_jobs
from service.definitions.guessing import show
from service.definitions.requests import PredictionRequest
from service.definitions.webhooks import PREDICTION_ENDS, PREDICTION_EVENTS
from service.errors import Invalid, NotFound
from service.jobs.new_jobs import NO_WORKER, find_dataset, queue_with_room, record_no_key
from service.models.cache import ModelCache, TrainedNetwork
from service.models.loading import load_version
from service.models.references import Wanted, wanted_version
from service.predictions.inputs import Inputs, check_kept, find_inputs, ignored_columns
from service.predictions.layout import Layout
from service.services import Services
from service.store import datasets, models
from service.store.database import Connection
from service.store.idempotency import RecordKey
from service.store.prediction_records import NewPrediction, PredictionRecord
from service.store.predictions import predictions
from service.store.webhooks import endpoints
from service.store.webhooks.records import NewWebhook
from service.webhooks.endpoints import for_one

MOST_SHOWN = 5  # categories that a warning names

Admit = Callable[[int], None]  # counts the rows of a prediction, and raises where the tenant's rate does not allow it


class QueuedPrediction(NamedTuple):
    """A prediction that was just added to the queue, warnings for the client, and the webhook submitted with it."""

    prediction: PredictionRecord
    warnings: list[str]
    webhook: NewWebhook | None


def submit(
    services: Services,
    cache: ModelCache,
    request: PredictionRequest,
    admit: Admit = lambda rows: None,
    record_key: RecordKey = record_no_key,
) -> QueuedPrediction:
    """Store a queued prediction, then ring the doorbell.

    Which version of the model and of the dataset it uses is settled here, whatever is trained, sent or moved later.
    """
    trained = _trained(services, cache, request)
    dataset = find_dataset(services, request.reference(), "#/dataset")
    check_kept(dataset.table, request.kept)
    inputs = find_inputs(trained.preprocessing, dataset.name, dataset.table)
    layout, rows = Layout.of(trained, dataset.table, request.kept), dataset.table.rows
    size = len(layout.to_bytes()) + rows * layout.dtype.itemsize
    services.space.check(services.settings.keep_free_bytes + size)
    admit(rows)
    assert trained.version is not None
    webhook = for_one(services, request.notify, PREDICTION_EVENTS, PREDICTION_ENDS)
    new = NewPrediction(
        model_name=request.model,
        model_version=trained.version,
        model_epoch=trained.epoch,
        epoch=None if request.epoch is None else trained.epoch,
        dataset=dataset.use,
        keep=request.kept,
        ignored=ignored_columns(trained.preprocessing, dataset.table, request.kept),
        rows=rows,
        size=size,
        metadata=request.metadata,
        warnings=_unknown_categories(inputs),
        notify=None if webhook is None else webhook.notified,
    )
    with services.database.begin() as connection:
        queued = _add_to_queue(services, connection, new, record_key, webhook)
    services.doorbell.ring()
    return queued


def _trained(services: Services, cache: ModelCache, request: PredictionRequest) -> TrainedNetwork:
    """Return the network that the request means."""
    with services.database.read() as connection:
        try:
            models.number_of(connection, request.model)
        except NotFound as error:
            raise Invalid.at("#/model", error.detail) from None
    try:
        named = load_version(services, cache, request.model, _wanted(request))
    except NotFound as error:
        raise Invalid.at("#/model" if request.version is None else "#/version", error.detail) from None
    if request.epoch is None:
        return named
    try:
        return load_version(services, cache, request.model, named.version, str(request.epoch))
    except NotFound as error:
        raise Invalid.at("#/epoch", error.detail) from None


def _wanted(request: PredictionRequest) -> Wanted | None:
    """Return the version that the request refers to; None for the one that the model's name means."""
    return wanted_version(request.version) if isinstance(request.version, str) else request.version


def _add_to_queue(
    services: Services,
    connection: Connection,
    new: NewPrediction,
    record_key: RecordKey,
    webhook: NewWebhook | None,
) -> QueuedPrediction:
    queue = queue_with_room(services, connection)
    check_queued_jobs(services, connection, queue.limits)
    datasets.hold_dataset(connection, new.dataset)
    models.hold_version(connection, new.model_name, new.model_version)
    submitted = predictions.add_prediction(connection, f"pred_{secrets.token_hex(8)}", new)
    check_dataset_bytes(services, connection)
    if webhook is not None:
        endpoints.add(connection, webhook, prediction=submitted.id)
    record_key(connection, submitted.id)
    return QueuedPrediction(submitted, [] if queue.workers else [NO_WORKER], webhook)


def _unknown_categories(inputs: Inputs) -> list[dict[str, Any]]:
    """Return a warning for each column with categories never seen in training, which become all zeros."""
    warnings = []
    for column, texts in inputs.unknown.items():
        shown = ", ".join(show(text) for text in texts[:MOST_SHOWN])
        more = f" and {len(texts) - MOST_SHOWN:,} more" if len(texts) > MOST_SHOWN else ""
        detail = f"column `{column}` has categories never seen in training, which become all zeros: {shown}{more}"
        warnings.append({"code": "unknown_categories", "detail": detail})
    return warnings
