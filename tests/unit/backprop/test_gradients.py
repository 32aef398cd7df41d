"""Backpropagation is right: against central differences for every pair, and against worked examples."""

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.gradient_check import gradient_check
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network, Workspace, backward, forward
from service.backprop.optimizers import SGD
from service.backprop.trainer import ArrayRows, TrainingSettings, train


def pairs() -> list[tuple[str, str]]:
    """Every loss with every output activation it takes; the cross entropies need outputs between 0 and 1."""
    bounded = {"sigmoid", "softmax"}
    return [
        (loss, activation)
        for loss in LOSSES
        for activation in ACTIVATIONS
        if LOSSES[loss].fused_with in (None, activation) and ("cross_entropy" not in loss or activation in bounded)
    ]


@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
@pytest.mark.parametrize(("loss", "activation"), pairs())
def test_every_loss_and_activation_agrees_with_central_differences(loss: str, activation: str, hidden: str) -> None:
    random = np.random.default_rng(7)
    layers = [Dense(5, ACTIVATIONS[hidden]()), Dense(4, ACTIVATIONS[hidden]()), Dense(3, ACTIVATIONS[activation]())]
    network = Network(4, layers, "float64")
    network.parameters[...] = random.normal(0.0, 0.7, network.parameters.size)
    X = random.normal(size=(6, 4))
    Y = np.eye(3)[random.integers(0, 3, 6)]
    for check in gradient_check(network, LOSSES[loss](), X, Y):
        assert check.largest < 1e-6, check


def test_a_broken_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIVATIONS["tanh"], "backward", lambda self, A, gradient, scratch: None)
    network = Network(3, [Dense(4, ACTIVATIONS["tanh"]()), Dense(2)], "float64")
    network.initialize(1)
    checks = gradient_check(network, LOSSES["quadratic"](), np.ones((2, 3)), np.zeros((2, 2)))
    assert checks[0].largest > 1e-3
    assert checks[1].largest < 1e-6


def worked_example() -> Network:
    sigmoid = ACTIVATIONS["sigmoid"]()
    hidden = Dense(2, sigmoid, weights=np.array([[0.15, 0.25], [0.20, 0.30]]), biases=np.array([0.35, 0.35]))
    output = Dense(1, sigmoid, weights=np.array([[0.40], [0.45]]), biases=np.array([0.60]))
    network = Network(2, [hidden, output], "float64")
    network.initialize(0)
    return network


def test_the_worked_example_of_the_contract() -> None:
    network, loss = worked_example(), LOSSES["quadratic"]()
    workspace = Workspace(network, 1, gradients=True)
    buffers = workspace.sized(1)
    buffers.X[...], buffers.Y[...] = [[0.05, 0.10]], [[0.01]]
    before = loss.total(forward(network, buffers), buffers.Y)
    backward(network, workspace, buffers, loss, 1)
    assert round(before, 6) == 0.274811
    assert round(float(buffers.delta[1][0, 0]), 6) == 0.138499
    assert [round(float(delta), 6) for delta in buffers.delta[0][0]] == [0.013368, 0.014996]
    gradients = workspace.gradients
    assert round(float(-0.5 * gradients @ gradients), 6) == -0.016588
    SGD(learning_rate=0.5).step(network.parameters, gradients, {}, 0, np.empty_like(gradients))
    assert round(loss.total(forward(network, buffers), buffers.Y) - before, 6) == -0.016796


@pytest.mark.parametrize(
    ("weight", "bias", "before", "after"), [(0.6, 0.9, 0.8176, 0.0940), (2.0, 2.0, 0.9820, 0.2028)]
)
def test_nielsens_neuron_learns_as_published(weight: float, bias: float, before: float, after: float) -> None:
    neuron = Dense(1, ACTIVATIONS["sigmoid"](), weights=np.array([[weight]]), biases=np.array([bias]))
    network = Network(1, [neuron], "float64")
    network.initialize(0)
    X, Y = np.array([[1.0]]), np.array([[0.0]])
    assert round(float(network.predict(X)[0, 0]), 4) == before
    settings = TrainingSettings(LOSSES["quadratic"](), SGD(learning_rate=0.15), 300, 1, False, 0)
    list(train(network, settings, ArrayRows(X, Y)))
    assert round(float(network.predict(X)[0, 0]), 4) == after


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("loss", list(LOSSES))
def test_saturated_units_give_finite_losses_and_gradients(loss: str, precision: str) -> None:
    activation = LOSSES[loss].fused_with or "sigmoid"
    network = Network(2, [Dense(2, ACTIVATIONS[activation]())], precision)
    network.layers[0].weights[...] = [[1e4, -1e4], [-1e4, 1e4]]
    workspace = Workspace(network, 2, gradients=True)
    buffers = workspace.sized(2)
    buffers.X[...], buffers.Y[...] = [[1, 0], [0, 1]], [[0, 1], [0, 1]]
    with np.errstate(all="ignore"):
        A = forward(network, buffers)
        assert np.isfinite(LOSSES[loss]().total(A, buffers.Y))
        backward(network, workspace, buffers, LOSSES[loss](), 2)
    assert np.isfinite(workspace.gradients).all()
