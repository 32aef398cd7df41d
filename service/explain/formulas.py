"""`?explain=true`: the numbers of a trace as formulas with numbers substituted, in the order of their computation."""

from collections.abc import Iterator

import numpy as np

from service.backprop.inspection.parameter_index import place_at
from service.backprop.inspection.trace import Trace
from service.backprop.layers import Dense
from service.backprop.optimizers import SGD, Optimizer
from service.backprop.optimizers.adam import Adam, AdamW
from service.backprop.training.row_weights import Weighing
from service.explain.formula_selection import select_formulas
from service.explain.number_texts import number
from service.explain.pass_formulas import Formula, PassFormulas, written


class Formulas:
    """Writes the formulas of one trace, which was computed with `weighing` and `optimizer`."""

    def __init__(self, trace: Trace, weighing: Weighing, optimizer: Optimizer, learning_rate: float) -> None:
        self.trace, self.optimizer, self.learning_rate = trace, optimizer, learning_rate
        self.passes, self.chosen = PassFormulas(trace, weighing.loss.name), select_formulas(trace)

    def all(self) -> list[Formula]:
        """Return the formulas of the forward pass, the error, the backward pass and the update."""
        passes, layers = self.passes, [placed.index for placed in self.trace.network.layers]
        found = [formula for layer in layers for formula in self._forward(layer)]
        found.append(written("C", "loss", f"{passes.loss}, averaged over {passes.over()}", self.trace.loss))
        found += [formula for layer in reversed(layers) for formula in self._backward(layer)]
        found += self._update()
        predicted = float(self.trace.contributions.sum())
        found.append(written("sum", "predicted change", "all contributions added up", predicted))
        after, before = self.trace.loss_after, self.trace.loss
        words = f"{number(after)} - {number(before)}"
        return [*found, written("C_after - C", "actual change", words, after - before)]

    def _forward(self, layer: int) -> Iterator[Formula]:
        is_dense = isinstance(self.trace.network.layers[layer].layer, Dense)
        for row in range(self.passes.rows):
            for unit in self.chosen.units[layer]:
                if is_dense:
                    yield self.passes.weighted_input(layer, row, unit)
                yield from self.passes.activation(layer, row, unit)

    def _backward(self, layer: int) -> Iterator[Formula]:
        for row in range(self.passes.rows):
            for unit in self.chosen.units[layer]:
                yield from self.passes.delta(layer, row, unit)
        for at in self.chosen.parameters[layer]:
            yield self.passes.gradient(place_at(self.trace.network, at))

    def _update(self) -> Iterator[Formula]:
        trace, step, contributions = self.trace, self.trace.step, self.trace.contributions
        for at in np.concatenate(self.chosen.parameters):
            name = self.passes.names.parameter(place_at(trace.network, at))
            yield written("step", f"step of {name}", self._step(at), step[at])
            before, after = trace.update.before[at], trace.update.after[at]
            yield written("w + step", f"{name} after", f"{number(before)} + {number(step[at])}", after)
            words = f"{number(trace.gradients[at])} * {number(step[at])}"
            yield written("dC/dw * step", f"contribution of {name}", words, contributions[at])

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
