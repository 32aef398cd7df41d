"""`?explain=true`: the numbers of a trace as formulas with numbers substituted, in the order of their computation."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.inspection.parameter_index import place_at
from service.backprop.inspection.trace import LayerBackward, LayerForward, Trace
from service.backprop.layers import Dense
from service.backprop.network import PlacedLayer
from service.backprop.optimizers import SGD, Optimizer
from service.backprop.optimizers.adam import Adam, AdamW
from service.backprop.training.row_weights import Weighing
from service.explain.formula_selection import select_formulas
from service.explain.unit_names import Names

SUM_TERMS = 12  # of a longer sum only the first and the last terms are written

Formula = dict[str, Any]


def number(value: float) -> str:
    """Write a number with six significant digits; a negative one in parentheses, so that it can follow a sign."""
    text = f"{value:.6g}"
    return f"({text})" if value < 0 else text


def added(count: int, term: Callable[[int], str]) -> str:
    """Write a sum of `count` terms, omitting the middle of a long one; only written terms are formatted."""
    if count <= SUM_TERMS:
        return " + ".join(map(term, range(count)))
    head, tail = range(SUM_TERMS - 2), range(count - 2, count)
    return " + ".join([*map(term, head), f"... {count - SUM_TERMS} more ...", *map(term, tail)])


def products(left: FloatArray, right: FloatArray, and_then: float | None = None) -> str:
    """Write the sum of the products of two vectors, plus the number `and_then` if there is one."""

    def term(index: int) -> str:
        if index == len(left):
            return number(and_then or 0.0)
        return f"{number(left[index])} * {number(right[index])}"

    return added(len(left) + (and_then is not None), term)


class Formulas:
    """Writes the formulas of one trace, which was computed with `weighing` and `optimizer`."""

    def __init__(self, trace: Trace, weighing: Weighing, optimizer: Optimizer, learning_rate: float) -> None:
        self.trace, self.loss, self.optimizer, self.learning_rate = trace, weighing.loss.name, optimizer, learning_rate
        self.network, self.names, self.chosen = trace.network, Names(trace.network), select_formulas(trace)
        self.rows = len(trace.inputs)
        # the update has changed the copy's parameters; the forward pass used the previous ones
        self.before = [placed.views(trace.update.before) for placed in trace.network.layers]

    def all(self) -> list[Formula]:
        """Return the formulas of the forward pass, the error, the backward pass and the update."""
        found: list[Formula] = []
        for placed, forward in zip(self.network.layers, self.trace.forward, strict=True):
            found += self._forward(placed, forward)
        found.append(self._formula("C", "loss", f"{self.loss}, averaged over {self._over()}", self.trace.loss))
        for backward in self.trace.backward:
            found += self._backward(backward)
        found += self._update()
        found.append(self._formula("sum", "predicted change", "all contributions added up", self._predicted()))
        after, before = self.trace.loss_after, self.trace.loss
        words = f"{number(after)} - {number(before)}"
        return [*found, self._formula("C_after - C", "actual change", words, after - before)]

    def _over(self) -> str:
        return "1 row" if self.rows == 1 else f"{self.rows} rows"

    def _predicted(self) -> float:
        return float(self.trace.contributions.sum())

    def _formula(self, equation: str, of: str, formula: str, value: float, row: int | None = None) -> Formula:
        written: Formula = {"equation": equation, "of": of, "formula": formula, "value": float(value)}
        return written if row is None else {**written, "row": row}

    def _given(self, layer: int) -> FloatArray:
        """Return the inputs of a layer (rows, inputs)."""
        return self.trace.forward[layer - 1].activations if layer else self.trace.inputs

    def _forward(self, placed: PlacedLayer, forward: LayerForward) -> Iterator[Formula]:
        index, A_before = placed.index, self._given(placed.index)
        activation = placed.layer.last_activation()
        values = self.before[index]
        for row in range(self.rows):
            for unit in self.chosen.units[index]:
                name = self.names.unit(index, unit)
                z, a = forward.weighted_inputs[row, unit], forward.activations[row, unit]
                if isinstance(placed.layer, Dense):
                    formula = products(A_before[row], values["weights"][:, unit], values["biases"][unit])
                    yield self._formula("z = a_in W + b", f"weighted input of {name}", formula, z, row)
                if activation is not None:
                    yield self._formula("a = f(z)", f"activation of {name}", f"{activation.name}({z:.6g})", a, row)
                elif forward.normalised is not None and placed.shapes:
                    yield self._normalised(name, forward, row, unit)
                    scaled = f"{number(values['weights'][unit])} * {number(forward.normalised[row, unit])}"
                    words = f"{scaled} + {number(values['biases'][unit])}"
                    yield self._formula("a = w x' + b", f"activation of {name}", words, a, row)
                else:
                    yield self._formula("a = z", f"activation of {name}", number(z), a, row)

    def _normalised(self, name: str, forward: LayerForward, row: int, unit: int) -> Formula:
        assert forward.normalised is not None and forward.deviation is not None
        deviation = np.broadcast_to(forward.deviation, forward.normalised.shape)[row, unit]
        x, normalised = forward.weighted_inputs[row, unit], forward.normalised[row, unit]
        words = f"({number(x)} - {number(x - normalised * deviation)}) / {number(deviation)}"
        return self._formula("x' = (x - mean) / deviation", f"normalised input of {name}", words, normalised, row)

    def _backward(self, backward: LayerBackward) -> Iterator[Formula]:
        index, placed = backward.layer, self.network.layers[backward.layer]
        equation = "BP1" if index == len(self.network.layers) - 1 else "BP2"
        for row in range(self.rows):
            for unit in self.chosen.units[index]:
                name = self.names.unit(index, unit)
                error, delta = backward.dloss_dactivations[row, unit], backward.delta[row, unit]
                yield self._formula(equation, f"dC/da of {name}", self._error(index, row, unit), error, row)
                derivative = backward.dactivation_dweighted_inputs
                if placed.layer.last_activation() is not None and derivative is not None:
                    words = self._derivative(index, row, unit)
                    yield self._formula("f'(z)", f"f'(z) of {name}", words, derivative[row, unit], row)
                yield self._formula(equation, f"delta of {name}", self._delta(backward, row, unit), delta, row)
        yield from self._gradients(backward, placed)

    def _derivative(self, layer: int, row: int, unit: int) -> str:
        forward, activation = self.trace.forward[layer], self.network.layers[layer].layer.last_activation()
        name = "" if activation is None else activation.name
        a, z = number(forward.activations[row, unit]), forward.weighted_inputs[row, unit]
        written = {"linear": "1", "sigmoid": f"{a} * (1 - {a})", "tanh": f"1 - {a} * {a}"}
        return written.get(name, f"{name}'({z:.6g})")

    def _error(self, layer: int, row: int, unit: int) -> str:
        if layer == len(self.network.layers) - 1:
            a, y = self.trace.forward[-1].activations[row, unit], self.trace.targets[row, unit]
            if self.loss == "quadratic" and self.rows == 1:
                return f"{number(a)} - {number(y)}"
            return f"dC/da of {self.loss} at a = {number(a)}, y = {number(y)}, over {self._over()}"
        behind = self._layer_backward(layer + 1)
        if isinstance(self.network.layers[layer + 1].layer, Dense):
            weights = self.before[layer + 1]["weights"][unit]
            return products(behind.delta[row], weights)
        return f"what comes back through {self.network.layers[layer + 1].layer.name}"

    def _layer_backward(self, layer: int) -> LayerBackward:
        return self.trace.backward[len(self.network.layers) - 1 - layer]

    def _delta(self, backward: LayerBackward, row: int, unit: int) -> str:
        error = number(backward.dloss_dactivations[row, unit])
        activation = self.network.layers[backward.layer].layer.last_activation()
        if backward.fused:
            a, y = self.trace.forward[-1].activations[row, unit], self.trace.targets[row, unit]
            return f"a - y of {self.loss}, simplified, at a = {number(a)}, y = {number(y)}, over {self._over()}"
        if activation is None:
            return error
        if backward.dactivation_dweighted_inputs is None:
            return f"a Jacobian's product: unit {unit + 1} of {activation.name}"
        return f"{error} * {number(backward.dactivation_dweighted_inputs[row, unit])}"

    def _gradients(self, backward: LayerBackward, placed: PlacedLayer) -> Iterator[Formula]:
        A_before = self._given(placed.index)
        normalised = self.trace.forward[placed.index].normalised
        for at in self.chosen.parameters[placed.index]:
            place = place_at(self.network, at)
            delta = backward.delta[:, place.index[-1]]
            if place.name == "biases":
                equation, words = "BP3", " + ".join(map(number, delta))
            elif len(place.index) == 2:
                equation, words = "BP4", products(A_before[:, place.index[0]], delta)
            elif normalised is not None:
                equation, words = "BP4", products(normalised[:, place.index[0]], delta)
            else:
                equation, words = "dC/dw", f"of {placed.layer.name}"
            of = f"dC/d{place.name[0]} of {self.names.parameter(place)}"
            yield self._formula(equation, of, words, float(backward.gradients[place.name][place.index]))

    def _update(self) -> Iterator[Formula]:
        trace, step, contributions = self.trace, self.trace.step, self.trace.contributions
        for at in np.concatenate(self.chosen.parameters):
            name = self.names.parameter(place_at(self.network, at))
            yield self._formula("step", f"step of {name}", self._step(at), step[at])
            before, after = trace.update.before[at], trace.update.after[at]
            yield self._formula("w + step", f"{name} after", f"{number(before)} + {number(step[at])}", after)
            words = f"{number(trace.gradients[at])} * {number(step[at])}"
            yield self._formula("dC/dw * step", f"contribution of {name}", words, contributions[at])

    def _step(self, at: int) -> str:
        terms = {name: number(vector[at]) for name, vector in self.trace.update.terms.items()}
        rate, optimizer = number(self.learning_rate), self.optimizer
        if isinstance(optimizer, SGD) and not optimizer.nesterov:
            return f"-{rate} * {terms.get('velocity', number(self.trace.update.gradient[at]))}"
        if isinstance(optimizer, Adam) and not isinstance(optimizer, AdamW):
            root = f"sqrt({terms['corrected_squares']}) + {optimizer.epsilon:g}"
            return f"-{rate} * {terms['corrected_means']} / ({root})"
        made_of = ", ".join(f"{name} {value}" for name, value in terms.items())
        return f"by {optimizer.name} at the rate {rate}" + (f", of {made_of}" if made_of else "")
