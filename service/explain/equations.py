"""The equations of the numbers in a trace.

BP1 to BP4 are those of Nielsen, Neural Networks and Deep Learning (2015), chapter 2.
"""

import inspect

from service.backprop.inspection.trace import LayerBackward
from service.backprop.layers import Dense
from service.backprop.network import Network, PlacedLayer
from service.backprop.optimizers import Optimizer

BP3 = "BP3: dC/db = delta, summed over the rows"
BP4 = "BP4: dC/dw = a_in * delta_out, summed over the rows"
UPDATE = {
    "step": "after - before",
    "after": "before + step",
    "contribution": "dC/dw * step: what the tangent says this parameter changes the loss by",
}


def of_forward(placed: PlacedLayer) -> dict[str, str]:
    """Return the equations of a layer's outputs."""
    layer = placed.layer
    activation = layer.last_activation()
    function = "f" if activation is None else activation.name
    if isinstance(layer, Dense):
        return {"weighted_inputs": "z = a_in W + b", "activations": f"a = {function}(z)"}
    if activation is not None:
        return {"weighted_inputs": "z: what the layer before answers", "activations": f"a = {function}(z)"}
    if "running_mean" in placed.statistic_shapes:
        return {**_normalised("mean and variance of each unit over the rows"), "activations": "a = w x' + b"}
    if layer.name == "layer_normalization":
        return {**_normalised("mean and variance of each row over its units"), "activations": "a = w x' + b"}
    if layer.name == "dropout":
        return {"weighted_inputs": "z: what the layer before answers", "activations": "a = z, nothing is dropped"}
    return {"weighted_inputs": "z: what the layer before answers", "activations": f"a: what {layer.name} makes of z"}


def _normalised(over: str) -> dict[str, str]:
    return {
        "weighted_inputs": "x: what the layer before answers",
        "normalised": f"x' = (x - mean) / sqrt(variance + epsilon), {over}",
    }


def of_backward(network: Network, backward: LayerBackward, loss: str) -> dict[str, str]:
    """Return the equations of a layer's error and of its gradients."""
    placed = network.layers[backward.layer]
    is_last = backward.layer == len(network.layers) - 1
    activation = placed.layer.last_activation()
    found = {"dloss_dactivations": _error(network, backward.layer, loss)}
    if activation is not None and backward.dactivation_dweighted_inputs is not None:
        found["dactivation_dweighted_inputs"] = f"f'(z) of {activation.name}"
    elif activation is not None:
        found["dactivation_dweighted_inputs"] = "a whole Jacobian: each output depends on every weighted input"
    number = "BP1" if is_last else "BP2"
    if backward.fused:
        name = "" if activation is None else activation.name
        found["delta"] = f"BP1: delta = dC/dz, which for {loss} with {name} simplifies to a - y, over the rows"
    elif activation is None:
        found["delta"] = f"{number}: delta = dC/da, as no activation comes after"
    elif backward.dactivation_dweighted_inputs is None:
        found["delta"] = f"{number}: delta = J' dC/da, with the Jacobian J of {activation.name}"
    else:
        found["delta"] = f"{number}: delta = dC/da * f'(z)"
    return found | _gradients(placed)


def _error(network: Network, layer: int, loss: str) -> str:
    if layer == len(network.layers) - 1:
        return f"BP1: dC/da of {loss}, averaged over the rows"
    behind = network.layers[layer + 1].layer
    if isinstance(behind, Dense):
        return "BP2: dC/da = delta_next W_next'"
    return f"BP2: dC/da = what comes back through {behind.name}"


def _gradients(placed: PlacedLayer) -> dict[str, str]:
    if isinstance(placed.layer, Dense):
        return {"biases": BP3, "weights": BP4}
    if placed.shapes:
        return {"biases": BP3, "weights": "BP4: dC/dw = x' * delta, summed over the rows"}
    return {}


def of_optimizer(optimizer: Optimizer) -> str:
    """Return the optimizer's own equation."""
    return (inspect.getdoc(type(optimizer)) or "").split("\n\n")[0].replace("\n", " ")
