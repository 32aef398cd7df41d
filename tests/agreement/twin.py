"""A network of the engine, written again with PyTorch's functions and driven by autograd.

It starts from the same parameters and meets the same rows in the same batches; everything else is PyTorch's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.backprop.activations import Activation
from service.backprop.layers import Layer
from service.backprop.layers.dense import Dense
from service.backprop.network import Network
from tests.agreement.pytorch import F, torch

Tensor = Any  # torch.Tensor

FUNCTIONS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "linear": lambda settings, Z: Z,
    "sigmoid": lambda settings, Z: torch.sigmoid(Z),
    "tanh": lambda settings, Z: torch.tanh(Z),
    "relu": lambda settings, Z: F.relu(Z),
    "leaky_relu": lambda settings, Z: F.leaky_relu(Z, settings.slope),
    "elu": lambda settings, Z: F.elu(Z, settings.alpha),
    "selu": lambda settings, Z: F.selu(Z),
    "gelu": lambda settings, Z: F.gelu(Z),
    "silu": lambda settings, Z: F.silu(Z),
    # PyTorch takes z itself from a threshold of 20 on, which is off by 2e-9 there
    "softplus": lambda settings, Z: F.softplus(Z, threshold=40.0),
    "softsign": lambda settings, Z: F.softsign(Z),
    "softmax": lambda settings, Z: F.softmax(Z, dim=1),
}


def activated(activation: Activation, Z: Tensor) -> Tensor:
    return FUNCTIONS[activation.name](activation, Z)


@dataclass(frozen=True)
class Forwarded:
    """What came out of a forward pass; `Z` is what the output activation was given."""

    A: Tensor
    Z: Tensor


class Twin:
    """`values` holds by layer the network's arrays by name, as tensors in the engine's shapes."""

    def __init__(self, network: Network) -> None:
        self.layers: list[Layer] = [placed.layer for placed in network.layers]
        self.values = [
            {name: torch.tensor(array).requires_grad_(name in placed.shapes) for name, array in placed.values.items()}
            for placed in network.layers
        ]

    def parameters(self) -> list[Tensor]:
        return [tensor for values in self.values for tensor in values.values() if tensor.requires_grad]

    def weights(self) -> list[Tensor]:
        """Those that penalties and bounds apply to."""
        pairs = zip(self.layers, self.values, strict=True)
        return [values[name] for layer, values in pairs for name in layer.regularized]

    def others(self) -> list[Tensor]:
        regularized = {id(weights) for weights in self.weights()}
        return [tensor for tensor in self.parameters() if id(tensor) not in regularized]

    def stored(self) -> Any:
        """Everything in the order in which the engine stores it."""
        arrays = [tensor.detach().numpy().ravel() for values in self.values for tensor in values.values()]
        return np.concatenate(arrays)

    def forward(self, X: Any, masks: Iterator[Any] | None = None) -> Forwarded:
        """In training, dropout multiplies by the next of `masks`; without them this is an evaluation."""
        passed = Forwarded(torch.tensor(X), torch.tensor(X))
        for layer, values in zip(self.layers, self.values, strict=True):
            passed = self._layer(layer, values, passed.A, masks)
        return passed

    def _layer(self, layer: Any, values: dict[str, Tensor], A: Tensor, masks: Iterator[Any] | None) -> Forwarded:
        if isinstance(layer, Dense):
            Z = A @ values["weights"] + values["biases"]
            return Forwarded(activated(layer.activation, Z), Z)
        if layer.name == "activation":
            return Forwarded(activated(layer.activation, A), A)
        if layer.name == "dropout":
            A = A if masks is None else A * torch.tensor(next(masks))
            return Forwarded(A, A)
        A = self._normalised(layer, values, A, masks is not None)
        return Forwarded(A, A)

    def _normalised(self, layer: Any, values: dict[str, Tensor], A: Tensor, training: bool) -> Tensor:
        scale = {"weight": values["weights"], "bias": values["biases"], "eps": layer.epsilon}
        if layer.name == "layer_normalization":
            return F.layer_norm(A, A.shape[1:], **scale)
        running = values["running_mean"], values["running_variance"]
        return F.batch_norm(A, *running, training=training, momentum=layer.momentum, **scale)
