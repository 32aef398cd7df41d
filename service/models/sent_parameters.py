"""Reads parameters that a client sends for a stored network: names, shapes and types must be exactly the network's."""

from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from service.backprop.network import Network
from service.definitions.build import build_network
from service.errors import MAX_FAULTS, Invalid, Malformed

PRECISIONS = {np.dtype(np.float32): "float32", np.dtype(np.float64): "float64"}


def read_safetensors(data: bytes, definition: dict[str, Any]) -> tuple[str, bytes]:
    """Return the precision and the bytes, as `Network.stored_bytes` lays them out, of tensors for a network.

    `definition` has `inputs` and all layers. The tensors are named as those of an epoch are: `layers.0.weights`.

    Raises
    ------
    Invalid
        With the first ten tensors that are missing, not known, or of another shape or type.
    """
    try:
        tensors = load_safetensors(data)
    except (SafetensorError, KeyError, ValueError) as error:  # also for types that NumPy lacks, such as BF16
        raise Malformed(f"the body is no safetensors file of numbers that NumPy knows: {error}") from None
    network = build_network(definition, "float32")
    wanted = {
        f"layers.{placed.index}.{name}": array.shape
        for placed in network.layers
        for name, array in placed.values.items()
    }
    faults = [fault for name, shape in wanted.items() if (fault := _fault(name, shape, tensors.get(name)))]
    faults += [f"`{name}` is not of this network" for name in sorted(tensors.keys() - wanted.keys())]
    types = {tensors[name].dtype for name in wanted if name in tensors}
    if not faults and len(types) > 1:
        faults = ["tensors must be all F32 or all F64, and both are here"]
    if faults:
        more = f", and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        raise Invalid("; ".join(faults[:MAX_FAULTS]) + more)
    precision = PRECISIONS[types.pop()] if types else "float32"
    return precision, _stored(definition, precision, network, tensors)


def most_bytes(definition: dict[str, Any]) -> int:
    """Return how long a file of a network's parameters may be: its numbers in float64, and a head of their names."""
    network = build_network(definition, "float32")
    return network.vector.size * 8 + 1024 * (1 + sum(len(placed.values) for placed in network.layers))


def _fault(name: str, shape: tuple[int, ...], tensor: Any) -> str | None:
    if tensor is None:
        return f"`{name}` is missing"
    if tensor.shape != shape:
        return f"`{name}` must be {_words(shape)} numbers, got {_words(tensor.shape)}"
    if tensor.dtype not in PRECISIONS:
        return f"`{name}` must be F32 or F64, got {tensor.dtype.name}"
    if not np.isfinite(tensor).all():
        return f"`{name}` holds numbers that are not finite"
    return None


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a scalar's"


def _stored(definition: dict[str, Any], precision: str, network: Network, tensors: dict[str, Any]) -> bytes:
    if precision != "float32":
        network = build_network(definition, precision)
    for placed in network.layers:
        for name, array in placed.values.items():
            array[...] = tensors[f"layers.{placed.index}.{name}"]
    return network.stored_bytes()
