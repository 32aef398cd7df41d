"""`:evaluate`: how good a version of a model, or any stored epoch of a job, is on a dataset."""

from flask import Response, request

from service.api.answers import answer
from service.api.bodies import read_model
from service.api.context import model_cache, services
from service.api.explain_schemas import EvaluateAnswer
from service.api.models import EPOCH
from service.api.routes import Routes
from service.definitions.explaining import EvaluateRequest
from service.explain.evaluation import evaluate
from service.explain.subjects import Subject, epoch_subject, version_subject
from service.models.views import version_number

routes = Routes("evaluation")
PROBLEMS = (404, 409)


def _evaluate(subject: Subject) -> Response:
    body = read_model(EvaluateRequest, services().settings.max_json_bytes)
    return answer(evaluate(services(), subject, body.dataset))


@routes.route(
    "POST",
    "/v1/jobs/{id}/epochs/{epoch}:evaluate",
    body=EvaluateRequest,
    answers={200: EvaluateAnswer},
    problems=PROBLEMS,
)
def evaluate_epoch(id: str, epoch: str) -> Response:
    """Loss, metrics and confusion matrix of a job's network as it was after an epoch."""
    return _evaluate(epoch_subject(services(), model_cache(), id, epoch))


@routes.route(
    "POST",
    "/v1/models/{name}:evaluate",
    body=EvaluateRequest,
    query=[EPOCH],
    answers={200: EvaluateAnswer},
    problems=PROBLEMS,
)
def evaluate_model(name: str) -> Response:
    """Loss, metrics and confusion matrix of a model's latest version."""
    return _evaluate(version_subject(services(), model_cache(), name, None, request.args.get("epoch")))


@routes.route(
    "POST",
    "/v1/models/{name}/versions/{version}:evaluate",
    body=EvaluateRequest,
    query=[EPOCH],
    answers={200: EvaluateAnswer},
    problems=PROBLEMS,
)
def evaluate_version(name: str, version: str) -> Response:
    """Loss, metrics and confusion matrix of one version of a model."""
    number = version_number(version)
    return _evaluate(version_subject(services(), model_cache(), name, number, request.args.get("epoch")))
