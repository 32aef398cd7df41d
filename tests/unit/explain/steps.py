"""Steps of small networks, computed without a service."""

from typing import Any

import numpy as np

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.trace import Updating, trace
from service.backprop.layers import Dense, Layer
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from service.backprop.training.row_weights import Weighing
from service.definitions.claims import Claim
from service.explain.batches import Batch
from service.explain.claim_answers import ClaimAnswer
from service.explain.claimed_arrays import read_claim
from service.explain.claims import check_claim
from service.explain.subjects import Subject, plain_settings
from service.explain.traced_steps import TracedStep
from service.explain.untrained_networks import NO_PREPROCESSING

RATE = 0.5


def dense(units: int, activation: str, weights: Any = None, biases: Any = None) -> Dense:
    arrays = [None if array is None else np.array(array, dtype=np.float64) for array in (weights, biases)]
    return Dense(units, ACTIVATIONS[activation](), weights=arrays[0], biases=arrays[1])


def step_of(layers: list[Layer], X: Any, Y: Any, loss: str = "quadratic", rate: float = RATE) -> TracedStep:
    inputs, targets = np.array(X, dtype=np.float64), np.array(Y, dtype=np.float64)
    network = Network(inputs.shape[1], layers, "float64")
    network.initialize(5)
    settings = plain_settings(LOSSES[loss](), SGD(learning_rate=rate))
    weighing, updating = Weighing(settings.loss), Updating(settings.optimizer, rate)
    subject = Subject(network, NO_PREPROCESSING, settings, rate, {"network": "example"})
    traced = trace(network, weighing, updating, inputs, targets)
    return TracedStep(subject, settings, weighing, updating, Batch(inputs, targets), traced)


def claim_of(step: TracedStep) -> dict[str, Any]:
    """Return all numbers of a step, as a claim has them."""
    backward = step.trace.backward[::-1]
    return {
        "weighted_inputs": [layer.weighted_inputs.tolist() for layer in step.trace.forward],
        "activations": [layer.activations.tolist() for layer in step.trace.forward],
        "deltas": [layer.delta.tolist() for layer in backward],
        "gradients": [{name: array.tolist() for name, array in layer.gradients.items()} for layer in backward],
    }


def checked(step: TracedStep, **claim: Any) -> ClaimAnswer:
    model = Claim.model_validate(claim)
    return check_claim(step, read_claim(model, step.subject.network, step.rows), model.tolerance)
