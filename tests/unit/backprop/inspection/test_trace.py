"""A trace holds the numbers of one step of training, and its contributions are what the tangent promises."""

from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.inspection.trace import Trace, Updating, trace
from service.backprop.layers import LAYERS, Dense, Layer
from service.backprop.losses import LOSSES, Loss
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, SGD, Optimizer
from service.backprop.regularization import Regularization
from service.backprop.training.loop import train
from service.backprop.training.row_weights import Weighing
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings

RANDOM = np.random.default_rng(6)
X, Y = RANDOM.normal(size=(7, 3)), np.eye(2)[RANDOM.integers(0, 2, 7)]


def network_of(*middle: Layer, output: str = "sigmoid", precision: str = "float64") -> Network:
    network = Network(3, [Dense(4, ACTIVATIONS["tanh"]()), *middle, Dense(2, ACTIVATIONS[output]())], precision)
    network.initialize(3)
    return network


def traced(
    network: Network,
    optimizer: Optimizer | None = None,
    loss: Loss | None = None,
    regularization: Regularization | None = None,
    rows: int = 7,
) -> Trace:
    optimizer = optimizer or SGD(learning_rate=0.5)
    updating = Updating(optimizer, optimizer.learning_rate, regularization or Regularization())
    return trace(network, Weighing(loss or LOSSES["quadratic"]()), updating, X[:rows], Y[:rows])


def worked_example() -> Network:
    sigmoid = ACTIVATIONS["sigmoid"]()
    hidden = Dense(2, sigmoid, weights=np.array([[0.15, 0.25], [0.20, 0.30]]), biases=np.array([0.35, 0.35]))
    output = Dense(1, sigmoid, weights=np.array([[0.40], [0.45]]), biases=np.array([0.60]))
    network = Network(2, [hidden, output], "float64")
    network.initialize(0)
    return network


def test_the_worked_example_of_the_contract() -> None:
    updating = Updating(SGD(learning_rate=0.5), 0.5)
    found = trace(
        worked_example(), Weighing(LOSSES["quadratic"]()), updating, np.array([[0.05, 0.10]]), np.array([[0.01]])
    )
    assert round(found.loss, 6) == 0.274811
    assert [returned.layer for returned in found.backward] == [1, 0]
    assert round(float(found.backward[0].delta[0, 0]), 6) == 0.138499
    assert found.backward[1].delta.round(6).tolist() == [[0.013368, 0.014996]]
    assert round(float(found.contributions.sum()), 6) == -0.016588
    assert round(found.loss_after - found.loss, 6) == -0.016796


@pytest.mark.parametrize("kind", list(LAYERS))
def test_every_number_obeys_its_equation(kind: str) -> None:
    middle = Dense(3, ACTIVATIONS["elu"]()) if kind == "dense" else LAYERS[kind]()
    found = traced(network_of(middle))
    A = found.inputs
    before = [placed.views(found.update.before) for placed in found.network.layers]
    for placed, passed in zip(found.network.layers, found.forward, strict=True):
        if isinstance(placed.layer, Dense):
            values = before[placed.index]
            np.testing.assert_allclose(passed.weighted_inputs, A @ values["weights"] + values["biases"], rtol=1e-14)
        A = passed.activations
    for returned in found.backward:
        given = found.forward[returned.layer - 1].activations if returned.layer else found.inputs
        if returned.dactivation_dweighted_inputs is not None:
            product = returned.dloss_dactivations * returned.dactivation_dweighted_inputs
            np.testing.assert_allclose(returned.delta, product, rtol=1e-13, atol=1e-16)
        if isinstance(found.network.layers[returned.layer].layer, Dense):
            np.testing.assert_allclose(returned.gradients["biases"], returned.delta.sum(axis=0), rtol=1e-14)
            np.testing.assert_allclose(returned.gradients["weights"], given.T @ returned.delta, rtol=1e-13)
    np.testing.assert_array_equal(found.contributions, found.gradients * (found.update.after - found.update.before))


@pytest.mark.parametrize("kind", list(LAYERS))
def test_as_the_rate_shrinks_the_change_becomes_what_the_tangent_promised(kind: str) -> None:
    network = network_of(Dense(3, ACTIVATIONS["tanh"]()) if kind == "dense" else LAYERS[kind]())
    distances = []
    for rate in (1e-1, 1e-2, 1e-3, 1e-4):
        found = traced(network, SGD(learning_rate=rate))
        ratio = (found.loss_after - found.loss) / found.contributions.sum()
        distances.append(abs(ratio - 1.0))
    assert distances[0] > distances[1] > distances[2] > distances[3]
    assert distances[3] < 1e-3


@pytest.mark.parametrize("loss", ["categorical_cross_entropy", "binary_cross_entropy", "cross_entropy"])
def test_a_matched_pair_reports_the_fused_delta(loss: str) -> None:
    output = "softmax" if loss == "categorical_cross_entropy" else "sigmoid"
    found = traced(network_of(output=output), loss=LOSSES[loss]())
    last = found.backward[0]
    assert last.fused and not found.backward[1].fused
    divisor = 2 * len(X) if loss == "binary_cross_entropy" else len(X)
    np.testing.assert_allclose(last.delta, (found.forward[-1].activations - Y) / divisor, rtol=1e-13)
    if output == "softmax":
        assert last.dactivation_dweighted_inputs is None
    else:
        assert last.dactivation_dweighted_inputs is not None
        product = last.dloss_dactivations * last.dactivation_dweighted_inputs
        np.testing.assert_allclose(last.delta, product, rtol=1e-10)


REGULARIZATIONS = [
    Regularization(),
    Regularization(l1=0.01, l2=0.1),
    Regularization(l2=0.1, clip_norm=0.05),
    Regularization(clip_value=0.01, max_norm=0.7),
]


@pytest.mark.parametrize("regularization", REGULARIZATIONS)
@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_the_step_is_the_one_that_training_takes(name: str, regularization: Regularization) -> None:
    network = network_of(LAYERS["batch_normalization"](), LAYERS["layer_normalization"]())
    optimizer = OPTIMIZERS[name]()
    found = traced(network, optimizer, regularization=regularization)
    settings = TrainingSettings(LOSSES["quadratic"](), optimizer, 1, 7, False, 0, regularization=regularization)
    list(train(network, settings, ArrayRows(X, Y)))
    np.testing.assert_array_equal(found.update.after, network.parameters)


def settings_of(name: str) -> list[dict[str, Any]]:
    more: dict[str, list[dict[str, Any]]] = {
        "sgd": [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
        "adam": [{"amsgrad": True}],
        "rmsprop": [{"momentum": 0.9}, {"centered": True}],
    }
    return [{}, *more.get(name, [])]


def by_terms(optimizer: Any, g: Any, w: Any, rate: float, terms: dict[str, Any]) -> Any:
    """The step as the terms make it."""
    name = optimizer.name
    if name == "sgd":
        ahead = g + optimizer.momentum * terms["velocity"] if optimizer.nesterov else terms.get("velocity", g)
        return -rate * ahead
    if name in ("adam", "adamw"):
        step = -rate * terms["corrected_means"] / (np.sqrt(terms["corrected_squares"]) + optimizer.epsilon)
        return step - (rate * optimizer.weight_decay * w if name == "adamw" else 0.0)
    if name == "nadam":
        both = terms["corrected_gradient"] + terms["corrected_means"]
        return -rate * both / (np.sqrt(terms["corrected_squares"]) + optimizer.epsilon)
    if name == "adamax":
        return -rate * terms["corrected_means"] / terms["largest"]
    if name == "adagrad":
        return -rate * g / (np.sqrt(terms["squares"]) + optimizer.epsilon)
    if name == "rmsprop" and optimizer.momentum:
        return -rate * terms["velocity"]
    if name == "rmsprop":
        variance = terms["squares"] - (terms["means"] ** 2 if optimizer.centered else 0.0)
        return -rate * g / (np.sqrt(variance) + optimizer.epsilon)
    if name == "rprop":
        return -np.sign(terms["gradients_before"]) * terms["steps"]
    assert name == "adadelta"
    return -rate * g * np.sqrt(optimizer.epsilon) / np.sqrt(terms["squares"] + optimizer.epsilon)


@pytest.mark.parametrize(
    ("name", "settings"), [(name, settings) for name in OPTIMIZERS for settings in settings_of(name)]
)
def test_the_terms_make_the_step(name: str, settings: dict[str, Any]) -> None:
    optimizer = OPTIMIZERS[name](**settings)
    found = traced(network_of(), optimizer)
    expected = by_terms(
        optimizer, found.update.gradient, found.update.before, optimizer.learning_rate, found.update.terms
    )
    np.testing.assert_allclose(found.step, expected, rtol=1e-6, atol=1e-15)


def test_the_network_is_left_as_it_was() -> None:
    network = network_of(LAYERS["batch_normalization"](), LAYERS["dropout"](0.5), precision="float32")
    before = network.vector.copy()
    traced(network)
    np.testing.assert_array_equal(network.vector, before)


def test_one_row_is_normalized_by_the_running_statistics() -> None:
    network = network_of(LAYERS["batch_normalization"](), LAYERS["dropout"](0.5))
    network.layers[1].values["running_mean"][...] = 0.3
    network.layers[1].values["running_variance"][...] = 2.0
    found = traced(network, rows=1)
    np.testing.assert_allclose(found.forward[-1].activations, network.predict(X[:1]), rtol=1e-14)
    assert "running" in found.modes["batch_normalization"] and "evaluation" in found.modes["dropout"]
    assert "rows' own" in traced(network).modes["batch_normalization"]
    found = traced(network, SGD(learning_rate=1e-6), rows=1)
    assert (found.loss_after - found.loss) / found.contributions.sum() == pytest.approx(1.0, abs=1e-4)


def test_weights_of_rows_and_classes_count_as_in_training() -> None:
    network, samples = network_of(output="softmax"), RANDOM.uniform(0.2, 2.0, 7)
    loss = LOSSES["categorical_cross_entropy"]()
    weighing = Weighing(loss, np.array([1.0, 3.0]), 0.1)
    found = trace(network, weighing, Updating(SGD(learning_rate=0.1), 0.1), X, Y, samples)
    settings = TrainingSettings(
        loss, SGD(learning_rate=0.1), 1, 7, False, 0, class_weights=np.array([1.0, 3.0]), label_smoothing=0.1
    )
    result = list(train(network, settings, ArrayRows(X, Y, samples)))
    assert found.loss == pytest.approx(result[1].training_loss[0], rel=1e-14)
    np.testing.assert_array_equal(found.update.after, network.parameters)
