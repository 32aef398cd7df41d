"""The gradient check of a few parameters: right layers pass, broken ones fail, and kinks are stepped around."""

from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.spot_check import LayerSpots, spot_check, spread, threshold
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.training.row_weights import Weighing

RANDOM = np.random.default_rng(11)
X, Y = RANDOM.normal(size=(6, 3)), np.eye(3)[RANDOM.integers(0, 3, 6)]


def network_with(kind: str, hidden: str = "tanh", output: str = "sigmoid") -> Network:
    middle = [Dense(3, ACTIVATIONS[hidden]())]
    if kind != "dense":
        middle = [Dense(3), LAYERS[kind](), LAYERS["activation"](ACTIVATIONS[hidden]())]
    network = Network(3, [Dense(4, ACTIVATIONS[hidden]()), *middle, Dense(3, ACTIVATIONS[output]())], "float64")
    network.initialize(5)
    network.parameters[...] += np.random.default_rng(8).normal(0.0, 0.4, network.parameters.size)
    return network


def checked(network: Network, loss: str = "quadratic", epsilon: float = 1e-5, rows: int = 6) -> list[LayerSpots]:
    return spot_check(network, Weighing(LOSSES[loss]()), X[:rows], Y[:rows], None, 200, epsilon)


def largest(found: list[LayerSpots]) -> float:
    return max(spots.worst.difference for spots in found if spots.worst is not None)


@pytest.mark.parametrize("kind", list(LAYERS))
@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
def test_every_layer_and_activation_passes(kind: str, hidden: str) -> None:
    assert largest(checked(network_with(kind, hidden))) < threshold(1e-5)


@pytest.mark.parametrize("kind", list(LAYERS))
@pytest.mark.parametrize("loss", list(LOSSES))
def test_every_loss_passes(loss: str, kind: str) -> None:
    output = LOSSES[loss].fused_with or "sigmoid"
    assert largest(checked(network_with(kind, output=output), loss)) < threshold(1e-5)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-3, 1e-5, 1e-7])
def test_any_step_is_judged_by_what_it_is_good_for(epsilon: float) -> None:
    assert largest(checked(network_with("dense"), epsilon=epsilon)) < threshold(epsilon)


def test_one_row_passes_even_where_it_is_normalized_by_itself() -> None:
    assert largest(checked(network_with("batch_normalization"), rows=1)) < threshold(1e-5)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("linear", "softmax")])
def test_a_broken_derivative_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ACTIVATIONS[name].backward

    def wrong(self: Any, Z: Any, A: Any, gradient: Any, scratch: Any) -> None:
        right(self, Z, A, gradient, scratch)
        gradient *= 1.001

    monkeypatch.setattr(ACTIVATIONS[name], "backward", wrong)
    assert largest(checked(network_with("dense", name))) > 1e-4


@pytest.mark.parametrize("kind", ["layer_normalization", "batch_normalization", "dropout"])
def test_a_layer_whose_way_back_is_broken_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = LAYERS[kind].backward

    def wrong(self: Any, values: Any, before: Any, io: Any, gradients: Any, dA: Any, simplified: bool) -> None:
        right(self, values, before, io, gradients, dA, simplified)
        dA[...] = io["delta"]

    monkeypatch.setattr(LAYERS[kind], "backward", wrong)
    assert largest(checked(network_with(kind))) > 1e-3


def test_kinks_are_stepped_around_and_reported() -> None:
    network = Network(3, [Dense(4, ACTIVATIONS["relu"]()), Dense(3)], "float64")
    network.initialize(1)
    network.layers[0].values["biases"][...] = 0.0
    inputs = X.copy()
    inputs[0] = 0.0  # its weighted inputs are exactly 0, where relu bends
    found = spot_check(network, Weighing(LOSSES["quadratic"]()), inputs, Y, None, 200, 1e-5)
    assert found[0].at_kinks == 4 and found[0].checked == 12
    assert largest(found) < threshold(1e-5)


def test_parameters_are_spread_over_the_layers() -> None:
    network = Network(100, [Dense(50), Dense(2), LAYERS["layer_normalization"]()], "float64")
    chosen = spread(network, 60)
    by_layer = [sum(placed.offset <= at < placed.offset + placed.size for at in chosen) for placed in network.layers]
    assert by_layer == [28, 28, 4] and len(set(chosen)) == 60
    assert spread(network, 10**6) == list(range(network.parameters.size))


def test_the_network_is_left_as_it_was() -> None:
    network = network_with("batch_normalization")
    before = network.vector.copy()
    checked(network)
    np.testing.assert_array_equal(network.vector, before)
