"""The gradient check: backpropagation against central differences, on a job's rows or on random ones."""

from typing import Any

import numpy as np

from service.backprop.inspection.spot_check import Compared, LayerSpots, spot_check, threshold
from service.definitions.explaining import GradientCheckRequest, NetworkGradientCheckRequest
from service.definitions.network import NetworkDefinition
from service.errors import TooLarge
from service.explain.answers import GradientCheckAnswer, with_subject
from service.explain.array_summaries import add_nonfinite
from service.explain.batches import Batch, first_training_rows
from service.explain.subjects import Subject
from service.explain.unit_names import Names
from service.explain.untrained_networks import complete_definition, with_drawn_parameters
from service.services import Services
from service.store import networks

MOST_WORK = 20_000_000_000  # multiplications that one check may take: some seconds
USUAL_WORK = 2_000_000_000  # multiplications of a check whose request gives no number of parameters
FEWEST = 10
INPUTS = 4  # of a network without given weights, which would otherwise depend on a dataset


def check_job(services: Services, subject: Subject, request: GradientCheckRequest) -> GradientCheckAnswer:
    """Check the gradient on the first training rows of the job."""
    parameters = _affordable(subject, request)
    return _check(subject, request, parameters, first_training_rows(services, subject, request.rows))


def check_network(services: Services, name: str, request: NetworkGradientCheckRequest) -> GradientCheckAnswer:
    """Check the gradient on random rows drawn with the seed.

    Inputs are from N(0, 1), targets are 0 or 1, and one-hot for a softmax.
    """
    with services.database.read() as connection:
        record = networks.get_network(connection, name)
    definition = complete_definition(record.definition, 1, request.loss)
    inputs = definition.inputs or _inputs_of(definition)
    subject = with_drawn_parameters(name, definition, inputs, request.seed, request.loss)
    parameters = _affordable(subject, request)
    random = np.random.default_rng(subject.head["seed"])
    network, rows = subject.network, request.rows
    X = random.normal(size=(rows, network.inputs))
    Y = random.integers(0, 2, (rows, network.outputs)).astype(np.float64)
    if subject.trained().loss.fused_with is not None:
        Y = np.zeros_like(Y)
        Y[np.arange(rows), random.integers(0, network.outputs, rows)] = 1.0
    return _check(subject, request, parameters, Batch(X, Y))


def _inputs_of(definition: NetworkDefinition) -> int:
    """Return how many inputs the first layer's given weights have; `INPUTS` without given weights."""
    weights = getattr((definition.layers or [None])[0], "weights", None)
    return INPUTS if weights is None else len(weights)


def _affordable(subject: Subject, request: GradientCheckRequest) -> int:
    """Return how many parameters to check: as many as requested, otherwise fewer for a large network."""
    size = subject.network.parameters.size
    work = 4 * request.rows * max(size, 1)
    if "parameters" not in request.model_fields_set:
        return max(FEWEST, min(request.parameters, USUAL_WORK // work))
    if min(request.parameters, size) * work > MOST_WORK:
        asked = f"{request.rows:,} rows times {request.parameters:,} of {size:,} parameters"
        raise TooLarge(f"{asked} take too long; ask for fewer")
    return request.parameters


def _check(subject: Subject, request: GradientCheckRequest, parameters: int, batch: Batch) -> GradientCheckAnswer:
    found = spot_check(
        subject.network, subject.weighing(), batch.X, batch.Y, batch.samples, parameters, request.epsilon
    )
    names, bound = Names(subject.network), threshold(request.epsilon)
    worst = [layer.worst for layer in found if layer.worst is not None]
    worst_of_all = max(worst, key=_size, default=None)
    body: GradientCheckAnswer = {
        "object": "gradient_check",
        "rows": len(batch.X),
        "epsilon": request.epsilon,
        "loss_function": subject.trained().loss.name,
        "layers": [_layer(layer, names, bound) for layer in found],
        "passed": worst_of_all is not None and _size(worst_of_all) <= bound,
        "threshold": bound,
        "worst": None if worst_of_all is None else _compared(worst_of_all, names),
    }
    body = with_subject(body, subject.head)
    add_nonfinite(body)
    return body


def _size(compared: Compared) -> float:
    return compared.difference if np.isfinite(compared.difference) else np.inf


def _layer(spots: LayerSpots, names: Names, bound: float) -> dict[str, Any]:
    return {
        "layer": spots.layer,
        "parameters": spots.checked,
        "at_kinks": spots.at_kinks,
        "largest_difference": None if spots.worst is None else spots.worst.difference,
        "passed": spots.worst is None or _size(spots.worst) <= bound,
        "worst": None if spots.worst is None else _compared(spots.worst, names),
    }


def _compared(compared: Compared, names: Names) -> dict[str, Any]:
    place = compared.place
    return {
        "layer": place.layer,
        "parameter": place.name,
        "index": list(place.index),
        "name": names.parameter(place),
        "backpropagation": compared.backpropagation,
        "central_difference": compared.central_difference,
        "difference": compared.difference,
    }
