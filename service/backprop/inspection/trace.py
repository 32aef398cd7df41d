"""A trace of one step of backpropagation: the result of every equation, in the order of computation.

The signal goes forward; the error is measured; each parameter's part in it is found, from the last layer back; each
parameter moves. BP1 to BP4 are Nielsen's (Neural Networks and Deep Learning, chapter 2).
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
    """A layer on the way forward; all arrays are (rows, units) but a deviation by units or by rows alone.

    `weighted_inputs` of a layer that weighs nothing are what it was given. `normalised` and `deviation` are there for
    normalizations.
    """

    weighted_inputs: FloatArray
    activations: FloatArray
    normalised: FloatArray | None
    deviation: FloatArray | None


@dataclass(frozen=True)
class LayerBackward:
    """A layer on the way back; arrays by row (rows, units), gradients as the layer's parameters.

    `dactivation_dweighted_inputs` is None where a unit's output depends on other units' weighted inputs, too.
    `fused`: delta came from the simplified form of a matched pair of loss and activation.
    """

    layer: int
    dloss_dactivations: FloatArray
    dactivation_dweighted_inputs: FloatArray | None
    delta: FloatArray
    gradients: Views
    fused: bool


@dataclass(frozen=True)
class Trace:
    """One traced step. `network` is the copy it was computed with, after the step.

    Vectors are laid out as its parameters.
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
        """Each parameter's share in the change of the loss, as its tangent has it: gradient times step."""
        return np.asarray(self.gradients * self.step)


@dataclass(frozen=True)
class Updating:
    """How parameters move: the optimizer, from where it stands (None: a fresh start), with what holds them small."""

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
    """One step over the rows X (rows, inputs), Y (rows, outputs), weighed by `samples`; `network` is only read.

    Batch normalization goes by the rows' own statistics; a single row has none, so the running ones stand in.
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
    """Z of a layer that has its own, else what it was given."""
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
    """f'(z) of every unit (rows, units); 1 where dropout passes on what it is given.

    None where units are coupled, or a layer has no activation."""
    io = buffers.layers[placed.index]
    activation = placed.layer.last_activation()
    if activation is None:
        return np.ones_like(io["A"]) if isinstance(placed.layer, Dropout) else None
    if activation.name == "softmax":
        return None
    derivative = np.ones_like(io["A"])
    activation.backward(weighted_inputs(placed, buffers), io["A"], derivative, io["scratch"])
    return derivative
