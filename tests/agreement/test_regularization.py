"""Penalties, clipped gradients and bounded weights are PyTorch's."""

from typing import Any

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, SGD
from service.backprop.regularization import Regularization
from tests.agreement.course import INPUTS, OUTPUTS, InPyTorch, assert_same_course, mean_squared_error
from tests.agreement.pytorch import torch
from tests.agreement.twin import Tensor, Twin

pytestmark = pytest.mark.usefixtures("doubles")

RATE = 0.3


def network_of() -> Network:
    layers = [Dense(6, ACTIVATIONS["tanh"]()), LAYERS["layer_normalization"](), Dense(OUTPUTS)]
    network = Network(INPUTS, layers, "float64")
    network.initialize(4)
    return network


def assert_same_training(regularization: Regularization, **pytorchs: Any) -> None:
    settings = {"optimizer": lambda twin: torch.optim.SGD(twin.parameters(), lr=RATE), **pytorchs}
    in_pytorch = InPyTorch(mean_squared_error, **settings)
    optimizer = SGD(learning_rate=RATE)
    loss = LOSSES["mean_squared_error"]()
    assert_same_course(network_of(), in_pytorch, loss, optimizer=optimizer, regularization=regularization)


def penalty(l1: float, l2: float) -> Any:
    """The terms of the loss, left to autograd."""

    def term(twin: Twin) -> Tensor:
        return sum(l1 * weights.abs().sum() + l2 / 2 * weights.square().sum() for weights in twin.weights())

    return term


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.05), (0.01, 0.0), (0.003, 0.02)])
def test_penalties_are_terms_of_the_loss(l1: float, l2: float) -> None:
    assert_same_training(Regularization(l1=l1, l2=l2), penalty=penalty(l1, l2))


def test_l2_is_pytorchs_weight_decay_of_weights_without_biases() -> None:
    def decayed(twin: Twin) -> Any:
        groups = [{"params": twin.weights(), "weight_decay": 0.05}, {"params": twin.others()}]
        return torch.optim.SGD(groups, lr=RATE)

    assert_same_training(Regularization(l2=0.05), optimizer=decayed)


@pytest.mark.parametrize("bound", [0.02, 0.3, 100.0])
def test_clipping_by_norm_is_pytorchs(bound: float) -> None:
    def clip(twin: Twin) -> None:
        torch.nn.utils.clip_grad_norm_(twin.parameters(), bound)

    assert_same_training(Regularization(clip_norm=bound), clip=clip)


@pytest.mark.parametrize("bound", [0.001, 0.02])
def test_clipping_by_value_is_pytorchs(bound: float) -> None:
    def clip(twin: Twin) -> None:
        torch.nn.utils.clip_grad_value_(twin.parameters(), bound)

    assert_same_training(Regularization(clip_value=bound), clip=clip)


def test_penalties_are_clipped_with_the_gradient() -> None:
    def clip(twin: Twin) -> None:
        torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.1)
        torch.nn.utils.clip_grad_value_(twin.parameters(), 0.03)

    regularization = Regularization(l1=0.01, l2=0.1, clip_norm=0.1, clip_value=0.03)
    assert_same_training(regularization, penalty=penalty(0.01, 0.1), clip=clip)


@pytest.mark.parametrize("bound", [0.3, 0.8, 50.0])
def test_bounded_weights_are_pytorchs_renorm_of_each_unit(bound: float) -> None:
    def constrain(twin: Twin) -> None:
        for weights in twin.weights():
            weights.copy_(torch.renorm(weights, 2, 1, bound))

    assert_same_training(Regularization(max_norm=bound), constrain=constrain)


def test_penalties_go_through_the_moments_of_an_adaptive_optimizer() -> None:
    def adam(twin: Twin) -> Any:
        return torch.optim.Adam(twin.parameters(), lr=0.02, amsgrad=True)

    in_pytorch = InPyTorch(mean_squared_error, adam, penalty=penalty(0.002, 0.03))
    assert_same_course(
        network_of(),
        in_pytorch,
        LOSSES["mean_squared_error"](),
        optimizer=OPTIMIZERS["adam"](learning_rate=0.02, amsgrad=True),
        regularization=Regularization(l1=0.002, l2=0.03),
    )
