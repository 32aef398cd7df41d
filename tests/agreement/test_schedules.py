"""Every schedule gives PyTorch's learning rates, and the training that goes by them is PyTorch's."""

from collections.abc import Callable
from typing import Any

import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from service.backprop.schedules import SCHEDULES
from tests.agreement.course import EPOCHS, INPUTS, OUTPUTS, InPyTorch, assert_same_course, mean_squared_error
from tests.agreement.pytorch import torch
from tests.agreement.twin import Twin

pytestmark = pytest.mark.usefixtures("doubles")

BASE, STEPS = 0.4, EPOCHS * 5
schedulers: Any = torch.optim.lr_scheduler


def polynomial_down_to(minimum: float, power: float) -> Callable[[int], float]:
    return lambda passed: (minimum + (BASE - minimum) * (1 - passed / EPOCHS) ** power) / BASE


def after_warm_up(optimizer: Any, epochs: int, then: Any) -> Any:
    rise = schedulers.LinearLR(optimizer, start_factor=1 / epochs, total_iters=epochs - 1)
    return schedulers.SequentialLR(optimizer, [rise, then], milestones=[epochs])


# by name: the engine's settings, and PyTorch's schedule
CASES: list[tuple[str, dict[str, Any], Callable[[Any], Any]]] = [
    ("step", {}, lambda optimizer: schedulers.StepLR(optimizer, 10)),
    ("step", {"epochs": 3, "gamma": 0.7}, lambda optimizer: schedulers.StepLR(optimizer, 3, gamma=0.7)),
    ("exponential", {}, lambda optimizer: schedulers.ExponentialLR(optimizer, 0.95)),
    ("exponential", {"gamma": 0.8}, lambda optimizer: schedulers.ExponentialLR(optimizer, 0.8)),
    ("polynomial", {}, lambda optimizer: schedulers.PolynomialLR(optimizer, EPOCHS)),
    ("polynomial", {"power": 2.5}, lambda optimizer: schedulers.PolynomialLR(optimizer, EPOCHS, power=2.5)),
    (
        "polynomial",
        {"power": 2.0, "minimum": 0.1},
        lambda optimizer: schedulers.LambdaLR(optimizer, polynomial_down_to(0.1, 2.0)),
    ),
    ("cosine", {}, lambda optimizer: schedulers.CosineAnnealingLR(optimizer, EPOCHS)),
    ("cosine", {"minimum": 0.05}, lambda optimizer: schedulers.CosineAnnealingLR(optimizer, EPOCHS, eta_min=0.05)),
    (
        "cosine",
        {"warmup_epochs": 4, "minimum": 0.01},
        lambda optimizer: after_warm_up(
            optimizer, 4, schedulers.CosineAnnealingLR(optimizer, EPOCHS - 4, eta_min=0.01)
        ),
    ),
    ("cosine", {"restart_epochs": 6}, lambda optimizer: schedulers.CosineAnnealingWarmRestarts(optimizer, 6)),
    (
        "cosine",
        {"restart_epochs": 3, "restart_factor": 2, "minimum": 0.02},
        lambda optimizer: schedulers.CosineAnnealingWarmRestarts(optimizer, 3, T_mult=2, eta_min=0.02),
    ),
    (
        "one_cycle",
        {},
        lambda optimizer: schedulers.OneCycleLR(optimizer, BASE, total_steps=STEPS, cycle_momentum=False),
    ),
    (
        "one_cycle",
        {"rise": 0.45, "start_divisor": 8.0, "end_divisor": 50.0},
        lambda optimizer: schedulers.OneCycleLR(
            optimizer, BASE, total_steps=STEPS, pct_start=0.45, div_factor=8, final_div_factor=50, cycle_momentum=False
        ),
    ),
    ("reduce_on_plateau", {}, lambda optimizer: schedulers.ReduceLROnPlateau(optimizer)),
    (
        "reduce_on_plateau",
        {"factor": 0.6, "patience": 0, "threshold": 0.02},
        lambda optimizer: schedulers.ReduceLROnPlateau(optimizer, factor=0.6, patience=0, threshold=0.02),
    ),
    (
        "reduce_on_plateau",
        {"factor": 0.5, "patience": 1, "threshold": 0.03, "cooldown": 3},
        lambda optimizer: schedulers.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.03, cooldown=3),
    ),
    (
        "reduce_on_plateau",
        {"factor": 0.5, "patience": 0, "threshold": 0.3, "minimum": 0.15},
        lambda optimizer: schedulers.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.3, min_lr=0.15),
    ),
    (
        "reduce_on_plateau",
        {"factor": 0.5, "patience": 0, "threshold": 0.3, "minimum": 1.0},
        lambda optimizer: schedulers.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.3, min_lr=1.0),
    ),
]


def network_of() -> Network:
    layers = [Dense(5, ACTIVATIONS["tanh"]()), Dense(OUTPUTS, ACTIVATIONS["sigmoid"]())]
    network = Network(INPUTS, layers, "float64")
    network.initialize(4)
    return network


def momentum(twin: Twin) -> Any:
    return torch.optim.SGD(twin.parameters(), lr=BASE, momentum=0.6)


@pytest.mark.parametrize(("name", "settings", "theirs"), CASES)
def test_the_rates_are_pytorchs(name: str, settings: dict[str, Any], theirs: Callable[[Any], Any]) -> None:
    schedule = SCHEDULES[name](**settings)
    in_pytorch = InPyTorch(
        mean_squared_error,
        momentum,
        theirs,
        by_batch=schedule.by_batch,
        watches=name == "reduce_on_plateau",
    )
    optimizer = SGD(learning_rate=BASE, momentum=0.6)
    assert_same_course(network_of(), in_pytorch, LOSSES["mean_squared_error"](), optimizer=optimizer, schedule=schedule)


def test_no_schedule_is_left_out() -> None:
    assert {name for name, *_ in CASES} == set(SCHEDULES)
