"""A trace of one step of backpropagation: the result of every equation, in the order of computation.

The forward pass is followed by the loss, the error and the gradients from the last layer back, and the update. BP1 to
BP4 are the equations of Nielsen (Neural Networks and Deep Learning, 2015, chapter 2).
"""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection import float64_copy
from service.backprop.inspection.optimizer_step import InitialState, Step, fresh, take_step
from service.backprop.layers.base import Views
from service.backprop.layers.dropout import Dropout
from service.backprop.network import Buffers, Network, PlacedLayer, Workspace, forward, output_error
from service.backprop.optimizers import Optimizer
from service.backprop.regularization import Regularization
from service.backprop.training.row_weights import Weighing


@dataclass(frozen=True)
class LayerForward:
    """The results of one layer in the forward pass.

    Attributes
    ----------
    weighted_inputs, activations : (rows, units)
        The weighted inputs of a layer without weights are its inputs.
    normalised : (rows, units)
        The normalised inputs of a normalization, otherwise None.
    deviation
        The standard deviation that they were divided by, for each unit or each row; None without normalization.
    """

    weighted_inputs: FloatArray
    activations: FloatArray
    normalised: FloatArray | None
    deviation: FloatArray | None


@dataclass(frozen=True)
class LayerBackward:
    """The results of one layer in the backward pass.

    Attributes
    ----------
    dloss_dactivations, delta : (rows, units)
        dC/da and dC/dz.
    dactivation_dweighted_inputs : (rows, units)
        f'(z); None if a unit's output also depends on the weighted inputs of other units.
    gradients
        The derivatives by the layer's parameters, by name.
    fused
        Whether delta was computed in the simplified form of a matched pair of loss and activation.
    """

    layer: int
    dloss_dactivations: FloatArray
    dactivation_dweighted_inputs: FloatArray | None
    delta: FloatArray
    gradients: Views
    fused: bool


@dataclass(frozen=True)
class Trace:
    """One traced step.

    `network` is the float64 copy that the step was computed with, after the step. `gradients`, `step` and
    `contributions` are vectors (parameters,).
    """

    network: Network
    inputs: FloatArray
    targets: FloatArray
    loss: float
    forward: list[LayerForward]
    backward: list[LayerBackward]
    gradients: FloatArray
    update: Step
    loss_after: float
    modes: dict[str, str]

    @property
    def step(self) -> FloatArray:
        return np.asarray(self.update.after - self.update.before)

    @property
    def contributions(self) -> FloatArray:
        """The first-order change of the loss by each parameter: gradient times step."""
        return np.asarray(self.gradients * self.step)


@dataclass(frozen=True)
class Updating:
    """The settings of an update; `state` is the optimizer's state before it, None for a new optimizer."""

    optimizer: Optimizer
    learning_rate: float
    regularization: Regularization = Regularization()
    state: InitialState | None = None


def trace(
    network: Network,
    weighing: Weighing,
    updating: Updating,
    X: FloatArray,
    Y: FloatArray,
    samples: FloatArray | None = None,
) -> Trace:
    """Compute one step of backpropagation on a float64 copy of `network`.

    Batch normalization uses the statistics of the rows or, for a single row, the running ones.

    Parameters
    ----------
    X, Y : (rows, inputs), (rows, outputs)
        The batch.
    samples : (rows,)
        The weights of the rows; None for 1.
    """
    by_running = len(X) == 1
    copy = float64_copy.copy_for(network, by_running)
    workspace = Workspace(copy, len(X), gradients=True, own_targets=weighing.own_targets)
    buffers = workspace.sized(len(X))
    buffers.X[...], buffers.Y[...] = X, Y
    weights, normaliser = weighing.weigh(buffers, samples)
    normaliser = normaliser or 1.0
    with np.errstate(all="ignore"):
        forward(copy, buffers, float64_copy.TRAINING)
        loss = weighing.loss.total(buffers.outputs, buffers.T, weights) / normaliser
        forward_pass = [_layer_forward(placed, buffers) for placed in copy.layers]
        backward_pass = _backward(copy, workspace, buffers, weighing, normaliser, weights)
        gradients = workspace.gradients.copy()
        state = updating.state or fresh(updating.optimizer, copy)
        step = take_step(copy, workspace, updating.optimizer, updating.regularization, state, updating.learning_rate)
        forward(copy, buffers, float64_copy.TRAINING)
        after = weighing.loss.total(buffers.outputs, buffers.T, weights) / normaliser
    inputs, targets, modes = buffers.X, buffers.T, float64_copy.modes(network, by_running)
    return Trace(copy, inputs, targets, loss, forward_pass, backward_pass, gradients, step, after, modes)


def weighted_inputs(placed: PlacedLayer, buffers: Buffers) -> FloatArray:
    """Return the weighted inputs Z (rows, units) of a layer, or its inputs if it has no weights."""
    io = buffers.layers[placed.index]
    if "Z" in io:
        return io["Z"]
    return buffers.layers[placed.index - 1]["A"] if placed.index else buffers.X


def _layer_forward(placed: PlacedLayer, buffers: Buffers) -> LayerForward:
    io = buffers.layers[placed.index]
    normalised, deviation = (io[name].copy() if name in io else None for name in ("normalised", "deviation"))
    return LayerForward(weighted_inputs(placed, buffers).copy(), io["A"].copy(), normalised, deviation)


def _backward(
    network: Network,
    workspace: Workspace,
    buffers: Buffers,
    weighing: Weighing,
    normaliser: float,
    weights: FloatArray | None,
) -> list[LayerBackward]:
    """Do what `network.backward` does, and copy each layer's results."""
    simplified = output_error(network, buffers, weighing.loss, normaliser, weights)
    error = buffers.layers[-1]["delta"].copy()
    if simplified:
        weighing.loss.gradient(buffers.outputs, buffers.T, error)
        error *= 1.0 / normaliser if weights is None else (weights / normaliser)[:, None]
    backward_pass = []
    for placed in reversed(network.layers):
        index = placed.index
        A_before = buffers.layers[index - 1]["A"] if index else buffers.X
        dA_before = buffers.layers[index - 1]["delta"] if index else None
        io, gradients = buffers.layers[index], workspace.views[index]
        placed.layer.backward(placed.values, A_before, io, gradients, dA_before, simplified)
        stored = {name: array.copy() for name, array in gradients.items()}
        derivative = derivative_of(placed, buffers)
        backward_pass.append(LayerBackward(index, error, derivative, io["delta"].copy(), stored, simplified))
        error = np.empty(0) if dA_before is None else dA_before.copy()
        simplified = False
    return backward_pass


def derivative_of(placed: PlacedLayer, buffers: Buffers) -> FloatArray | None:
    """Return f'(z) of every unit (rows, units), which is 1 for dropout.

    Returns None if units are coupled, or the layer has no activation.
    """
    io = buffers.layers[placed.index]
    activation = placed.layer.last_activation()
    if activation is None:
        return np.ones_like(io["A"]) if isinstance(placed.layer, Dropout) else None
    if activation.name == "softmax":
        return None
    derivative = np.ones_like(io["A"])
    activation.backward(weighted_inputs(placed, buffers), io["A"], derivative, io["scratch"])
    return derivative
