"""Every activation has PyTorch's values and derivatives, by itself and in training."""

from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from tests.agreement.course import INPUTS, OUTPUTS, InPyTorch, assert_agree, assert_same_course, mean_squared_error
from tests.agreement.pytorch import torch
from tests.agreement.twin import activated

pytestmark = pytest.mark.usefixtures("doubles")

CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ACTIVATIONS),
    ("leaky_relu", {"slope": 0.3}),
    ("leaky_relu", {"slope": 0.0}),
    ("elu", {"alpha": 0.4}),
    ("elu", {"alpha": 2.5}),
]


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_values_and_derivatives_are_pytorchs(name: str, settings: dict[str, Any]) -> None:
    activation = ACTIVATIONS[name](**settings)
    grid = np.concatenate([np.linspace(-12, 12, 1921), [-800.0, -100.0, -40.0, 0.0, -0.0, 30.0, 100.0, 800.0, 1e-300]])
    Z = np.random.default_rng(1).permutation(grid).reshape(-1, 5)
    A, gradient = np.empty_like(Z), np.random.default_rng(2).normal(size=Z.shape)
    variable = torch.tensor(Z, requires_grad=True)
    activated_by_pytorch = activated(activation, variable)
    activated_by_pytorch.backward(torch.tensor(gradient))
    activation.activate(Z, A)
    activation.backward(Z, A, gradient, np.empty_like(Z))
    assert_agree(A, activated_by_pytorch.detach(), "values")
    assert_agree(gradient, variable.grad, "derivatives")


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_training_with_it_is_pytorchs(name: str, settings: dict[str, Any]) -> None:
    activation = ACTIVATIONS[name](**settings)
    network = Network(INPUTS, [Dense(6, activation), Dense(5, activation), Dense(OUTPUTS, activation)], "float64")
    network.initialize(4)
    in_pytorch = InPyTorch(mean_squared_error, lambda twin: torch.optim.SGD(twin.parameters(), lr=0.1))
    assert_same_course(network, in_pytorch, LOSSES["mean_squared_error"](), optimizer=SGD(learning_rate=0.1))
