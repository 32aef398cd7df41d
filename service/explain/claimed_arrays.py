"""The arrays of a claim, checked for their shapes: NaN stands where nothing is claimed."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.network import Network
from service.definitions.claims import Claim
from service.definitions.guessing import guess, show
from service.errors import Fault, Faults, Invalid, escaped
from service.explain.number_addresses import ACTIVATIONS, DELTAS, GRADIENTS, WEIGHTED_INPUTS, ArrayAddress

MOST_NUMBERS = 1_000_000  # of all arrays that a claim on the network may have

Claimed = dict[ArrayAddress, FloatArray]


def read_claim(claim: Claim, network: Network, rows: int) -> Claimed:
    """Return the claimed arrays; raise `Invalid` with a pointer to each fault, or when no number is claimed."""
    count = 3 * rows * sum(placed.units for placed in network.layers) + network.parameters.size
    if count > MOST_NUMBERS:
        detail = f"claims are compared with traces of at most {MOST_NUMBERS:,} numbers, and this one has {count:,}"
        raise Invalid.at("#/claim", detail)
    faults = Faults()
    found: Claimed = {}
    for address, given in _given(claim, network, faults):
        array = np.full(address.shape(network, rows), np.nan)
        if _has_shape(given, array.shape, address, address.pointer, faults):
            _read(given, array, address.pointer, faults)
        found[address] = array
    faults.check()
    if not any(np.isfinite(array).any() for array in found.values()):
        raise Invalid.at("#/claim", "has no number to check")
    return found


def _given(claim: Claim, network: Network, faults: Faults) -> Iterator[tuple[ArrayAddress, list[Any]]]:
    """Yield each array that is given, as it was sent."""
    by_layer: dict[str, Any] = {name: getattr(claim, name) for name in (WEIGHTED_INPUTS, ACTIVATIONS, DELTAS)}
    for name, layers in {**by_layer, GRADIENTS: claim.gradients}.items():
        if layers is not None and len(layers) != len(network.layers):
            detail = f"must have {len(network.layers)} entries, one a layer, got {len(layers)}"
            faults.add(Fault(detail, pointer=f"#/claim/{name}"))
            continue
        for layer, given in enumerate(layers or ()):
            if isinstance(given, dict):
                yield from _parameters(layer, given, network, faults)
            elif given is not None:
                yield ArrayAddress(name, layer), given


def _parameters(
    layer: int, given: dict[str, list[Any] | None], network: Network, faults: Faults
) -> Iterator[tuple[ArrayAddress, list[Any]]]:
    known = list(network.layers[layer].shapes)
    for name, array in given.items():
        if name not in known:
            words = guess(name, known) or "; this layer has no parameters"
            faults.add(Fault(f"`{name}` is not known{words}", pointer=f"#/claim/{GRADIENTS}/{layer}/{escaped(name)}"))
        elif array is not None:
            yield ArrayAddress(GRADIENTS, layer, name), array


def _has_shape(given: list[Any], shape: tuple[int, ...], address: ArrayAddress, where: str, faults: Faults) -> bool:
    """Return whether a list and the lists in it have the lengths of a shape, where they are not null."""
    if len(given) != shape[0]:
        wanted = " x ".join(map(str, shape))
        kind = {1: "units", 2: "inputs x units"}[len(shape)] if address.parameter else "rows x units"
        detail = f"must have {shape[0]} entries, as layer {address.layer} has {wanted} numbers ({kind})"
        faults.add(Fault(f"{detail}, got {len(given)}", pointer=where))
        return False
    if len(shape) == 1:
        return True
    right = True
    for index, row in enumerate(given):
        if isinstance(row, list):
            right = _has_length(row, shape[1], f"{where}/{index}", faults) and right
        elif row is not None:
            faults.add(Fault(f"must be a list of {shape[1]} numbers, got {show(row)}", pointer=f"{where}/{index}"))
            right = False
    return right


def _has_length(row: list[Any], length: int, where: str, faults: Faults) -> bool:
    if len(row) != length:
        faults.add(Fault(f"must have {length} entries, one a unit, got {len(row)}", pointer=where))
    return len(row) == length


def _read(given: list[Any], out: FloatArray, where: str, faults: Faults) -> None:
    """Read numbers into an array of NaN; null leaves its entry as it is."""
    for index, entry in enumerate(given):
        if isinstance(entry, list) and out.ndim == 2:
            _read(entry, out[index], f"{where}/{index}", faults)
        elif entry is not None:
            value = _number(entry)
            if value is None:
                faults.add(Fault(f"must be a finite number or null, got {show(entry)}", pointer=f"{where}/{index}"))
            else:
                out[index] = value


def _number(given: Any) -> float | None:
    """Return a finite number, None for what is none; true and texts are none."""
    if type(given) not in (int, float):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None
