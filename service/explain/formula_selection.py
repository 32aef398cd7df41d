"""Selection of the numbers of a trace that are written with formulas: all, or the largest of a large network."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray
from service.backprop.inspection.trace import Trace
from service.backprop.network import Network
from service.errors import Invalid

MOST_FORMULAS = 5000
BY_UNIT, BY_PARAMETER = 5, 4  # formulas for a unit in each row, and for a parameter


@dataclass(frozen=True)
class FormulaSelection:
    """The selected units of each layer, and parameters by position; `left_out` counts the other formulas."""

    units: list[IndexArray]
    parameters: list[IndexArray]
    left_out: int


def check_formulas(network: Network, rows: int) -> None:
    """Raise `Invalid` when even one unit and one parameter for each layer would be too many formulas."""
    layers = len(network.layers)
    count = layers * (rows * BY_UNIT + BY_PARAMETER)
    if count > MOST_FORMULAS:
        detail = (
            f"would write {count:,} formulas for {layers:,} layers, and at most {MOST_FORMULAS:,} are; take fewer rows"
        )
        raise Invalid.at("?explain", detail)


def select_formulas(trace: Trace) -> FormulaSelection:
    """Select all numbers or, in a large network, the units with the largest errors and the most relevant parameters.

    Parameters are compared by their contribution to the change of the loss.
    """
    network, rows = trace.network, len(trace.inputs)
    by_layer = MOST_FORMULAS // (2 * len(network.layers))
    units_room, parameters_room = max(1, by_layer // (rows * BY_UNIT)), max(1, by_layer // BY_PARAMETER)
    if count_of(network, rows) <= MOST_FORMULAS:
        units_room = parameters_room = max(network.parameters.size, *(placed.units for placed in network.layers))
    errors = {backward.layer: np.abs(backward.delta).max(axis=0) for backward in trace.backward}
    contributions = np.abs(trace.contributions)
    units = [_largest(errors[placed.index], units_room) for placed in network.layers]
    parameters = [
        placed.offset + _largest(contributions[placed.offset : placed.offset + placed.size], parameters_room)
        for placed in network.layers
    ]
    written = rows * BY_UNIT * sum(map(len, units)) + BY_PARAMETER * sum(map(len, parameters))
    return FormulaSelection(units, parameters, count_of(network, rows) - written)


def count_of(network: Network, rows: int) -> int:
    """Return the number of formulas for all numbers of a trace."""
    units = sum(placed.units for placed in network.layers)
    return rows * BY_UNIT * units + BY_PARAMETER * network.parameters.size


def _largest(values: FloatArray, room: int) -> IndexArray:
    """Return the positions of the `room` largest values, ascending; values that are not finite count as largest."""
    if len(values) <= room:
        return np.arange(len(values), dtype=np.intp)
    ranked = np.where(np.isfinite(values), values, np.inf)
    return np.sort(np.argpartition(-ranked, room)[:room])
