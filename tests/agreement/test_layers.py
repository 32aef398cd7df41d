"""Normalization and dropout are PyTorch's: outputs in training and outside of it, running statistics, gradients."""

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS, Dense, Layer
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, SGD
from tests.agreement.course import INPUTS, OUTPUTS, InPyTorch, assert_same_course, mean_squared_error, rows_of
from tests.agreement.pytorch import torch

pytestmark = pytest.mark.usefixtures("doubles")


def network_of(*middle: Layer) -> Network:
    output = Dense(OUTPUTS, ACTIVATIONS["sigmoid"]())
    network = Network(INPUTS, [Dense(6), *middle, output], "float64")
    network.initialize(4)
    return network


def assert_same_training(network: Network, batch_size: int = 8, count: int = 37) -> None:
    in_pytorch = InPyTorch(mean_squared_error, lambda twin: torch.optim.SGD(twin.parameters(), lr=0.2, momentum=0.5))
    optimizer = SGD(learning_rate=0.2, momentum=0.5)
    loss = LOSSES["mean_squared_error"]()
    assert_same_course(network, in_pytorch, loss, rows_of(count), optimizer=optimizer, batch_size=batch_size)


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.4, "epsilon": 1e-3}, {"momentum": 1.0}])
def test_batch_normalization_is_pytorchs(settings: dict[str, float]) -> None:
    assert_same_training(network_of(LAYERS["batch_normalization"](**settings), LAYERS["activation"]()))


@pytest.mark.parametrize("settings", [{}, {"epsilon": 1e-2}])
def test_layer_normalization_is_pytorchs(settings: dict[str, float]) -> None:
    assert_same_training(network_of(LAYERS["layer_normalization"](**settings), LAYERS["activation"]()))


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_by_the_same_mask_is_pytorchs(rate: float) -> None:
    assert_same_training(network_of(LAYERS["activation"](ACTIVATIONS["tanh"]()), LAYERS["dropout"](rate)))


@pytest.mark.parametrize("kind", list(LAYERS))
def test_each_kind_of_layer_may_come_first(kind: str) -> None:
    first = Dense(INPUTS) if kind == "dense" else LAYERS[kind]()
    network = Network(INPUTS, [first, Dense(OUTPUTS, ACTIVATIONS["tanh"]())], "float64")
    network.initialize(4)
    assert_same_training(network)


@pytest.mark.parametrize("kind", [name for name in LAYERS if name != "dropout"])
def test_each_kind_of_layer_may_come_last(kind: str) -> None:
    last = Dense(OUTPUTS) if kind == "dense" else LAYERS[kind]()
    network = Network(INPUTS, [Dense(6, ACTIVATIONS["tanh"]()), Dense(OUTPUTS), last], "float64")
    network.initialize(4)
    assert_same_training(network)


def test_a_network_of_every_kind_of_layer_is_pytorchs() -> None:
    network = network_of(
        LAYERS["batch_normalization"](),
        LAYERS["activation"](ACTIVATIONS["gelu"]()),
        LAYERS["dropout"](0.3),
        Dense(7, ACTIVATIONS["elu"]()),
        LAYERS["layer_normalization"](),
        LAYERS["dropout"](0.1),
    )
    # biases before a batch normalization have no gradient but rounding, which a small epsilon would make steps of
    in_pytorch = InPyTorch(mean_squared_error, lambda twin: torch.optim.AdamW(twin.parameters(), lr=0.01, eps=1e-3))
    optimizer = OPTIMIZERS["adamw"](learning_rate=0.01, epsilon=1e-3)
    assert_same_course(network, in_pytorch, LOSSES["mean_squared_error"](), optimizer=optimizer)
