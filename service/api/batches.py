"""`/v1/predictions`: predictions of whole datasets, which are queued and run as jobs are, and their result files."""

from flask import Response, request

from service.access.principal import Scope
from service.api.answer_headers import FILE_NAME, LOCATION, RETRY_AFTER
from service.api.answers import answer, page, record_page
from service.api.authentication import check_still_valid, still_valid
from service.api.bodies import read_model
from service.api.conditional import unless_held
from service.api.context import model_cache, principal, services, waits
from service.api.formats import Format, choice, wanted_format, wanted_metadata
from service.api.idempotency import record_made
from service.api.limiting import count_batch
from service.api.routes import PAGE, TEXT, WAIT, Example, Query, Routes
from service.api.schemas import ListAnswer
from service.api.waiting import requested_wait_seconds
from service.datasets.media_types import CSV, JSONL, NDJSON, NPZ, PARQUET
from service.definitions.requests import PredictionRequest
from service.definitions.webhooks import Notify
from service.errors import Forbidden
from service.predictions import commands, submission, views
from service.predictions.answers import PredictionAnswer, PredictionWarning
from service.predictions.result import Result, open_result
from service.predictions.writers import WRITERS
from service.services import Services
from service.store.database import Connection
from service.store.predictions import predictions
from service.store.predictions.predictions import Filter
from service.store.records import Status
from service.webhooks.views import describe_notified

routes = Routes(
    "batches", "Predictions of all rows of a dataset: queued and run as jobs are, with a file as their result."
)
FORMATS = {"csv": CSV, "npz": NPZ, "parquet": PARQUET, "jsonl": JSONL}
POLL_SECONDS = "1"
STATUSES = [status for status in Status if status is not Status.PAUSED]


@routes.route(
    "POST",
    "/v1/predictions",
    body=PredictionRequest,
    examples=[
        Example(
            {"model": "iris", "dataset": "iris", "keep": ["species"]}, "Predict all rows, and pass a column through"
        )
    ],
    query=[WAIT],
    answers={201: PredictionAnswer, 202: PredictionAnswer},
    sends=(LOCATION, RETRY_AFTER),
    problems=(409,),
    creates=True,
    scope=Scope.PREDICT,
)
def create_prediction() -> Response:
    """Queue a prediction of all rows of a dataset."""
    seconds = requested_wait_seconds()
    body = read_model(PredictionRequest, services().settings.max_json_bytes)
    _check_may_keep(body.kept)
    _check_may_notify(body.notify)
    made, warnings, webhook = submission.submit(services(), model_cache(), body, count_batch, _record_key)
    ended = waits().until_settled(services(), made.id, seconds, still_valid(), _status).ended if seconds else False
    described = views.read(services(), made.id)
    if warnings and not ended:
        more: list[PredictionWarning] = [{"code": "no_worker", "detail": warning} for warning in warnings]
        described["warnings"] = [*described["warnings"], *more]
    if webhook is not None:
        described["notify"] = describe_notified(webhook)
    headers = {"Location": f"/v1/predictions/{made.id}"}
    if ended:
        return answer(described, 201, headers)
    return answer(described, 202, {**headers, "Retry-After": POLL_SECONDS})


def _record_key(connection: Connection, id: str) -> None:
    record_made(connection, f"/v1/predictions/{id}")


def _check_may_keep(keep: tuple[str, ...]) -> None:
    """Raise `Forbidden` when a key that may only predict would read columns of a dataset."""
    if keep and not principal().may(Scope.READ):
        raise Forbidden("`keep` reads columns of a dataset, for which this key lacks the scope `read`")


def _check_may_notify(notify: Notify | None) -> None:
    """Raise `Forbidden` when a key that may only predict would have the service send requests."""
    if notify is not None and not principal().may(Scope.TRAIN):
        raise Forbidden("`notify` has requests sent to an address, for which this key lacks the scope `train`")


def _status(mine: Services, id: str) -> Status:
    with mine.database.read() as connection:
        return predictions.get_prediction(connection, id).status


@routes.route(
    "GET",
    "/v1/predictions",
    query=[
        *PAGE,
        Query("status", {"enum": STATUSES}, "of the predictions that are listed"),
        Query("model", TEXT, "the model that predicts"),
        Query("dataset", TEXT, "the dataset's name, without a version"),
        Query("metadata.*", TEXT),
    ],
    answers={200: ListAnswer[PredictionAnswer]},
    problems=(404,),
    scope=Scope.PREDICT,
)
def list_predictions() -> Response:
    """List the predictions of datasets, newest first."""
    status, metadata = choice("status", STATUSES), wanted_metadata()
    wanted = Filter(status, request.args.get("model"), request.args.get("dataset"), tuple(metadata.items()))
    with services().database.read(snapshot=True) as connection:
        found = predictions.list_predictions(connection, page("prediction"), wanted)
        described = views.describe_all(services(), connection, found.data)
    return record_page(found, described, "prediction", lambda prediction: prediction.id)


@routes.route(
    "GET",
    "/v1/predictions/{id}",
    query=[WAIT],
    answers={200: PredictionAnswer},
    problems=(404,),
    scope=Scope.PREDICT,
)
def get_prediction(id: str) -> Response:
    """Return a prediction of a dataset; `?wait=` holds the answer until it has ended."""
    if seconds := requested_wait_seconds():
        waits().until_settled(services(), id, seconds, still_valid(), _status)
        check_still_valid()
    return answer(views.read(services(), id))


@routes.route(
    "POST",
    "/v1/predictions/{id}:cancel",
    answers={200: PredictionAnswer, 202: PredictionAnswer},
    problems=(404, 409),
    creates=True,
    scope=Scope.PREDICT,
)
def cancel_prediction(id: str) -> Response:
    """Cancel a prediction: at once when it is not running, else at its next block of rows."""
    result = commands.cancel(services(), id, _record_key)
    return answer(views.read(services(), id), 202 if result.changed else 200)


@routes.route("DELETE", "/v1/predictions/{id}", answers={204: None}, problems=(404, 409), scope=Scope.PREDICT)
def delete_prediction(id: str) -> Response:
    """Delete an ended prediction with its result."""
    commands.remove(services(), id)
    return Response(status=204)


@routes.route(
    "GET",
    "/v1/predictions/{id}/result",
    query=[Query("format", {"enum": list(FORMATS)}, "of the file; without it `Accept` decides, else CSV")],
    answers={200: {kind: {} for kind in (*FORMATS.values(), NDJSON)}},
    sends=(FILE_NAME,),
    problems=(404, 406, 409),
    scope=Scope.PREDICT,
)
def get_result(id: str) -> Response:
    """Return the result as a file, in the order of the dataset's rows: kept columns, then what was predicted."""
    found = open_result(services(), id)
    _check_may_keep(found.prediction.keep)
    wanted = wanted_format(FORMATS)
    return unless_held(f"{found.prediction.sha256}-{wanted.name}", lambda: _file(found, wanted))


def _file(found: Result, wanted: Format) -> Response:
    response = Response(WRITERS[wanted.name](found), mimetype=wanted.media_type)
    response.automatically_set_content_length = False  # to know it, the whole file would be written into memory
    name = f"{found.prediction.id}.{wanted.name}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
