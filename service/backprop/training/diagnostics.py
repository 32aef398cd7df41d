"""Diagnostics of each layer: norms of delta, weights and updates, and shares of saturated and dead units.

They are computed at the last step of some epochs. The interval between those depends on the sizes of the data and the
network alone, and is long enough that diagnostics take a small part of the time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.network import Buffers, Network, PlacedLayer
from service.backprop.randomness import Purpose, generator

SAMPLE_ROWS = 256  # on which saturated and dead units are counted
SAMPLE_COST = 11.0  # a pass of all rows takes a third of an epoch's work, so in every 11th epoch 3 %
STEP_COST = 32.0  # the cost of computing diagnostics, in batches
VANISHED = 1 / 50  # of the output layer's error; Nielsen's example with four hidden layers has 1 / 100
EXPLODED = 50.0
FLAT = 0.01  # a unit with a smaller derivative is saturated
DEAD_SHARE = 0.5
PLATEAU_SHARE = 0.1  # of all epochs
PLATEAU_EPOCHS = 20
PLATEAU_GAIN = 1e-3


@dataclass(frozen=True)
class LayerDiagnostics:
    """The diagnostics of one layer at the last step of an epoch.

    Attributes
    ----------
    delta
        The norm of the error summed over the batch's rows, which for a dense layer is the gradient of its biases. The
        errors of rows cancel in it: in a full batch of a network that has converged it is close to 0.
    weights, updates
        The norms of the layer's parameters and of their step; None without parameters.
    saturated
        The share of outputs with a derivative below 0.01 on some training rows; None for activations that do not
        saturate.
    dead
        The share of units whose derivative is 0 for all of these rows; None for activations whose units cannot die.
    error
        The norm of the errors of all rows of the batch, in which nothing cancels: Glorot and Bengio ("Understanding the
        difficulty of training deep feedforward neural networks", 2010, section 4) judge by the variance of each row's
        error at each layer. Warnings of vanishing and exploding gradients compare these. None in a state of an earlier
        release.
    """

    delta: float
    weights: float | None
    updates: float | None
    saturated: float | None
    dead: float | None
    error: float | None = None


@dataclass(frozen=True)
class Warned:
    """A warning for the user; `layer` is None when it concerns the whole network."""

    code: str
    epoch: int
    layer: int | None
    detail: str


def stride(rows: int, batches: int) -> int:
    """Return the interval of diagnostics in epochs, which is 1 for more than a few thousand rows and many batches."""
    return max(1, math.ceil(SAMPLE_COST * min(rows, SAMPLE_ROWS) / rows + STEP_COST / batches))


def is_due(epoch: int, every: int) -> bool:
    """Return whether an epoch has diagnostics: every `every`-th, and powers of two, so that a short run has some."""
    return epoch > 0 and (epoch % every == 0 or epoch & (epoch - 1) == 0)


def next_due(epoch: int, every: int) -> int:
    """Return the first epoch after `epoch` that has diagnostics."""
    return min((epoch // every + 1) * every, 1 << epoch.bit_length())


def sample_of(rows: int, seed: int) -> IndexArray:
    """Return the ascending indices of at most `SAMPLE_ROWS` rows, drawn at random as rows may be sorted by class."""
    if rows <= SAMPLE_ROWS:
        return np.arange(rows, dtype=np.intp)
    return np.sort(generator(seed, Purpose.SAMPLE).choice(rows, SAMPLE_ROWS, replace=False)).astype(np.intp)


def measure(
    network: Network, shards: Sequence[Buffers], before: FloatArray, sample: Buffers
) -> tuple[LayerDiagnostics, ...]:
    """Compute the diagnostics of all layers after a step.

    Parameters
    ----------
    shards
        The buffers of the step's batch after the backward pass.
    before : (parameters,)
        The parameters before the step. They are overwritten with the step.
    sample
        The buffers of a forward pass over the sampled rows.
    """
    np.subtract(network.parameters, before, out=before)
    return tuple(
        _measure_layer(
            placed,
            [buffers.layers[placed.index]["delta"] for buffers in shards],
            network.parameters[placed.offset : placed.offset + placed.size],
            before[placed.offset : placed.offset + placed.size],
            sample,
        )
        for placed in network.layers
    )


def _measure_layer(
    placed: PlacedLayer, deltas: Sequence[FloatArray], parameters: FloatArray, step: FloatArray, sample: Buffers
) -> LayerDiagnostics:
    saturated, dead = _idle(placed, sample)
    summed = sum((delta.sum(axis=0) for delta in deltas), np.zeros(placed.units))
    # in float64, as squares leave the range of float32
    squares = math.fsum(float(np.einsum("ij,ij->", delta, delta, dtype=np.float64)) for delta in deltas)
    has_parameters = bool(placed.size)
    return LayerDiagnostics(
        delta=float(np.linalg.norm(summed)),
        weights=float(np.linalg.norm(parameters)) if has_parameters else None,
        updates=float(np.linalg.norm(step)) if has_parameters else None,
        saturated=saturated,
        dead=dead,
        error=math.sqrt(squares),
    )


def _idle(placed: PlacedLayer, sample: Buffers) -> tuple[float | None, float | None]:
    """Return the shares of saturated outputs and of dead units in a forward pass."""
    activation = placed.layer.last_activation()
    if activation is None or not (activation.saturates or activation.dies):
        return None, None
    io = sample.layers[placed.index]
    Z = io["Z"] if "Z" in io else sample.layers[placed.index - 1]["A"] if placed.index else sample.X
    derivative = np.ones_like(io["A"])
    activation.backward(Z, io["A"], derivative, io["scratch"])
    saturated = float((np.abs(derivative) < FLAT).mean()) if activation.saturates else None
    dead = float((derivative == 0).all(axis=0).mean()) if activation.dies else None
    return saturated, dead


def warnings_of(network: Network, epoch: int, layers: Sequence[LayerDiagnostics]) -> list[Warned]:
    """Return the warnings that the diagnostics of an epoch give reason for."""
    trained = [placed.index for placed in network.layers if placed.layer.regularized]
    found = []
    last = layers[trained[-1]].error if trained else None
    for index in trained[:-1]:
        error = layers[index].error
        ratio = error / last if last and error is not None else 1.0
        words = f"the error that reaches layer {index} is {ratio:.2g} times the output layer's"
        if ratio < VANISHED:
            found.append(Warned("vanishing_gradient", epoch, index, words))
        elif ratio > EXPLODED:
            found.append(Warned("exploding_gradient", epoch, index, words))
    for index, layer in enumerate(layers):
        if layer.dead is not None and layer.dead >= DEAD_SHARE:
            words = (
                f"{layer.dead:.0%} of the units of layer {index} answer 0 to every sampled row, so nothing reaches them"
            )
            found.append(Warned("dead_units", epoch, index, words))
    return found


def undefined(epoch: int) -> Warned:
    """Return the warning that the monitored metric is undefined, such as an area under the curve of a single class."""
    return Warned("monitor_undefined", epoch, None, "what early stopping watches is not defined on these rows")


def plateau(epoch: int, epochs: int, watched: Sequence[float], memory: dict[str, float]) -> Warned | None:
    """Return a warning, once, when the watched value has hardly improved for a tenth of all epochs.

    Parameters
    ----------
    epoch
        The first epoch of `watched`.
    epochs
        The number of epochs of the whole training.
    watched
        The watched values of consecutive epochs, to be minimised.
    memory
        What earlier calls have stored; part of the training state.
    """
    best, since = memory.get("best", math.inf), memory.get("since", 0.0)
    waited = max(PLATEAU_EPOCHS, math.ceil(PLATEAU_SHARE * epochs))
    flat_at: int | None = None
    for number, value in enumerate(watched, epoch):
        if value < best - PLATEAU_GAIN * abs(best) or not math.isfinite(best):
            best, since = value, float(number)
        elif number - since == waited:
            flat_at = number
    memory["best"], memory["since"] = best, since
    if flat_at is None:
        return None
    detail = f"nothing better by more than 0.1 % was seen in the last {waited} epochs"
    return Warned("plateau", flat_at, None, detail)
