"""Steps of backpropagation over many batches, in one call: forward, error, backward, update."""

from typing import Any, NamedTuple

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled.building import compiled, entry
from service.backprop.compiled.layers import (
    activate,
    activate_back,
    bias_gradient,
    error_before,
    weigh,
    weigh_sparse,
    weight_gradient,
    weight_gradient_sparse,
)
from service.backprop.compiled.losses import output_error
from service.backprop.compiled.optimizers import update
from service.backprop.compiled.vectors import keep_nonzero

SPARSE_BELOW = 0.5  # the share of inputs that are not 0 up to which a batch is taken as lists of them


class Plan(NamedTuple):
    """A network of dense layers and how it is trained: `layers` (layers, 5) are each one's inputs, units, activation,
    place of its weights in the parameters and place of its units in a row of all layers' units.
    """

    layers: IndexArray
    activation_settings: FloatArray
    loss: int
    loss_setting: float
    simplified: bool
    optimizer: int
    settings: "OptimizerSettings"
    l1: float
    l2: float


class OptimizerSettings(NamedTuple):
    momentum: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float


class Kept(NamedTuple):
    """A batch's inputs that are not 0: of each row, and the same turned round, of each column."""

    begins: IndexArray
    columns: Any
    values: FloatArray
    turned_begins: IndexArray
    turned_rows: Any
    turned_values: FloatArray


class Arrays(NamedTuple):
    """What a run computes in: parameters, their gradients, the optimizer's slots, and what a pass of a batch needs."""

    parameters: FloatArray
    gradients: FloatArray
    slots: tuple[FloatArray, FloatArray, FloatArray]
    Z: FloatArray
    A: FloatArray
    delta: FloatArray
    turned: FloatArray
    ones: FloatArray
    kept: Kept


@entry
def train_batches(
    plan: Plan,
    arrays: Arrays,
    X: FloatArray,
    Y: FloatArray,
    begins: IndexArray,
    rates: FloatArray,
    steps: int,
    outputs: FloatArray,
    ends: IndexArray,
    snapshots: FloatArray,
) -> None:
    """A step for each batch of rows X[begins[i]:begins[i + 1]], after `steps` steps, at the learning rate rates[i].

    The rows' outputs go into `outputs`, the parameters after batch ends[n] - 1 into snapshots[n].
    """
    one = X.dtype.type(1)
    snapshot = 0
    for batch in range(begins.size - 1):
        first, last = begins[batch], begins[batch + 1]
        A = X[first:last]
        sparse = _keep(arrays.kept, A)
        forward(plan, arrays, A, sparse, outputs[first:last], one)
        backward(plan, arrays, A, sparse, Y[first:last], one)
        _penalize(plan, arrays, one)
        update(
            plan.optimizer,
            arrays.parameters,
            arrays.gradients,
            arrays.slots,
            plan.settings,
            steps + batch + 1,
            rates[batch],
            one,
        )
        if snapshot < ends.size and ends[snapshot] == batch + 1:
            snapshots[snapshot] = arrays.parameters
            snapshot += 1


@compiled
def _keep(kept: Kept, X: FloatArray) -> bool:
    """List the inputs that are not 0, unless they are too many for that to pay."""
    most = int(SPARSE_BELOW * X.size)
    kept.begins[0] = 0
    for r in range(X.shape[0]):
        kept.begins[r + 1] = keep_nonzero(X, r, kept.columns, kept.values, kept.begins[r])
        if kept.begins[r + 1] > most:
            return False
    return True


@compiled
def _weights(plan: Plan, vector: FloatArray, layer: int) -> FloatArray:
    inputs, units, at = plan.layers[layer, 0], plan.layers[layer, 1], plan.layers[layer, 3]
    return vector[at : at + inputs * units].reshape(inputs, units)


@compiled
def _biases(plan: Plan, vector: FloatArray, layer: int) -> FloatArray:
    at = plan.layers[layer, 3] + plan.layers[layer, 0] * plan.layers[layer, 1]
    return vector[at : at + plan.layers[layer, 1]]


@compiled
def _units(plan: Plan, values: FloatArray, layer: int, rows: int) -> FloatArray:
    """A layer's part (rows, units) of what all layers' units share."""
    units, place = plan.layers[layer, 1], plan.layers[layer, 4]
    begin = place * (values.size // (plan.layers[-1, 4] + plan.layers[-1, 1]))
    return values[begin : begin + rows * units].reshape(rows, units)


@compiled
def forward(plan: Plan, arrays: Arrays, X: FloatArray, sparse: bool, outputs: FloatArray, one: float) -> None:
    """The signal runs through input, hidden and output units."""
    rows, count = X.shape[0], plan.layers.shape[0]
    for layer in range(count):
        W, b = _weights(plan, arrays.parameters, layer), _biases(plan, arrays.parameters, layer)
        Z, A = _units(plan, arrays.Z, layer, rows), _units(plan, arrays.A, layer, rows)
        if layer == 0 and sparse:
            weigh_sparse(arrays.kept, W, b, Z)
        elif layer == 0:
            weigh(X, W, b, Z)
        else:
            weigh(_units(plan, arrays.A, layer - 1, rows), W, b, Z)
        activate(plan.layers[layer, 2], Z, A, type(one)(plan.activation_settings[layer]), one)
    outputs[:] = _units(plan, arrays.A, count - 1, rows)


@compiled
def backward(plan: Plan, arrays: Arrays, X: FloatArray, sparse: bool, T: FloatArray, one: float) -> None:
    """The error's partial derivatives, from the last layer back."""
    rows, last = X.shape[0], plan.layers.shape[0] - 1
    delta = _units(plan, arrays.delta, last, rows)
    output_error(
        plan.loss, plan.simplified, _units(plan, arrays.A, last, rows), T, delta, type(one)(plan.loss_setting), one
    )
    for layer in range(last, -1, -1):
        W = _weights(plan, arrays.parameters, layer)
        dW, db = _weights(plan, arrays.gradients, layer), _biases(plan, arrays.gradients, layer)
        delta = _units(plan, arrays.delta, layer, rows)
        if layer < last or not plan.simplified:
            Z, A = _units(plan, arrays.Z, layer, rows), _units(plan, arrays.A, layer, rows)
            activate_back(plan.layers[layer, 2], Z, A, delta, type(one)(plan.activation_settings[layer]), one)
        bias_gradient(delta, arrays.ones, db.reshape(1, db.size))
        if layer == 0 and sparse:
            weight_gradient_sparse(arrays.kept, delta, dW)
        elif layer == 0:
            weight_gradient(X, delta, dW)
        else:
            weight_gradient(_units(plan, arrays.A, layer - 1, rows), delta, dW)
            error_before(delta, W, _units(plan, arrays.delta, layer - 1, rows), arrays.turned)


@compiled
def _penalize(plan: Plan, arrays: Arrays, one: float) -> None:
    """Add the derivatives of the penalties on weights, as `regularization.py` has them."""
    if plan.l1 == 0 and plan.l2 == 0:
        return
    l1, l2 = type(one)(plan.l1), type(one)(plan.l2)
    for layer in range(plan.layers.shape[0]):
        at = plan.layers[layer, 3]
        for i in range(at, at + plan.layers[layer, 0] * plan.layers[layer, 1]):
            w = arrays.parameters[i]
            arrays.gradients[i] += l2 * w + l1 * np.sign(w)
