"""Diagnostics of each layer: norms of delta, weights and updates, and shares of saturated and dead units.

Measured at the last step of an epoch, in epochs chosen by sizes alone, so that they cost a small part of the work.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Buffers, Network, PlacedLayer

SAMPLE_ROWS = 256  # on which saturated and dead units are counted
SAMPLE_COST = 11.0  # of the epoch's own work a sample of all its rows is a third; this holds it to 3 %
STEP_COST = 32.0  # so many batches' worth of calls are a measurement's
VANISHED = 1 / 50  # of the output layer's delta: Nielsen's four hidden layers have 1 / 100 in the first
EXPLODED = 50.0
FLAT = 0.01  # a derivative smaller than that is saturated
DEAD_SHARE = 0.5
PLATEAU_SHARE = 0.1  # of all epochs
PLATEAU_EPOCHS = 20
PLATEAU_GAIN = 1e-3


@dataclass(frozen=True)
class LayerDiagnostics:
    """One layer at the last step of an epoch.

    `delta` is the length of the error, summed over the batch's rows (for a dense layer that of its biases' gradient);
    `weights` and `updates` the lengths of its parameters and of the step they took, None without parameters;
    `saturated` the share of outputs with a derivative below 0.01, `dead` the share of units whose derivative is 0 for
    every row, both on the first training rows, None where the activation knows no such thing.
    """

    delta: float
    weights: float | None
    updates: float | None
    saturated: float | None
    dead: float | None


@dataclass(frozen=True)
class Warned:
    """A warning for a person to look at; `layer` is None when it concerns the whole network."""

    code: str
    epoch: int
    layer: int | None
    detail: str


def stride(rows: int, batches: int) -> int:
    """Return how many epochs lie between measurements: 1 from some thousand rows and batches on."""
    return max(1, math.ceil(SAMPLE_COST * min(rows, SAMPLE_ROWS) / rows + STEP_COST / batches))


def is_due(epoch: int, every: int) -> bool:
    """Powers of two are always measured, so that a short run has some."""
    return epoch > 0 and (epoch % every == 0 or epoch & (epoch - 1) == 0)


def next_due(epoch: int, every: int) -> int:
    """The first epoch after `epoch` that is measured."""
    return min((epoch // every + 1) * every, 1 << epoch.bit_length())


def measure(
    network: Network, shards: Sequence[Buffers], before: FloatArray, sample: Buffers
) -> tuple[LayerDiagnostics, ...]:
    """All layers after a step: of its `shards`, the parameters `before` it, and a forward pass of a `sample`.

    `before` is used up: it holds the step taken afterwards.
    """
    np.subtract(network.parameters, before, out=before)
    return tuple(
        _measure_layer(
            placed,
            sum((buffers.layers[placed.index]["delta"].sum(axis=0) for buffers in shards), np.zeros(placed.units)),
            network.parameters[placed.offset : placed.offset + placed.size],
            before[placed.offset : placed.offset + placed.size],
            sample,
        )
        for placed in network.layers
    )


def _measure_layer(
    placed: PlacedLayer, delta: FloatArray, parameters: FloatArray, step: FloatArray, sample: Buffers
) -> LayerDiagnostics:
    saturated, dead = _idle(placed, sample)
    has_parameters = bool(placed.size)
    return LayerDiagnostics(
        delta=float(np.linalg.norm(delta)),
        weights=float(np.linalg.norm(parameters)) if has_parameters else None,
        updates=float(np.linalg.norm(step)) if has_parameters else None,
        saturated=saturated,
        dead=dead,
    )


def _idle(placed: PlacedLayer, sample: Buffers) -> tuple[float | None, float | None]:
    """The shares of saturated outputs and of dead units in a forward pass."""
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
    """Return the warnings that a measurement gives reason for."""
    # a batch normalization takes the mean over the rows off the error that reaches what stands before it: its sum is 0
    centred = {placed.index - 1 for placed in network.layers if placed.layer.couples_rows}
    trained = [
        (placed.index, layers[placed.index])
        for placed in network.layers
        if placed.layer.regularized and placed.index not in centred
    ]
    found = []
    last = trained[-1][1].delta if trained else 0.0
    for index, layer in trained[:-1]:
        ratio = layer.delta / last if last > 0 else 1.0
        words = f"the error that reaches layer {index} is {ratio:.2g} times the output layer's"
        if ratio < VANISHED:
            found.append(Warned("vanishing_gradient", epoch, index, words))
        elif ratio > EXPLODED:
            found.append(Warned("exploding_gradient", epoch, index, words))
    for index, layer in enumerate(layers):
        if layer.dead is not None and layer.dead >= DEAD_SHARE:
            words = f"{layer.dead:.0%} of the units of layer {index} answer 0 to every row, so nothing reaches them"
            found.append(Warned("dead_units", epoch, index, words))
    return found


def undefined(epoch: int) -> Warned:
    """What is watched has no value, as an area under the curve has none where all rows are of one class."""
    return Warned("monitor_undefined", epoch, None, "what early stopping watches is not defined on these rows")


def plateau(epoch: int, epochs: int, watched: Sequence[float], memory: dict[str, float]) -> Warned | None:
    """Once what is watched has hardly become smaller for a tenth of all epochs; `memory` is part of a run's state.

    `watched` are the values of `epoch` and of those after it.
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
