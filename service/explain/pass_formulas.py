"""The formulas of single numbers of the forward and the backward pass, with numbers substituted."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.parameter_index import Place
from service.backprop.inspection.trace import LayerBackward, Trace
from service.backprop.layers import Dense
from service.explain.number_addresses import ACTIVATIONS, DELTAS, WEIGHTED_INPUTS, NumberAddress
from service.explain.number_texts import number, products
from service.explain.unit_names import Names

Formula = dict[str, Any]


def written(equation: str, of: str, formula: str, value: float, row: int | None = None) -> Formula:
    """Return one formula as answers have it."""
    found: Formula = {"equation": equation, "of": of, "formula": formula, "value": float(value)}
    return found if row is None else {**found, "row": row}


class PassFormulas:
    """Writes the formulas of the passes of one trace, which was computed with the loss of that name."""

    def __init__(self, trace: Trace, loss: str) -> None:
        self.trace, self.loss = trace, loss
        self.network, self.names, self.rows = trace.network, Names(trace.network), len(trace.inputs)
        # the update has changed the copy's parameters; the forward pass used the previous ones
        self.before = [placed.views(trace.update.before) for placed in trace.network.layers]

    def over(self) -> str:
        return "1 row" if self.rows == 1 else f"{self.rows} rows"

    def of_number(self, address: NumberAddress) -> list[Formula]:
        """Return the formula of a number, last, behind those of what it is made of, such as dC/da and f'(z)."""
        layer, array = address.of.layer, address.of.array
        if address.of.parameter is not None:
            return [self.gradient(Place(layer, address.of.parameter, address.index))]
        row, unit = address.index
        if array == WEIGHTED_INPUTS:
            return [self.weighted_input(layer, row, unit)]
        found = {ACTIVATIONS: self.activation, DELTAS: self.delta}[array]
        return list(found(layer, row, unit))

    def given(self, layer: int) -> FloatArray:
        """Return the inputs of a layer (rows, inputs)."""
        return self.trace.forward[layer - 1].activations if layer else self.trace.inputs

    def weighted_input(self, layer: int, row: int, unit: int) -> Formula:
        of, z = f"weighted input of {self.names.unit(layer, unit)}", self.trace.forward[layer].weighted_inputs
        before, values = self.given(layer)[row], self.before[layer]
        if isinstance(self.network.layers[layer].layer, Dense):
            words = products(before, values["weights"][:, unit], values["biases"][unit])
            return written("z = a_in W + b", of, words, z[row, unit], row)
        return written("z: what the layer before answers", of, number(before[unit]), z[row, unit], row)

    def activation(self, layer: int, row: int, unit: int) -> Iterator[Formula]:
        """Yield the formula of an activation; of a normalization behind that of its normalised input."""
        placed, forward, name = self.network.layers[layer], self.trace.forward[layer], self.names.unit(layer, unit)
        activation, values = placed.layer.last_activation(), self.before[layer]
        z, a = forward.weighted_inputs[row, unit], forward.activations[row, unit]
        if activation is not None:
            yield written("a = f(z)", f"activation of {name}", f"{activation.name}({z:.6g})", a, row)
        elif forward.normalised is not None and placed.shapes:
            yield self._normalised(layer, row, unit)
            scaled = f"{number(values['weights'][unit])} * {number(forward.normalised[row, unit])}"
            words = f"{scaled} + {number(values['biases'][unit])}"
            yield written("a = w x' + b", f"activation of {name}", words, a, row)
        else:
            yield written("a = z", f"activation of {name}", number(z), a, row)

    def _normalised(self, layer: int, row: int, unit: int) -> Formula:
        forward, name = self.trace.forward[layer], self.names.unit(layer, unit)
        assert forward.normalised is not None and forward.deviation is not None
        deviation = np.broadcast_to(forward.deviation, forward.normalised.shape)[row, unit]
        x, normalised = forward.weighted_inputs[row, unit], forward.normalised[row, unit]
        words = f"({number(x)} - {number(x - normalised * deviation)}) / {number(deviation)}"
        return written("x' = (x - mean) / deviation", f"normalised input of {name}", words, normalised, row)

    def delta(self, layer: int, row: int, unit: int) -> Iterator[Formula]:
        """Yield the formulas of dC/da, of f'(z) where there is one, and of delta."""
        backward, name = self.backward(layer), self.names.unit(layer, unit)
        equation = "BP1" if layer == len(self.network.layers) - 1 else "BP2"
        error, delta = backward.dloss_dactivations[row, unit], backward.delta[row, unit]
        yield written(equation, f"dC/da of {name}", self._error(layer, row, unit), error, row)
        derivative = backward.dactivation_dweighted_inputs
        if self.network.layers[layer].layer.last_activation() is not None and derivative is not None:
            words = self._derivative(layer, row, unit)
            yield written("f'(z)", f"f'(z) of {name}", words, derivative[row, unit], row)
        yield written(equation, f"delta of {name}", self._delta(backward, row, unit), delta, row)

    def _derivative(self, layer: int, row: int, unit: int) -> str:
        forward, activation = self.trace.forward[layer], self.network.layers[layer].layer.last_activation()
        name = "" if activation is None else activation.name
        a, z = number(forward.activations[row, unit]), forward.weighted_inputs[row, unit]
        known = {"linear": "1", "sigmoid": f"{a} * (1 - {a})", "tanh": f"1 - {a} * {a}"}
        return known.get(name, f"{name}'({z:.6g})")

    def _error(self, layer: int, row: int, unit: int) -> str:
        if layer == len(self.network.layers) - 1:
            a, y = self.trace.forward[-1].activations[row, unit], self.trace.targets[row, unit]
            if self.loss == "quadratic" and self.rows == 1:
                return f"{number(a)} - {number(y)}"
            return f"dC/da of {self.loss} at a = {number(a)}, y = {number(y)}, over {self.over()}"
        behind = self.backward(layer + 1)
        if isinstance(self.network.layers[layer + 1].layer, Dense):
            weights = self.before[layer + 1]["weights"][unit]
            return products(behind.delta[row], weights)
        return f"what comes back through {self.network.layers[layer + 1].layer.name}"

    def backward(self, layer: int) -> LayerBackward:
        return self.trace.backward[len(self.network.layers) - 1 - layer]

    def _delta(self, backward: LayerBackward, row: int, unit: int) -> str:
        error = number(backward.dloss_dactivations[row, unit])
        activation = self.network.layers[backward.layer].layer.last_activation()
        if backward.fused:
            a, y = self.trace.forward[-1].activations[row, unit], self.trace.targets[row, unit]
            return f"a - y of {self.loss}, simplified, at a = {number(a)}, y = {number(y)}, over {self.over()}"
        if activation is None:
            return error
        if backward.dactivation_dweighted_inputs is None:
            return f"a Jacobian's product: unit {unit + 1} of {activation.name}"
        return f"{error} * {number(backward.dactivation_dweighted_inputs[row, unit])}"

    def gradient(self, place: Place) -> Formula:
        backward, normalised = self.backward(place.layer), self.trace.forward[place.layer].normalised
        delta = backward.delta[:, place.index[-1]]
        if place.name == "biases":
            equation, words = "BP3", " + ".join(map(number, delta))
        elif len(place.index) == 2:
            equation, words = "BP4", products(self.given(place.layer)[:, place.index[0]], delta)
        elif normalised is not None:
            equation, words = "BP4", products(normalised[:, place.index[0]], delta)
        else:
            equation, words = "dC/dw", f"of {self.network.layers[place.layer].layer.name}"
        of = f"dC/d{place.name[0]} of {self.names.parameter(place)}"
        return written(equation, of, words, float(backward.gradients[place.name][place.index]))
