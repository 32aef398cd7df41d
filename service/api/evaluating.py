"""`:evaluate`: how good a version of a model, or any stored epoch of a job, is on a dataset."""

from flask import Response

from service.access.principal import Scope
from service.api.answers import answer
from service.api.bodies import read_model
from service.api.context import services
from service.api.routes import Example, Routes
from service.api.trained_networks import NetworkReference, Operation, register
from service.definitions.explaining import EvaluateRequest
from service.explain.answers import EvaluateAnswer
from service.explain.evaluation import evaluate

routes = Routes("evaluation", "Loss, metrics and confusion matrix on a dataset.")


def _evaluate(network: NetworkReference) -> Response:
    subject = network.subject()
    body = read_model(EvaluateRequest, services().settings.max_json_bytes)
    return answer(evaluate(services(), subject, body.reference()))


register(
    routes,
    Operation(
        "evaluate",
        ("evaluate_epoch", "evaluate_model", "evaluate_version"),
        "Compute loss, metrics and confusion matrix of {}.",
        _evaluate,
        EvaluateRequest,
        EvaluateAnswer,
        Scope.READ,
        examples=[Example({"dataset": "iris"})],
    ),
)
