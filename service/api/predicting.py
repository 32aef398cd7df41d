"""Predictions: reads rows, computes, and writes predictions in the format that the client wants."""

from flask import Response

from service.access.principal import Scope
from service.api import counting
from service.api.answer_headers import Header
from service.api.answers import answer
from service.api.dataset_options import CSV_QUERY
from service.api.examples import OBJECTS, ROWS, ROWS_CSV
from service.api.formats import wanted_format
from service.api.prediction_bodies import FILES, SHAPE, UNKNOWN, read_body
from service.api.routes import Example, Query, Routes
from service.api.timing import Timing
from service.api.trained_networks import NetworkReference, Operation, register
from service.datasets.media_types import ARROW_STREAM, CSV, JSON, NPZ, RAW
from service.definitions.requests import PredictRequest
from service.errors import ServiceError
from service.models import prediction, raw_numbers
from service.models.answers import PredictAnswer
from service.models.cache import TrainedNetwork
from service.models.prediction import RawRows
from service.models.prediction_files import WRITERS
from service.models.source_headers import EPOCH, MODEL, VERSION, source_headers

FORMATS = {"json": JSON, "csv": CSV, "npz": NPZ, "arrow": ARROW_STREAM, "raw": RAW}  # JSON has no writer in `WRITERS`
FORMAT = Query("format", {"enum": list(FORMATS)}, "of the answer; without it `Accept` decides, else JSON")
UNKNOWN_HEADER = "Unknown-Categories"  # how many there are, for answers that cannot list them
EXAMPLES = (
    Example({"instances": ROWS}, "Rows of numbers, in the order of the inputs"),
    Example({"instances": OBJECTS}, "Rows by column"),
    Example({"inputs": ROWS}, "As TensorFlow Serving's clients send them; the answer is `outputs`"),
    Example(ROWS_CSV, "CSV", CSV),
)
SENDS = (
    Header(UNKNOWN_HEADER, "how many categories were never seen in training, of answers that cannot list them"),
    Header(raw_numbers.SHAPE_HEADER, "sizes such as `100,3` of raw numbers"),
    Header(MODEL, "what has predicted, of answers that are no JSON: the model, or the job of an epoch"),
    Header(VERSION, "likewise, the version; absent for an epoch of a job", schema={"type": "integer"}),
    Header(EPOCH, "likewise, the epoch; absent for parameters that a client sent", schema={"type": "integer"}),
)

routes = Routes(
    "predictions", "Predict rows of a request with a version of a model, or with any stored epoch of a job."
)


def predict(network: NetworkReference) -> Response:
    """Predict the rows of the request's body; `?format=` or `Accept` decides the format of the answer."""
    trained = network.trained()
    wanted = wanted_format(FORMATS).name
    timing = Timing()
    try:
        rows = read_body(trained)
        counting.begin(len(rows.rows.values), timing)
        response = _answered(trained, rows, wanted, timing)
    except ServiceError:
        counting.count_refused(trained, timing)
        raise
    return counting.end(response, trained, len(rows.rows.values), timing)


def _answered(trained: TrainedNetwork, rows: RawRows, wanted: str, timing: Timing) -> Response:
    if wanted == "json":
        predicted = prediction.predict(trained, rows)
        timing.end("predict")
        return answer(predicted)
    A = prediction.outputs(trained, rows)
    values, labels = prediction.restored(trained, A, rows), trained.preprocessing.label_of(A)
    timing.end("predict")
    if wanted == "raw":
        values = prediction.as_float32(values, rows)
    response = Response(WRITERS[wanted](trained, values, labels), mimetype=FORMATS[wanted])
    response.headers.extend(source_headers(trained))
    if wanted == "raw":
        response.headers[raw_numbers.SHAPE_HEADER] = ",".join(map(str, values.shape))
    if rows.rows.unknown_count:
        response.headers[UNKNOWN_HEADER] = str(rows.rows.unknown_count)
    return response


register(
    routes,
    Operation(
        "predict",
        ("predict_epoch", "predict", "predict_version"),
        "Predict with {}.",
        predict,
        PredictRequest,
        (PredictAnswer, CSV, NPZ, ARROW_STREAM, RAW),
        Scope.PREDICT,
        files=(*FILES, RAW),
        examples=EXAMPLES,
        sends=SENDS,
        query=(FORMAT, SHAPE, UNKNOWN, *CSV_QUERY),
        grantable=True,
        has_formats=True,
    ),
)
