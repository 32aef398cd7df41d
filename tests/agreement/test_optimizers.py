"""Every optimizer takes PyTorch's steps, with its defaults and with other settings."""

from typing import Any

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from tests.agreement.course import INPUTS, OUTPUTS, ROWS, InPyTorch, assert_same_course, mean_squared_error
from tests.agreement.pytorch import torch

pytestmark = pytest.mark.usefixtures("doubles")

# by name: the engine's settings, PyTorch's class, PyTorch's settings
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("sgd", {}, "SGD", {}),
    ("sgd", {"learning_rate": 0.3}, "SGD", {"lr": 0.3}),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9}, "SGD", {"lr": 0.1, "momentum": 0.9}),
    (
        "sgd",
        {"learning_rate": 0.1, "momentum": 0.7, "nesterov": True},
        "SGD",
        {"lr": 0.1, "momentum": 0.7, "nesterov": True},
    ),
    ("adam", {}, "Adam", {}),
    (
        "adam",
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4},
        "Adam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-4},
    ),
    (
        "adam",
        {"learning_rate": 0.05, "beta2": 0.9, "amsgrad": True},
        "Adam",
        {"lr": 0.05, "betas": (0.9, 0.9), "amsgrad": True},
    ),
    ("adamw", {}, "AdamW", {}),
    ("adamw", {"learning_rate": 0.02, "weight_decay": 0.3}, "AdamW", {"lr": 0.02, "weight_decay": 0.3}),
    (
        "adamw",
        {"learning_rate": 0.05, "beta2": 0.9, "weight_decay": 0.1, "amsgrad": True},
        "AdamW",
        {"lr": 0.05, "betas": (0.9, 0.9), "weight_decay": 0.1, "amsgrad": True},
    ),
    ("nadam", {}, "NAdam", {}),
    (
        "nadam",
        {"learning_rate": 0.02, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-5, "momentum_decay": 0.1},
        "NAdam",
        {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-5, "momentum_decay": 0.1},
    ),
    ("adamax", {}, "Adamax", {}),
    (
        "adamax",
        {"learning_rate": 0.03, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
        "Adamax",
        {"lr": 0.03, "betas": (0.7, 0.9), "eps": 1e-3},
    ),
    ("adagrad", {}, "Adagrad", {}),
    (
        "adagrad",
        {"learning_rate": 0.1, "decay": 0.05, "initial": 0.2, "epsilon": 1e-6},
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2, "eps": 1e-6},
    ),
    ("adadelta", {}, "Adadelta", {}),
    (
        "adadelta",
        {"learning_rate": 0.5, "rho": 0.7, "epsilon": 1e-3},
        "Adadelta",
        {"lr": 0.5, "rho": 0.7, "eps": 1e-3},
    ),
    ("rmsprop", {}, "RMSprop", {}),
    (
        "rmsprop",
        {"learning_rate": 0.005, "alpha": 0.9, "epsilon": 1e-4, "momentum": 0.8},
        "RMSprop",
        {"lr": 0.005, "alpha": 0.9, "eps": 1e-4, "momentum": 0.8},
    ),
    (
        "rmsprop",
        {"alpha": 0.95, "epsilon": 1e-3, "momentum": 0.5, "centered": True},
        "RMSprop",
        {"alpha": 0.95, "eps": 1e-3, "momentum": 0.5, "centered": True},
    ),
    ("rprop", {}, "Rprop", {}),
    (
        "rprop",
        {"learning_rate": 0.002, "shrink": 0.4, "grow": 1.5, "smallest": 1e-4, "largest": 0.05},
        "Rprop",
        {"lr": 0.002, "etas": (0.4, 1.5), "step_sizes": (1e-4, 0.05)},
    ),
]


def network_of() -> Network:
    layers = [Dense(5, ACTIVATIONS["tanh"]()), Dense(OUTPUTS, ACTIVATIONS["sigmoid"]())]
    network = Network(INPUTS, layers, "float64")
    network.initialize(4)
    return network


@pytest.mark.parametrize(("name", "ours", "theirs", "settings"), CASES)
def test_a_hundred_steps_are_pytorchs(name: str, ours: dict[str, Any], theirs: str, settings: dict[str, Any]) -> None:
    optimizer = OPTIMIZERS[name](**ours)
    in_pytorch = InPyTorch(mean_squared_error, lambda twin: getattr(torch.optim, theirs)(twin.parameters(), **settings))
    batch = {"batch_size": ROWS, "epochs": 100} if optimizer.full_batch else {}
    assert_same_course(network_of(), in_pytorch, LOSSES["mean_squared_error"](), optimizer=optimizer, **batch)


def test_no_optimizer_is_left_out() -> None:
    assert {name for name, *_ in CASES} == set(OPTIMIZERS)
