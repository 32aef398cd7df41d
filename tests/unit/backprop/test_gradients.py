"""Backpropagation is right: against central differences for every combination, and against worked examples."""

from collections.abc import Iterator

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.gradient_check import LayerCheck, gradient_check
from service.backprop.layers import LAYERS, Dense, Layer
from service.backprop.losses import LOSSES, Loss
from service.backprop.network import Network, Workspace, backward, forward
from service.backprop.optimizers import SGD
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings

BOUNDED = ("sigmoid", "softmax")  # the cross entropies need outputs between 0 and 1
THRESHOLD = 1e-6
DRAWS = (8, 9, 10)  # a unit may stand at a kink in one of them; a derivative that is wrong is wrong in all


def outputs_of(loss: str) -> list[str]:
    """The output activations a loss takes."""
    if LOSSES[loss].fused_with is not None:
        return [LOSSES[loss].fused_with]
    return [name for name in ACTIVATIONS if "cross_entropy" not in loss or name in BOUNDED]


def network_with(kind: str, hidden: str, output: str, draw: int = DRAWS[0]) -> Network:
    """A network that has a layer of that kind in its middle, its parameters drawn at random."""
    middle: list[Layer] = [Dense(3, ACTIVATIONS[hidden]())]
    if kind != "dense":
        middle = [Dense(3), LAYERS[kind](), LAYERS["activation"](ACTIVATIONS[hidden]())]
    layers: list[Layer] = [Dense(4, ACTIVATIONS[hidden]()), *middle, Dense(3, ACTIVATIONS[output]())]
    network = Network(3, layers, "float64")
    network.initialize(5)
    random = np.random.default_rng(draw)
    network.parameters[...] += random.normal(0.0, 0.4, network.parameters.size)
    return network


def checks(kind: str, loss: Loss, weights: bool = False) -> Iterator[tuple[str, str, LayerCheck]]:
    random = np.random.default_rng(11)
    X = random.normal(size=(6, 3))
    Y = np.eye(3)[random.integers(0, 3, 6)]
    of_rows = random.uniform(0.1, 2.0, 6) if weights else None
    outputs = outputs_of(loss.name)
    pairs = [(hidden, outputs[index % len(outputs)]) for index, hidden in enumerate(ACTIVATIONS)]
    for hidden, output in {*pairs, *(("tanh", output) for output in outputs)}:
        for draw in DRAWS:
            found = gradient_check(network_with(kind, hidden, output, draw), loss, X, Y, weights=of_rows)
            if all(check.largest < THRESHOLD for check in found):
                break
        for check in found:
            yield hidden, output, check


@pytest.mark.parametrize("kind", list(LAYERS))
@pytest.mark.parametrize("loss", list(LOSSES))
def test_every_layer_activation_and_loss_agrees_with_central_differences(kind: str, loss: str) -> None:
    for hidden, output, check in checks(kind, LOSSES[loss]()):
        assert check.largest < THRESHOLD, (hidden, output, check)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_weighted_rows_agree_with_central_differences(loss: str) -> None:
    for hidden, output, check in checks("dense", LOSSES[loss](), weights=True):
        assert check.largest < THRESHOLD, (hidden, output, check)


def test_a_broken_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTIVATIONS["tanh"], "backward", lambda self, Z, A, gradient, scratch: None)
    network = Network(3, [Dense(4, ACTIVATIONS["tanh"]()), Dense(2)], "float64")
    network.initialize(1)
    found = gradient_check(network, LOSSES["quadratic"](), np.ones((2, 3)), np.zeros((2, 2)))
    assert found[0].largest > 1e-3
    assert found[1].largest < THRESHOLD


def test_a_gradient_check_leaves_the_network_as_it_was() -> None:
    network = network_with("batch_normalization", "relu", "linear")
    before = network.vector.copy()
    gradient_check(network, LOSSES["quadratic"](), np.ones((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(before, network.vector)


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
    backward(network, workspace, buffers, loss, 1.0)
    deltas = [io["delta"] for io in buffers.layers]
    assert round(before, 6) == 0.274811
    assert round(float(deltas[1][0, 0]), 6) == 0.138499
    assert [round(float(delta), 6) for delta in deltas[0][0]] == [0.013368, 0.014996]
    gradients = workspace.gradients
    assert round(float(-0.5 * gradients @ gradients), 6) == -0.016588
    SGD(learning_rate=0.5).step(network.parameters, gradients, {}, 1, 0.5, np.empty((2, gradients.size)))
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
    network.layers[0].values["weights"][...] = [[1e4, -1e4], [-1e4, 1e4]]
    workspace = Workspace(network, 2, gradients=True)
    buffers = workspace.sized(2)
    buffers.X[...], buffers.Y[...] = [[1, 0], [0, 1]], [[0, 1], [0, 1]]
    A = forward(network, buffers)
    assert np.isfinite(LOSSES[loss]().total(A, buffers.Y))
    backward(network, workspace, buffers, LOSSES[loss](), 2.0)
    assert np.isfinite(workspace.gradients).all()
