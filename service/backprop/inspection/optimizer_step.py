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
    """An optimizer's state before a step: its slots after `steps` steps.

    `stored` says whether it was stored by a job, otherwise it is that of a new optimizer.
    """

    slots: Slots
    steps: int
    stored: bool


@dataclass(frozen=True)
class Step:
    """One step of all parameters, as vectors (parameters,).

    Attributes
    ----------
    before, after
        The parameters. `max_norm` has been applied to `after`, so that `after - before` is the whole step.
    gradient
        The gradient that the optimizer was given: with penalties, and clipped.
    terms
        Intermediate results of the optimizer by name.
    """

    before: FloatArray
    gradient: FloatArray
    after: FloatArray
    terms: dict[str, FloatArray]


def fresh(optimizer: Optimizer, network: Network) -> InitialState:
    """Return the state of a new optimizer, before its first step."""
    return InitialState(optimizer.slots(network.parameters), 0, False)


def is_continued(before: Optimizer, after: Optimizer) -> bool:
    """Return whether an optimizer can continue from another one's state: both have the same class and slots."""
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
    """Change the parameters of `network` by one step and return it.

    `workspace.gradients` hold the gradient of the loss on entry and are overwritten; `state` is not changed.
    """
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
    """Return the slots after step number `steps`, with the bias-corrected means of Adam and its variants."""
    names = {"before": "gradients_before"}  # rprop's previous gradient
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
