"""Optimizers where rounding could undo them; their steps themselves are compared with PyTorch's."""

import numpy as np
import pytest

from service.backprop.optimizers import OPTIMIZERS, Optimizer

EVERY = [
    *(OPTIMIZERS[name]() for name in OPTIMIZERS),
    OPTIMIZERS["rmsprop"](centered=True),
    OPTIMIZERS["rmsprop"](centered=True, momentum=0.9),
    OPTIMIZERS["adam"](amsgrad=True),
    OPTIMIZERS["sgd"](momentum=0.9, nesterov=True),
]


def after(optimizer: Optimizer, gradient: float, steps: int, precision: str) -> float:
    """Where a parameter stands that started at 1 and met the same gradient over and over."""
    w = np.ones(1, dtype=precision)
    slots, scratch = optimizer.slots(w), np.empty((2, 1), dtype=precision)
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            optimizer.step(w, np.full_like(w, gradient), slots, t, optimizer.learning_rate, scratch)
    return float(w[0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", EVERY)
def test_a_gradient_that_never_changes_leaves_parameters_finite(optimizer: Optimizer, precision: str) -> None:
    assert np.isfinite(after(optimizer, 0.1, 4000, precision))


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [optimizer for optimizer in EVERY if optimizer.name != "adamw"])
def test_without_any_gradient_nothing_moves(optimizer: Optimizer, precision: str) -> None:
    assert after(optimizer, 0.0, 50, precision) == 1.0


def test_adamws_decay_needs_no_gradient() -> None:
    optimizer = OPTIMIZERS["adamw"](learning_rate=0.1, weight_decay=0.2)
    assert after(optimizer, 0.0, 3, "float64") == pytest.approx(0.98**3)


@pytest.mark.parametrize("optimizer", EVERY)
def test_slots_keep_the_parameters_precision(optimizer: Optimizer) -> None:
    slots = optimizer.slots(np.zeros(3, dtype=np.float32))
    assert all(vector.dtype == np.float32 for name, vector in slots.items() if name != "product")
