"""Addresses of single numbers of a trace: which array, layer and index, and what each is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from service.backprop.inspection.parameter_index import Place
from service.backprop.network import Network
from service.explain.unit_names import Names

WEIGHTED_INPUTS, ACTIVATIONS, DELTAS, GRADIENTS = "weighted_inputs", "activations", "deltas", "gradients"
NOUNS = {WEIGHTED_INPUTS: "weighted input", ACTIVATIONS: "activation", DELTAS: "delta"}


@dataclass(frozen=True)
class ArrayAddress:
    """An array of a layer; `parameter` is `weights` or `biases` of gradients, None of arrays (rows, units)."""

    array: str
    layer: int
    parameter: str | None = None

    @property
    def pointer(self) -> str:
        """Where the array stands in a body with a claim."""
        return f"#/claim/{self.array}/{self.layer}" + (f"/{self.parameter}" if self.parameter else "")

    def shape(self, network: Network, rows: int) -> tuple[int, ...]:
        placed = network.layers[self.layer]
        return placed.shapes[self.parameter] if self.parameter else (rows, placed.units)

    def numbers(self, network: Network, rows: int) -> Iterator["NumberAddress"]:
        """Yield the addresses of its numbers, row by row."""
        for index in product(*map(range, self.shape(network, rows))):
            yield NumberAddress(self, index)


@dataclass(frozen=True)
class NumberAddress:
    """One number: its array and its index there, counted from 0: row and unit, input and unit, or unit alone."""

    of: ArrayAddress
    index: tuple[int, ...]

    @property
    def pointer(self) -> str:
        """Where the number stands in a body with a claim."""
        return "/".join((self.of.pointer, *map(str, self.index)))

    @property
    def row(self) -> int | None:
        """The row that it belongs to; None of gradients, which are of all rows together."""
        return self.index[0] if self.of.parameter is None else None

    def name(self, names: Names) -> str:
        """Return the name of its unit, such as `hidden 2`, or of its parameter, such as `input 1 -> hidden 2`."""
        if self.of.parameter is None:
            return names.unit(self.of.layer, self.index[-1])
        return names.parameter(Place(self.of.layer, self.of.parameter, self.index))

    def quantity(self, names: Names) -> str:
        """Return what it is, as formulas say it: `delta of hidden 2`, `dC/dw of input 1 -> hidden 2`."""
        noun = NOUNS.get(self.of.array) or f"dC/d{(self.of.parameter or '')[0]}"
        return f"{noun} of {self.name(names)}"


def arrays_in_order(network: Network) -> Iterator[ArrayAddress]:
    """Yield the arrays as backpropagation computes them: forward through the layers, then from the last layer back."""
    for placed in network.layers:
        yield ArrayAddress(WEIGHTED_INPUTS, placed.index)
        yield ArrayAddress(ACTIVATIONS, placed.index)
    for placed in reversed(network.layers):
        yield ArrayAddress(DELTAS, placed.index)
        yield from (ArrayAddress(GRADIENTS, placed.index, name) for name in placed.shapes)
