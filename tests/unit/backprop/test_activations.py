"""Activations hold for inputs of any size, and are the functions their names say."""

import math

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.erf import erf

FAR = np.array([[-1e4, -300.0, -90.0, -30.0, -1.0, 0.0, 1.0, 30.0, 90.0, 300.0, 1e4]])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_large_inputs_give_finite_values_and_derivatives_without_warnings(name: str, precision: str) -> None:
    Z = FAR.astype(precision)
    A, gradient = np.empty_like(Z), np.ones_like(Z)
    activation = ACTIVATIONS[name]()
    activation.activate(Z, A)
    activation.backward(Z, A, gradient, np.empty_like(Z))
    assert np.isfinite(A).all() and np.isfinite(gradient).all()
    np.testing.assert_array_equal(Z, FAR.astype(precision))


@pytest.mark.parametrize(
    ("name", "z", "a"),
    [
        ("sigmoid", -1.0, 1 / (1 + math.e)),
        ("tanh", 0.5, math.tanh(0.5)),
        ("relu", -2.0, 0.0),
        ("leaky_relu", -2.0, -0.02),
        ("elu", -1.0, math.exp(-1) - 1),
        ("selu", 1.0, 1.0507009873554805),
        ("selu", -1.0, 1.0507009873554805 * 1.6732632423543772 * (math.exp(-1) - 1)),
        ("gelu", 0.7, 0.7 * 0.5 * (1 + math.erf(0.7 / math.sqrt(2)))),
        ("silu", 0.7, 0.7 / (1 + math.exp(-0.7))),
        ("softplus", 0.7, math.log(1 + math.exp(0.7))),
        ("softsign", -3.0, -0.75),
        ("linear", -3.0, -3.0),
    ],
)
def test_values(name: str, z: float, a: float) -> None:
    A = np.empty((1, 1))
    ACTIVATIONS[name]().activate(np.array([[z]]), A)
    assert A[0, 0] == pytest.approx(a, rel=1e-14)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_the_bounds_are_those_of_the_values(name: str) -> None:
    """The smallest and largest values of f over the numbers are its bounds, or grow without end."""
    activation = ACTIVATIONS[name]()
    Z = np.concatenate([np.linspace(-40, 40, 800_001), FAR[0]])[:, None]
    if name == "softmax":
        Z = np.hstack([Z, -Z])
    A = np.empty_like(Z)
    activation.activate(Z, A)
    for bound, value in zip(activation.bounds, (A.min(), A.max()), strict=True):
        assert value == pytest.approx(bound, abs=2e-4) if math.isfinite(bound) else abs(value) >= 100


def test_bounds_follow_settings() -> None:
    assert ACTIVATIONS["elu"](alpha=0.5).bounds == (-0.5, math.inf)
    assert ACTIVATIONS["leaky_relu"](slope=0.0).bounds == (0.0, math.inf)


def test_the_error_function_is_right_to_the_last_places() -> None:
    x = np.concatenate([np.linspace(-7, 7, 2001), [0.46875, 4.0, 1e4, 1e-300]])
    exact = np.array([math.erf(value) for value in x])
    np.testing.assert_allclose(erf(x), exact, rtol=1e-15, atol=1e-320)
