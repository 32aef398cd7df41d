"""The step an optimizer takes from where it stands, by its own code on copies, and the terms the step is made of."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network, Workspace
from service.backprop.optimizers import Optimizer
from service.backprop.optimizers.adam import Adam, Adamax, NAdam
from service.backprop.optimizers.base import Slots
from service.backprop.regularization import Regularization


@dataclass(frozen=True)
class Standing:
    """What an optimizer has gathered in `steps` steps; `stored` tells whether that is a run's own or a fresh start."""

    slots: Slots
    steps: int
    stored: bool


@dataclass(frozen=True)
class Step:
    """One step of every parameter, as vectors laid out as the network's parameters are.

    `gradient` is what the optimizer was given: the loss's, with penalties, clipped. `terms` are what it made of it, by
    name. `after` is held within max_norm, so that `after - before` is the whole step.
    """

    before: FloatArray
    gradient: FloatArray
    after: FloatArray
    terms: dict[str, FloatArray]


def fresh(optimizer: Optimizer, network: Network) -> Standing:
    """Before the first step."""
    return Standing(optimizer.slots(network.parameters), 0, False)


def is_continued(before: Optimizer, after: Optimizer) -> bool:
    """Whether one optimizer can go on from what another has gathered: of the same kind, with the same vectors."""
    one = np.zeros(1)
    return type(before) is type(after) and before.slots(one).keys() == after.slots(one).keys()


def take_step(
    network: Network,
    workspace: Workspace,
    optimizer: Optimizer,
    regularization: Regularization,
    standing: Standing,
    learning_rate: float,
) -> Step:
    """Move `network` by the gradients in `workspace`, which are used up; `standing` is left as it is."""
    before = network.parameters.copy()
    regularization.penalize(network, workspace)
    regularization.clip(workspace.gradients)
    gradient = workspace.gradients.copy()
    slots = {name: np.array(slot, dtype=np.float64) for name, slot in standing.slots.items()}
    scratch = np.empty((2, before.size))
    steps = standing.steps + 1
    optimizer.step(network.parameters, workspace.gradients, slots, steps, learning_rate, scratch)
    regularization.constrain(network, workspace)
    return Step(before, gradient, network.parameters.copy(), terms_of(optimizer, slots, steps, gradient))


def terms_of(optimizer: Optimizer, slots: Slots, steps: int, gradient: FloatArray) -> dict[str, FloatArray]:
    """The slots after step number `steps`, and for Adam and its kin what becomes of them once the bias is corrected."""
    names = {"before": "gradients_before"}  # rprop's name for what it compares the next gradient's sign with
    terms = {names.get(name, name): slot for name, slot in slots.items() if slot.shape == gradient.shape}
    if isinstance(optimizer, NAdam):
        product = float(slots["product"][0])
        now, ahead = optimizer._momentum(steps), optimizer._momentum(steps + 1)
        terms["corrected_gradient"] = gradient * ((1.0 - now) / (1.0 - product))
        terms["corrected_means"] = slots["means"] * (ahead / (1.0 - product * ahead))
        terms["corrected_squares"] = slots["squares"] / (1.0 - optimizer.beta2**steps)
    elif isinstance(optimizer, Adam):
        terms["corrected_means"] = slots["means"] / (1.0 - optimizer.beta1**steps)
        squares = slots["largest"] if optimizer.amsgrad else slots["squares"]
        terms["corrected_squares"] = squares / (1.0 - optimizer.beta2**steps)
    elif isinstance(optimizer, Adamax):
        terms["corrected_means"] = slots["means"] / (1.0 - optimizer.beta1**steps)
    return terms
