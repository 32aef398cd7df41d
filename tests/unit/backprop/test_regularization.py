"""Penalties, clipped gradients and bounded weights, by hand."""

from typing import Any

import numpy as np
import pytest

from service.backprop.layers import LAYERS, Dense
from service.backprop.network import Network, Workspace
from service.backprop.regularization import Regularization


def network_of(precision: str = "float64") -> tuple[Network, Workspace]:
    """Two inputs and two units with weights of lengths 5 and 0.1, behind a normalization; all gradients are 0."""
    weights = np.array([[3.0, 0.1], [-4.0, 0.0]])
    layers = [LAYERS["layer_normalization"](), Dense(2, weights=weights, biases=np.array([7.0, -7.0]))]
    network = Network(2, layers, precision)
    network.initialize(0)
    return network, Workspace(network, 1, gradients=True)


def test_penalties_reach_weights_alone() -> None:
    network, workspace = network_of()
    Regularization(l1=0.5, l2=0.1).penalize(network, workspace)
    np.testing.assert_allclose(workspace.views[1]["weights"], [[0.8, 0.51], [-0.9, 0.0]])
    np.testing.assert_array_equal(workspace.views[1]["biases"], 0.0)
    np.testing.assert_array_equal(workspace.gradients[:4], 0.0)


def test_penalties_are_added_to_what_is_there() -> None:
    network, workspace = network_of()
    workspace.gradients[...] = 1.0
    Regularization(l2=0.1).penalize(network, workspace)
    np.testing.assert_allclose(workspace.views[1]["weights"], [[1.3, 1.01], [0.6, 1.0]])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [3.0, -4.0]),
        ({"clip_norm": 1.0}, [0.6, -0.8]),
        ({"clip_norm": 10.0}, [3.0, -4.0]),
        ({"clip_value": 3.5}, [3.0, -3.5]),
        ({"clip_norm": 1.0, "clip_value": 0.7}, [0.6, -0.7]),
    ],
)
def test_clipping_shortens_the_gradient(precision: str, settings: dict[str, Any], expected: list[float]) -> None:
    gradients = np.array([3.0, -4.0], dtype=precision)
    Regularization(**settings).clip(gradients)
    np.testing.assert_allclose(gradients, expected, rtol=1e-6)


def test_a_gradient_whose_squares_no_float32_holds_is_clipped() -> None:
    gradients = np.array([3e30, -4e30], dtype=np.float32)
    Regularization(clip_norm=1.0).clip(gradients)
    np.testing.assert_allclose(gradients, [0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_only_units_with_longer_weights_are_shortened(precision: str) -> None:
    network, workspace = network_of(precision)
    before = network.parameters.copy()
    Regularization(max_norm=1.0).constrain(network, workspace)
    np.testing.assert_allclose(network.layers[1].values["weights"], [[0.6, 0.1], [-0.8, 0.0]], rtol=1e-6)
    changed = before != network.parameters
    assert changed.sum() == 2 and changed[4] and changed[6]


def test_units_without_weights_stay_so() -> None:
    network, workspace = network_of()
    network.parameters[...] = 0.0
    Regularization(max_norm=1.0).constrain(network, workspace)
    np.testing.assert_array_equal(network.parameters, 0.0)
