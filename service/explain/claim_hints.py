"""Hints at well-known mistakes: each is computed, and named where it gives just the number that is claimed."""

from collections.abc import Iterator

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.followed import FollowedLayer
from service.backprop.layers import Dense
from service.backprop.network import PlacedLayer
from service.definitions.claims import Tolerance
from service.explain.number_addresses import ACTIVATIONS, DELTAS, WEIGHTED_INPUTS, NumberAddress
from service.explain.traced_steps import TracedStep

MOST_NAMED = 2  # mistakes that give the same number

Mistake = tuple[str, float]  # what was done, and the number that comes out
TURNED = "the sign is turned around"
OTHER_SIGN = "(y - a) is taken in place of (a - y)"
SUMMED = "the rows are added up, though the loss is averaged over them"
AVERAGED_TWICE = "the rows are averaged twice: each row's delta is already divided by their number"


class Hints:
    """Finds the mistake behind a claimed number; mistakes are computed from the claimed numbers before it."""

    def __init__(self, step: TracedStep, followed: list[FollowedLayer], tolerance: Tolerance) -> None:
        self.step, self.followed, self.tolerance = step, followed, tolerance
        self.layers, self.rows = step.trace.network.layers, step.rows

    def of(self, address: NumberAddress, claimed: float) -> str | None:
        """Return a sentence about the mistakes that give the claimed number; None if none of those known does."""
        with np.errstate(all="ignore"):
            found = [what for what, value in self._mistakes(address) if self._gives(value, claimed)]
        return f"It is what comes out when {', or when '.join(found[:MOST_NAMED])}." if found else None

    def _gives(self, value: float, claimed: float) -> bool:
        """Return whether a mistake gives the number; numbers too near 0 to be told apart are not looked at."""
        allowed = max(self.tolerance.relative * abs(value), self.tolerance.absolute)
        return bool(np.isfinite(value)) and abs(value) > self.tolerance.absolute and abs(claimed - value) <= allowed

    def _mistakes(self, address: NumberAddress) -> Iterator[Mistake]:
        layer = address.of.layer
        if address.of.parameter == "weights" and len(address.index) == 2:
            yield from self._weight(layer, address.index[0], address.index[1])
        elif address.of.parameter is not None:
            yield from self._other_parameter(layer, address.of.parameter, address.index[0])
        else:
            row, unit = address.index
            finders = {WEIGHTED_INPUTS: self._weighted_input, ACTIVATIONS: self._activation, DELTAS: self._delta}
            yield from finders[address.of.array](layer, row, unit)

    def _weighted_input(self, layer: int, row: int, unit: int) -> Iterator[Mistake]:
        found, placed = self.followed[layer], self.layers[layer]
        z, A = found.weighted_inputs[row, unit], found.inputs[row]
        if isinstance(placed.layer, Dense):
            values = self.step.parameters_before(layer)
            W, b = values["weights"], values["biases"]
            yield "the bias is left out", z - b[unit]
            if W.shape[0] == W.shape[1]:
                yield "the weights are transposed: those from the unit, not those to it", _dot(A, W[unit]) + b[unit]
            if layer:
                before = self.followed[layer - 1].own_weighted_inputs[row]
                yield (
                    "the layer before gives its weighted inputs z, not its activations a",
                    _dot(before, W[:, unit]) + b[unit],
                )
            a = self._activated(layer, found.weighted_inputs)
            yield "the activation is taken in place of the weighted input", a[row, unit]
        yield TURNED, -z

    def _activation(self, layer: int, row: int, unit: int) -> Iterator[Mistake]:
        found = self.followed[layer]
        yield "the activation function is left out: it is z", found.own_weighted_inputs[row, unit]
        derivative = self._derivative(layer, found.own_weighted_inputs, found.activations)
        if derivative is not None:
            yield "f'(z) is taken in place of f(z)", derivative[row, unit]
        yield TURNED, -found.activations[row, unit]

    def _derivative(self, layer: int, Z: FloatArray, A: FloatArray) -> FloatArray | None:
        """Return f'(Z) of a layer; None where it has no activation, or one that couples its units."""
        activation = self.layers[layer].layer.last_activation()
        if activation is None or activation.name == "softmax":
            return None
        derivative = np.ones_like(A)
        activation.backward(Z, A, derivative, np.empty_like(A))
        return derivative

    def _activated(self, layer: int, Z: FloatArray) -> FloatArray:
        """Return f(Z) of a layer; Z itself where it has no activation."""
        activation, A = self.layers[layer].layer.last_activation(), Z.copy()
        if activation is not None:
            activation.activate(Z, A)
        return A

    def _derivative_at_activation(self, layer: int) -> FloatArray | None:
        """Return f' at a in place of z."""
        A = self.followed[layer].own_activations
        return self._derivative(layer, A, self._activated(layer, A))

    def _delta(self, layer: int, row: int, unit: int) -> Iterator[Mistake]:
        found, is_last = self.followed[layer], layer == len(self.layers) - 1
        delta, error = found.delta[row, unit], found.dloss_dactivations[row, unit]
        slopes = self._derivative(layer, found.own_weighted_inputs, found.own_activations)
        slope = None if slopes is None else slopes[row, unit]
        at_a = self._derivative_at_activation(layer)
        is_fused = self.step.trace.backward[len(self.layers) - 1 - layer].fused
        yield (OTHER_SIGN if is_last else TURNED), -delta
        if is_fused and slope is not None:
            yield "f'(z) is multiplied in, which cancels out for this loss and this activation", delta * slope
        elif slope is not None and at_a is not None:
            yield "f'(z) is left out", error
            if is_last:
                yield f"f'(z) is left out and {OTHER_SIGN}", -error
                yield "dC/da is left out", slope
            yield "f' is taken at a, not at z", error * at_a[row, unit]
        if is_last:
            yield from self._loss_mistakes(delta)
        elif isinstance(self.layers[layer + 1].layer, Dense) and slope is not None:
            yield from self._backwards(layer, unit, self.followed[layer + 1].own_delta[row], slope)
        if self.rows > 1:
            yield SUMMED, delta * self.rows

    def _loss_mistakes(self, delta: float) -> Iterator[Mistake]:
        if self.step.settings.loss.name == "quadratic":
            yield "the factor 1/2 of the quadratic loss is left out", 2 * delta
        if self.step.settings.loss.name == "mean_squared_error":
            yield "the factor 2 of the square's derivative is left out", delta / 2

    def _backwards(self, layer: int, unit: int, behind: FloatArray, slope: float) -> Iterator[Mistake]:
        """Yield the mistakes with the weights that an error comes back through; `behind` are the deltas behind them."""
        W, own = (self.step.parameters_before(each).get("weights") for each in (layer + 1, layer))
        after = self.step.parameters_after(layer + 1)["weights"]
        assert W is not None
        if W.shape[0] == W.shape[1]:
            yield "the weights of the layer behind are transposed", _dot(W[:, unit], behind) * slope
        if own is not None and own.shape == W.shape:
            yield (
                "the weights of this layer are taken in place of those of the layer behind",
                _dot(own[unit], behind) * slope,
            )
        yield "the weights of the layer behind are those after the update", _dot(after[unit], behind) * slope
        yield "the weights of the layer behind are left out", _sum(behind) * slope

    def _weight(self, layer: int, source: int, unit: int) -> Iterator[Mistake]:
        found = self.followed[layer]
        gradients, delta = found.gradients["weights"], found.own_delta[:, unit]
        yield from self._scaled(gradients[source, unit])
        if gradients.shape[0] == gradients.shape[1]:
            yield "the gradients are transposed: input and unit change places", gradients[unit, source]
        if layer:
            before = self.followed[layer - 1].own_weighted_inputs[:, source]
            yield "the layer before gives its weighted input z, not its activation a", _dot(before, delta)
        yield "the unit's own activation is taken in place of its input", _dot(found.own_activations[:, unit], delta)
        yield "the input is left out: it is the gradient of the bias", _sum(delta)
        yield "dC/da is taken in place of delta", _dot(found.inputs[:, source], found.dloss_dactivations[:, unit])

    def _other_parameter(self, layer: int, parameter: str, unit: int) -> Iterator[Mistake]:
        found = self.followed[layer]
        yield from self._scaled(found.gradients[parameter][unit])
        if _is_bias(self.layers[layer], parameter):
            yield "dC/da is taken in place of delta", _sum(found.dloss_dactivations[:, unit])
            yield (
                "the unit's activation is multiplied in",
                _dot(found.own_activations[:, unit], found.own_delta[:, unit]),
            )

    def _scaled(self, gradient: float) -> Iterator[Mistake]:
        rate = self.step.updating.learning_rate
        yield TURNED, -gradient
        yield "the learning rate is multiplied in", rate * gradient
        yield "the learning rate is multiplied in with a minus: it is the step of gradient descent", -rate * gradient
        if self.rows > 1:
            yield SUMMED, gradient * self.rows
            yield AVERAGED_TWICE, gradient / self.rows


def _is_bias(placed: PlacedLayer, parameter: str) -> bool:
    return parameter == "biases" and isinstance(placed.layer, Dense)


def _dot(one: FloatArray, other: FloatArray) -> float:
    return float(one @ other)


def _sum(numbers: FloatArray) -> float:
    return float(numbers.sum())
