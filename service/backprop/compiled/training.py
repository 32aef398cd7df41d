"""Steps of backpropagation over many batches, in one call: forward, error, backward, update."""

from typing import Any, NamedTuple

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.compiled.activations import activate, activate_back
from service.backprop.compiled.building import compiled, entry
from service.backprop.compiled.layers import (
    SCATTER_UNITS,
    bias_gradient,
    descend_sparse,
    error_before,
    weigh,
    weigh_sparse,
    weight_gradient,
    weight_gradient_sparse,
)
from service.backprop.compiled.losses import output_error
from service.backprop.compiled.optimizers import SGD, update
from service.backprop.compiled.threads import meet
from service.backprop.compiled.vectors import keep_nonzero

ROOM = 64  # entries after the end of a row that a vector register may write to
DIRECT_ROWS = 32  # the largest batch whose weights are updated row by row, as each update rounds
SPARSE_BELOW = 0.5  # the share of nonzero inputs up to which a batch is processed as lists of them


class Plan(NamedTuple):
    """A network of dense layers and the settings of its training, with each batch in `parts` parts.

    `layers` (layers, 5) holds, for each layer, the numbers of inputs and units, the code of its activation, the offset
    of its weights in the parameters, and the offset of its units in a row of the units of all layers.
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
    parts: int


class OptimizerSettings(NamedTuple):
    momentum: float
    beta1: float
    beta2: float
    epsilon: float
    weight_decay: float


class NonzeroInputs(NamedTuple):
    """The nonzero inputs of a batch: those of row r at begins[r] up to ends[r], and the same sorted by column.

    `sparse` (parts,) says for which parts of the batch they are listed.
    """

    begins: IndexArray
    ends: IndexArray
    columns: Any
    values: FloatArray
    turned_begins: IndexArray  # (parts, inputs + 1)
    turned_rows: Any
    turned_values: FloatArray
    sparse: Any


class Arrays(NamedTuple):
    """The arrays of a run: parameters, gradients, the optimizer's slots, and the arrays of a pass over a batch."""

    parameters: FloatArray
    gradients: FloatArray
    slots: tuple[FloatArray, FloatArray, FloatArray]
    Z: FloatArray
    A: FloatArray
    delta: FloatArray
    turned: FloatArray  # (parts, weights)
    ones: FloatArray
    nonzero: NonzeroInputs
    barrier: IndexArray


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
    thread: int,
    threads: int,
) -> None:
    """Do a step of training for each batch of rows.

    Each of `threads` threads calls this with its own number `thread`. They share the `plan.parts` parts of a batch.

    Parameters
    ----------
    X, Y : (rows, inputs), (rows, outputs)
        The rows of all batches.
    begins : (batches + 1,)
        Batch i consists of the rows begins[i] up to begins[i + 1].
    rates : (batches,)
        The learning rate of each batch.
    steps
        The number of optimizer steps before this call.
    outputs : (rows, outputs)
        The outputs of the rows, before the step of their batch, are written here.
    ends : (k,)
        Numbers of batches after which the parameters are copied into `snapshots`.
    snapshots : (k, parameters)
        The parameters after the first ends[n] batches are written to snapshots[n].
    """
    one = X.dtype.type(1)
    snapshot = 0
    for batch in range(begins.size - 1):
        first, last = begins[batch], begins[batch + 1]
        for part in range(thread, plan.parts, threads):
            pass_rows(plan, arrays, part, X[first:last], Y[first:last], outputs[first:last], one)
        meet(arrays.barrier, threads)
        for part in range(thread, plan.parts, threads):
            move_parameters(plan, arrays, part, X[first:last], steps + batch + 1, rates[batch], one)
        meet(arrays.barrier, threads)
        if snapshot < ends.size and ends[snapshot] == batch + 1:
            if thread == 0:
                snapshots[snapshot] = arrays.parameters
            snapshot += 1
            meet(arrays.barrier, threads)


@compiled
def pass_rows(
    plan: Plan, arrays: Arrays, part: int, X: FloatArray, T: FloatArray, outputs: FloatArray, one: float
) -> None:
    """Do the forward pass of a part of a batch, and propagate its error back to the first layer."""
    rows = X.shape[0]
    first, last = rows * part // plan.parts, rows * (part + 1) // plan.parts
    if first == last:
        arrays.nonzero.sparse[part] = True
        return
    arrays.nonzero.sparse[part] = _gather_nonzero(arrays.nonzero, part, first, X[first:last])
    forward(plan, arrays, part, first, X[first:last], outputs[first:last], one)
    backward(plan, arrays, part, first, T[first:last], one / type(one)(rows), one)


@compiled
def _gather_nonzero(nonzero: NonzeroInputs, part: int, first: int, X: FloatArray) -> bool:
    """List the nonzero inputs, unless there are too many of them; return whether they are listed."""
    begin = at = first * X.shape[1] + part * ROOM
    most = int(SPARSE_BELOW * X.size)
    for r in range(X.shape[0]):
        nonzero.begins[first + r] = at
        at = keep_nonzero(X, r, nonzero.columns, nonzero.values, at)
        nonzero.ends[first + r] = at
        if at - begin > most:
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
def _units(plan: Plan, values: FloatArray, layer: int, first: int, rows: int) -> FloatArray:
    """Return a layer's units (rows, units), from the batch's row `first` on, as a view of the array of all layers."""
    units, place = plan.layers[layer, 1], plan.layers[layer, 4]
    begin = place * (values.size // (plan.layers[-1, 4] + plan.layers[-1, 1])) + first * units
    return values[begin : begin + rows * units].reshape(rows, units)


@compiled
def forward(plan: Plan, arrays: Arrays, part: int, first: int, X: FloatArray, outputs: FloatArray, one: float) -> None:
    """Compute the outputs of every layer for a part of a batch."""
    rows, count = X.shape[0], plan.layers.shape[0]
    for layer in range(count):
        W, b = _weights(plan, arrays.parameters, layer), _biases(plan, arrays.parameters, layer)
        Z, A = _units(plan, arrays.Z, layer, first, rows), _units(plan, arrays.A, layer, first, rows)
        if layer:
            weigh(_units(plan, arrays.A, layer - 1, first, rows), W, b, Z)
        elif arrays.nonzero.sparse[part]:
            weigh_sparse(arrays.nonzero, first, W, b, Z)
        else:
            weigh(X, W, b, Z)
        activate(plan.layers[layer, 2], Z, A, type(one)(plan.activation_settings[layer]), one)
    outputs[:] = _units(plan, arrays.A, count - 1, first, rows)


@compiled
def backward(plan: Plan, arrays: Arrays, part: int, first: int, T: FloatArray, share: float, one: float) -> None:
    """Compute the error of every layer from the last one back (BP1 and BP2); each row has a weight of `share`."""
    rows, last = T.shape[0], plan.layers.shape[0] - 1
    delta, A = _units(plan, arrays.delta, last, first, rows), _units(plan, arrays.A, last, first, rows)
    output_error(plan.loss, plan.simplified, A, T, delta, type(one)(plan.loss_setting), share, one)
    for layer in range(last, -1, -1):
        delta = _units(plan, arrays.delta, layer, first, rows)
        if layer < last or not plan.simplified:
            Z, A = _units(plan, arrays.Z, layer, first, rows), _units(plan, arrays.A, layer, first, rows)
            activate_back(plan.layers[layer, 2], Z, A, delta, type(one)(plan.activation_settings[layer]), one)
        if layer:
            before = _units(plan, arrays.delta, layer - 1, first, rows)
            error_before(delta, _weights(plan, arrays.parameters, layer), before, arrays.turned[part])


@compiled
def move_parameters(
    plan: Plan, arrays: Arrays, part: int, X: FloatArray, step: int, learning_rate: float, one: float
) -> None:
    """Compute gradients (BP3, BP4) and update, for a part of each layer's inputs; the last part includes the biases."""
    for layer in range(plan.layers.shape[0]):
        inputs, units, at = plan.layers[layer, 0], plan.layers[layer, 1], plan.layers[layer, 3]
        begin, end = inputs * part // plan.parts, inputs * (part + 1) // plan.parts
        if layer == 0 and _descends_directly(plan, arrays, X.shape[0]):
            begin = end
        else:
            weigh_error(plan, arrays, layer, part, begin, end, X)
        first, last = at + begin * units, at + end * units
        _penalize(plan, arrays, first, last, one)
        if part == plan.parts - 1:
            db = _biases(plan, arrays.gradients, layer)
            delta = _units(plan, arrays.delta, layer, 0, X.shape[0])
            bias_gradient(delta, arrays.ones, db.reshape(1, db.size))
            last += units
        first_slot, second, third = arrays.slots
        update(
            plan.optimizer,
            arrays.parameters[first:last],
            arrays.gradients[first:last],
            (first_slot[first:last], second[first:last], third[first:last]),
            plan.settings,
            step,
            learning_rate,
            one,
        )
    if _descends_directly(plan, arrays, X.shape[0]):
        delta = _units(plan, arrays.delta, 0, 0, X.shape[0])
        descend_sparse(arrays.nonzero, delta, type(one)(learning_rate), _weights(plan, arrays.parameters, 0))


@compiled
def _descends_directly(plan: Plan, arrays: Arrays, rows: int) -> bool:
    """Return whether the first layer's weights are updated row by row: with small sparse batches and plain SGD."""
    plain = plan.optimizer == SGD and plan.l1 == 0 and plan.l2 == 0 and plan.parts == 1
    return plain and rows <= DIRECT_ROWS and plan.layers[0, 1] <= SCATTER_UNITS and arrays.nonzero.sparse.all()


@compiled
def weigh_error(plan: Plan, arrays: Arrays, layer: int, part: int, begin: int, end: int, X: FloatArray) -> None:
    """Compute BP4 for a layer's inputs `begin` up to `end`."""
    rows = X.shape[0]
    delta, dW = _units(plan, arrays.delta, layer, 0, rows), _weights(plan, arrays.gradients, layer)
    if layer:
        weight_gradient(_units(plan, arrays.A, layer - 1, 0, rows), delta, begin, end, dW)
    elif arrays.nonzero.sparse.all():
        weight_gradient_sparse(arrays.nonzero, delta, part, begin, end, dW)
    else:
        weight_gradient(X, delta, begin, end, dW)


@compiled
def _penalize(plan: Plan, arrays: Arrays, first: int, last: int, one: float) -> None:
    """Add the derivatives of the penalties on weights, as in `regularization.py`."""
    if plan.l1 == 0 and plan.l2 == 0:
        return
    l1, l2 = type(one)(plan.l1), type(one)(plan.l2)
    for i in range(first, last):
        w = arrays.parameters[i]
        arrays.gradients[i] += l2 * w + l1 * np.sign(w)
