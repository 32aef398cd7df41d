"""Takes the parameters of a version from a network's definition, whose dense layers may carry them."""

from typing import Any

from service.backprop.layers.dense import Dense
from service.definitions.build import build_network
from service.errors import MAX_FAULTS, Fault, Invalid

WAY_OUT = "send the parameters as safetensors, with `?network=NAME`"


def given_parameters(definition: dict[str, Any], pointer: str) -> bytes:
    """Return the parameters that a definition carries, in float32, as `Network.stored_bytes` lays them out.

    `definition` has `inputs` and all layers, and stands at `pointer` of the request.

    Raises
    ------
    Invalid
        When a layer lacks parameters, or has some that no definition carries.
    """
    network = build_network(definition, "float32")
    faults = []
    for placed in network.layers:
        layer, at = placed.layer, f"{pointer}/layers/{placed.index}"
        if isinstance(layer, Dense):
            lacking = [name for name in ("weights", "biases") if getattr(layer, name) is None]
            if lacking:
                faults.append(Fault(f"has no `{lacking[0]}`; {WAY_OUT}, or train the network", pointer=at))
        elif placed.values:
            faults.append(Fault(f"has parameters that no definition carries; {WAY_OUT}", pointer=at))
    if faults:
        raise Invalid.from_faults(faults[:MAX_FAULTS])
    network.initialize(0)  # draws nothing, as all parameters are given
    return network.stored_bytes()
