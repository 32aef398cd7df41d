"""One step of an optimizer from a given state, computed by its own code on copies, and the terms of the step."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network, Workspace
from service.backprop.optimizers import Optimizer
from service.backprop.optimizers.adam import Adam, Adamax, NAdam
from service.backprop.optimizers.base import Slots
from service.backprop.regularization import Regularization


@dataclass(frozen=True)
class InitialState:
    """An optimizer's state after `steps` steps; `stored` says whether it is a run's own or that of a fresh start."""

    slots: Slots
    steps: int
    stored: bool


@dataclass(frozen=True)
class Step:
    """One step of every parameter, as vectors laid out as the network's parameters are.

    `gradient` is the loss's with penalties, clipped, as the optimizer got it; `terms` are the optimizer's intermediate
    results by name. `after` respects max_norm, so that `after - before` is the whole step.
    """

    before: FloatArray
    gradient: FloatArray
    after: FloatArray
    terms: dict[str, FloatArray]


def fresh(optimizer: Optimizer, network: Network) -> InitialState:
    """Return the optimizer's state before the first step."""
    return InitialState(optimizer.slots(network.parameters), 0, False)


def is_continued(before: Optimizer, after: Optimizer) -> bool:
    """Return whether one optimizer can continue from another's state: they have the same kind and the same vectors."""
    one = np.zeros(1)
    return type(before) is type(after) and before.slots(one).keys() == after.slots(one).keys()


def take_step(
    network: Network,
    workspace: Workspace,
    optimizer: Optimizer,
    regularization: Regularization,
    state: InitialState,
    learning_rate: float,
) -> Step:
    """Change `network` by a step along the gradients of `workspace`, overwriting them; `state` is only read."""
    before = network.parameters.copy()
    regularization.penalize(network, workspace)
    regularization.clip(workspace.gradients)
    gradient = workspace.gradients.copy()
    slots = {name: np.array(slot, dtype=np.float64) for name, slot in state.slots.items()}
    scratch = np.empty((2, before.size))
    steps = state.steps + 1
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
