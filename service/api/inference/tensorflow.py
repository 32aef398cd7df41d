"""The operations of TensorFlow Serving's REST API that the native ones do not have: metadata, and labels of versions.

Its labels are aliases. The status of a model and its predictions are native operations, which its clients understand.
"""

from flask import Response

from service.access.principal import Scope
from service.api.answers import answer
from service.api.dataset_options import CSV_QUERY
from service.api.granted import OWNER, services_of
from service.api.predicting import EXAMPLES, FORMAT, SENDS, predict
from service.api.prediction_bodies import FILES, SHAPE, UNKNOWN
from service.api.routes import Routes
from service.api.trained_networks import EPOCH, VersionReference
from service.datasets.media_types import RAW
from service.definitions.requests import PredictRequest
from service.errors import NotFound
from service.inference.metadata import tensorflow_metadata
from service.inference.metadata_answers import SignatureAnswer
from service.models import views
from service.models.answers import PredictAnswer, VersionAnswer
from service.models.references import is_alias

routes = Routes(
    "tensorflow", "What TensorFlow Serving's REST API has besides: metadata, and labels of versions, which are aliases."
)
MODEL = "/v1/models/{name}"
LABEL = MODEL + "/labels/{label}"


def _of_label(name: str, label: str) -> VersionReference:
    if not is_alias(label):
        raise NotFound(f"model `{name}` has no label `{label[:64]}`: labels are aliases, such as `champion`")
    return VersionReference(name, label)


def _metadata(reference: VersionReference) -> Response:
    return answer(tensorflow_metadata(reference.trained()))


@routes.route("GET", MODEL + "/metadata", query=(OWNER,), answers={200: SignatureAnswer}, problems=(404, 409))
def read_signature(name: str) -> Response:
    """Return the tensors of a model as TensorFlow Serving describes them."""
    return _metadata(VersionReference(name))


@routes.route(
    "GET",
    MODEL + "/versions/{version}/metadata",
    query=(OWNER,),
    answers={200: SignatureAnswer},
    problems=(404, 409),
)
def read_version_signature(name: str, version: str) -> Response:
    """Return the tensors of one version as TensorFlow Serving describes them."""
    return _metadata(VersionReference(name, version))


@routes.route("GET", LABEL, query=(OWNER,), answers={200: VersionAnswer}, problems=(404,))
def get_labelled_version(name: str, label: str) -> Response:
    """Return the version that an alias, which is TensorFlow Serving's label, names."""
    _of_label(name, label)
    return answer(views.read_version(services_of(name), name, label))


@routes.route("GET", LABEL + "/metadata", query=(OWNER,), answers={200: SignatureAnswer}, problems=(404, 409))
def read_labelled_signature(name: str, label: str) -> Response:
    """Return the tensors of the version that an alias names as TensorFlow Serving describes them."""
    return _metadata(_of_label(name, label))


@routes.route(
    "POST",
    LABEL + ":predict",
    body=PredictRequest,
    files=(*FILES, RAW),
    examples=EXAMPLES,
    query=(EPOCH, OWNER, FORMAT, SHAPE, UNKNOWN, *CSV_QUERY),
    answers={200: (PredictAnswer, *FILES, RAW)},
    sends=SENDS,
    problems=(404, 409),
    scope=Scope.PREDICT,
)
def predict_labelled(name: str, label: str) -> Response:
    """Predict with the version that an alias names."""
    return predict(_of_label(name, label))
