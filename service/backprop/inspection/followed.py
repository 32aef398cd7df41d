"""The numbers of the two passes as they follow from given ones: each array is computed from those given before it.

Somebody who computes by hand goes on with his own numbers, so that one mistake makes all later numbers differ. What
follows from his numbers shows which of them are mistakes of their own.
"""

from dataclasses import dataclass, field

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection import float64_copy
from service.backprop.inspection.trace import weighted_inputs
from service.backprop.layers import Dense
from service.backprop.layers.base import Views
from service.backprop.network import Buffers, Network, PlacedLayer, Workspace, output_error
from service.backprop.training.row_weights import Weighing


@dataclass(frozen=True)
class GivenLayer:
    """The given numbers of one layer, NaN where none is; None of an array of which none is given."""

    weighted_inputs: FloatArray | None = None
    activations: FloatArray | None = None
    delta: FloatArray | None = None


@dataclass
class FollowedLayer:
    """What follows in one layer; those named `own` are the given numbers, and what follows where none is given.

    Attributes
    ----------
    inputs : (rows, inputs)
        The own activations of the layer before.
    weighted_inputs, activations, dloss_dactivations, delta : (rows, units)
    gradients
        By the name of the parameter.
    """

    inputs: FloatArray
    weighted_inputs: FloatArray
    own_weighted_inputs: FloatArray
    activations: FloatArray
    own_activations: FloatArray
    dloss_dactivations: FloatArray = field(default_factory=lambda: np.empty(0))
    delta: FloatArray = field(default_factory=lambda: np.empty(0))
    own_delta: FloatArray = field(default_factory=lambda: np.empty(0))
    gradients: Views = field(default_factory=dict)


def follow(
    network: Network,
    weighing: Weighing,
    X: FloatArray,
    Y: FloatArray,
    samples: FloatArray | None,
    given: list[GivenLayer],
) -> list[FollowedLayer]:
    """Compute both passes from the given numbers of each layer, with the modes of a trace; rows as `trace` takes them.

    Without given numbers these are the numbers of the trace.
    """
    copy = float64_copy.copy_for(network, len(X) == 1)
    workspace = Workspace(copy, len(X), gradients=True, own_targets=weighing.own_targets)
    buffers = workspace.sized(len(X))
    buffers.X[...], buffers.Y[...] = X, Y
    weights, normaliser = weighing.weigh(buffers, samples)
    with np.errstate(all="ignore"):
        found: list[FollowedLayer] = []
        for placed, said in zip(copy.layers, given, strict=True):
            found.append(_forward(placed, buffers, found[-1].own_activations if found else buffers.X, said))
        simplified = output_error(copy, buffers, weighing.loss, normaliser or 1.0, weights)
        for placed in reversed(copy.layers):
            _backward(placed, workspace, buffers, found[placed.index], given[placed.index].delta, simplified)
            simplified = False
    return found


def _own(followed: FloatArray, given: FloatArray | None) -> FloatArray:
    return followed if given is None else np.where(np.isnan(given), followed, given)


def _forward(placed: PlacedLayer, buffers: Buffers, inputs: FloatArray, given: GivenLayer) -> FollowedLayer:
    io, layer = buffers.layers[placed.index], placed.layer
    layer.forward(placed.values, inputs, io, float64_copy.TRAINING, placed.index)
    Z = weighted_inputs(placed, buffers).copy()
    own_Z = _own(Z, given.weighted_inputs)
    if given.weighted_inputs is not None and isinstance(layer, Dense):
        io["Z"][...] = own_Z
        layer.activation.activate(io["Z"], io["A"])
    elif given.weighted_inputs is not None:
        inputs = own_Z  # without weights the weighted inputs are the layer's inputs
        layer.forward(placed.values, inputs, io, float64_copy.TRAINING, placed.index)
    A = io["A"].copy()
    io["A"][...] = _own(A, given.activations)
    return FollowedLayer(inputs, Z, own_Z, A, io["A"].copy())


def _backward(
    placed: PlacedLayer,
    workspace: Workspace,
    buffers: Buffers,
    found: FollowedLayer,
    given: FloatArray | None,
    simplified: bool,
) -> None:
    """Compute delta, and from the given one what it leads to: the gradients, and dC/da of the layer before."""
    io, gradients = buffers.layers[placed.index], workspace.views[placed.index]
    dA_before = buffers.layers[placed.index - 1]["delta"] if placed.index else None
    found.dloss_dactivations = io["delta"].copy()
    placed.layer.backward(placed.values, found.inputs, io, gradients, None, simplified)
    found.delta = io["delta"].copy()
    found.own_delta = io["delta"][...] = _own(found.delta, given)
    placed.layer.backward(placed.values, found.inputs, io, gradients, dA_before, True)
    found.gradients = {name: array.copy() for name, array in gradients.items()}
