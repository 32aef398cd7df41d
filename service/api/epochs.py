"""`/v1/jobs/{id}/epochs`: losses and metrics of every epoch, and the parameters of the stored ones."""

import csv
import io
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, cast

import orjson
from flask import Response, request
from safetensors.numpy import save as save_safetensors

from service.api.answer_headers import Header
from service.api.answers import MAX_LIMIT, answer, listing, whole
from service.api.conditional import TAG_BYTES, unless_held
from service.api.context import services
from service.api.formats import Format, wanted_format
from service.api.layer_answers import LayerParameters, ParametersAnswer
from service.api.query import is_pretty
from service.api.routes import Query, Routes
from service.api.schemas import ListAnswer
from service.datasets.media_types import NDJSON, NPZ
from service.definitions.build import build_network
from service.errors import Invalid
from service.export.arrays import named_arrays, npz_of
from service.jobs import stored_parameters
from service.jobs.answers import EpochAnswer, EpochMetrics
from service.jobs.summaries import epoch_answer
from service.store.epoch_records import LAST_EPOCH, EpochRecord, StoredParameters
from service.store.epochs import epochs, sampling
from service.store.job_records import JobSummary
from service.store.jobs.summaries import get_summary
from service.store.records import JobRecord

routes = Routes("epochs", "Losses and metrics of every epoch, and the parameters of the stored ones.")
FORMATS = {"json": "application/json", "csv": "text/csv", "jsonl": "application/jsonl"}
PARAMETER_FORMATS = {
    "json": "application/json",
    "safetensors": "application/x-safetensors",
    "npz": "application/x-npz",
}
LINES_TOGETHER = 500
MOST_POINTS = 10_000


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs",
    query=[
        Query("after", {"type": "integer", "minimum": 0}, "an epoch's number"),
        Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "more than 1000 is taken as 1000"),
        Query("until", {"type": "integer", "minimum": 0}, "the last epoch's number"),
        Query(
            "points",
            {"type": "integer", "minimum": 2},
            "at most this many (over 10,000 is taken as 10,000), in place of `limit`: the first and the last epoch, "
            "and in equal parts of the range the lowest and the highest value of each `series`; in every format",
        ),
        Query(
            "series",
            {"type": "array", "items": {"type": "string"}},
            "with `points`, repeatable: `training_loss`, `validation_accuracy`, `learning_rate`, ...; both losses if "
            "left out",
        ),
        Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else JSON"),
    ],
    answers={200: (ListAnswer[EpochAnswer], FORMATS["csv"], FORMATS["jsonl"], NDJSON)},
    problems=(404, 406),
)
def list_epochs(id: str) -> Response:
    """List the losses and metrics of epochs past `after`, up to and including `until`, oldest first."""
    format = wanted_format(FORMATS)
    kind = format.name
    after = whole("after", -1, minimum=0, maximum=LAST_EPOCH)
    until = whole("until", LAST_EPOCH, minimum=0, maximum=LAST_EPOCH)
    limit = whole("limit", 50, minimum=1, maximum=MAX_LIMIT)
    points = whole("points", 2, minimum=2, maximum=MOST_POINTS)
    series = request.args.getlist("series")
    _check_goes_together(kind)
    records: Iterable[EpochRecord] = ()
    more = False
    with services().database.read() as connection:
        job = get_summary(connection, id)
        if "points" in request.args:
            records = sampling.sampled_epochs(connection, job.number, points, after, until, series)
        elif kind == "json":
            records, more = epochs.list_epochs(connection, job.number, after, limit, until)
    if kind == "json":
        return listing([epoch_answer(record) for record in records], more, lambda item: item["epoch"])
    if "points" not in request.args:
        records = epochs.stream_epochs(services().database, job.number, after, until)
    lines = Response(_lines(kind, records), mimetype=format.media_type)
    return unless_held(_tag(job, kind), lambda: lines) if job.status.ended else lines


def _tag(job: JobSummary, kind: str) -> str:
    """Return the ETag of the epochs of an ended job, which change no more."""
    asked = f"{job.id} {job.finished_at} {kind} {request.query_string!r}"
    return blake2b(asked.encode(), digest_size=TAG_BYTES).hexdigest()


def _check_goes_together(kind: str) -> None:
    """Raise `Invalid` for a parameter of the query that would have no effect with the others."""
    has_points = "points" in request.args
    if "series" in request.args and not has_points:
        raise Invalid.at("?series", "goes with `points`: a list has all series")
    if "limit" in request.args and not has_points and kind != "json":
        raise Invalid.at("?limit", f"goes with JSON: {kind} has all epochs of the range; give `until` or `points`")


def _lines(kind: str, records: Iterable[EpochRecord]) -> Iterator[bytes]:
    """Yield epochs as lines, a few hundred at a time."""
    lines: list[bytes] = []
    header: list[str] | None = None
    for record in records:
        if kind == "jsonl":
            lines.append(orjson.dumps(epoch_answer(record), option=orjson.OPT_APPEND_NEWLINE))
        else:
            row = _flat(record)
            if header is None:
                header = list(row)
                lines.append(_csv_line(header))
            lines.append(_csv_line(list(row.values())))
        if len(lines) >= LINES_TOGETHER:
            yield b"".join(lines)
            lines = []
    yield b"".join(lines)


def _flat(record: EpochRecord) -> dict[str, Any]:
    """Describe an epoch with each metric as a field of its own, such as `training_accuracy`."""
    body: dict[str, Any] = dict(epoch_answer(record))
    metrics: EpochMetrics = body.pop("metrics")
    body.pop("nonfinite", None)  # an empty cell in a column that has numbers says the same
    return (
        body
        | {f"training_{name}": value for name, value in metrics["training"].items()}
        | {f"validation_{name}": value for name, value in metrics["validation"].items()}
    )


def _csv_cell(value: Any) -> Any:
    """Return what is written for a value: nothing for null, and booleans as JSON has them."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _csv_line(values: list[Any]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow([_csv_cell(value) for value in values])
    return stream.getvalue().encode()


@routes.route(
    "GET",
    "/v1/jobs/{id}/epochs/{epoch}/parameters",
    query=[Query("format", {"enum": list(PARAMETER_FORMATS)}, "of the answer; without it `Accept` decides, else JSON")],
    answers={200: (ParametersAnswer, PARAMETER_FORMATS["safetensors"], NPZ)},
    sends=(
        Header("X-Epoch", "of a file, the number of the epoch"),
        Header("X-Sha256", "of a file, that of the parameters"),
    ),
    problems=(404, 406),
)
def get_parameters(id: str, epoch: str) -> Response:
    """Return the parameters after an epoch: a number, `best` or `last`."""
    job, stored = stored_parameters.parameters_of(services(), id, epoch)
    wanted = wanted_format(PARAMETER_FORMATS)
    form = f"{wanted.name}-pretty" if is_pretty() else wanted.name
    return unless_held(f"{stored.sha256}-{form}", lambda: _parameters(job, stored, wanted))


def _parameters(job: JobRecord, stored: StoredParameters, wanted: Format) -> Response:
    network = build_network(job.network, job.training.precision)
    network.load(stored_parameters.parameter_bytes(services(), job, stored))
    if wanted.name == "json":
        layers = cast(list[LayerParameters], [placed.values for placed in network.layers])  # arrays become lists
        parameters: ParametersAnswer = {"epoch": stored.epoch, "layers": layers, "sha256": stored.sha256}
        return answer(parameters)
    arrays = named_arrays(network)
    data = save_safetensors(arrays) if wanted.name == "safetensors" else npz_of(arrays)
    headers = {"X-Epoch": str(stored.epoch), "X-Sha256": stored.sha256}
    return Response(data, headers=headers, mimetype=wanted.media_type)
