"""scikit-learn's networks, started from the same parameters, end where the engine's do."""

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS, SGD, Optimizer
from service.backprop.regularization import Regularization
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings

BOUND = 1e-8
EPOCHS, BATCH_SIZE, ROWS, INPUTS, CLASSES = (
    20,
    8,
    40,
    4,
    3,
)  # batches are whole: alpha goes by their size
HIDDEN = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}

OPTIMIZERS_OF_BOTH: list[tuple[Optimizer, dict[str, Any]]] = [
    (SGD(learning_rate=0.1), {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False}),
    (SGD(learning_rate=0.1, momentum=0.7), {"solver": "sgd", "momentum": 0.7, "nesterovs_momentum": False}),
    (
        SGD(learning_rate=0.1, momentum=0.7, nesterov=True),
        {"solver": "sgd", "momentum": 0.7, "nesterovs_momentum": True},
    ),
    # scikit-learn adds epsilon before the correction by 1 - beta2^t, so only where it is nothing do both agree
    (
        OPTIMIZERS["adam"](learning_rate=0.01, beta1=0.8, beta2=0.99, epsilon=1e-16),
        {"solver": "adam", "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-16},
    ),
]


def data() -> tuple[Any, Any, Any]:
    """Inputs, classes and values."""
    random = np.random.default_rng(31)
    X = random.normal(size=(ROWS, INPUTS))
    labels = np.concatenate([np.arange(CLASSES), random.integers(0, CLASSES, ROWS - CLASSES)])
    return X, labels, random.normal(size=(ROWS, 2))


def network_of(hidden: str, output: str, outputs: int) -> Network:
    activation = ACTIVATIONS[hidden]()
    layers = [Dense(6, activation), Dense(5, activation), Dense(outputs, ACTIVATIONS[output]())]
    network = Network(INPUTS, layers, "float64")
    network.initialize(6)
    return network


def start_from(model: Any, network: Network, X: Any, targets: Any) -> Any:
    """`model` with the network's parameters and a fresh optimizer: scikit-learn makes its arrays at its first fit."""
    model.set_params(max_iter=1).fit(X, targets)
    model.coefs_ = [placed.values["weights"].copy() for placed in network.layers]
    model.intercepts_ = [placed.values["biases"].copy() for placed in network.layers]
    model.t_ = 0
    parameters = model.coefs_ + model.intercepts_
    rate = model.learning_rate_init
    if model.solver == "adam":
        model._optimizer = AdamOptimizer(parameters, rate, model.beta_1, model.beta_2, model.epsilon)
    else:
        model._optimizer = SGDOptimizer(parameters, rate, "constant", model.momentum, model.nesterovs_momentum)
    return model


def assert_same_end(network: Network, model: Any) -> None:
    for placed, weights, biases in zip(network.layers, model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_allclose(placed.values["weights"], weights, rtol=0, atol=BOUND)
        np.testing.assert_allclose(placed.values["biases"], biases, rtol=0, atol=BOUND)


def common(optimizer: Optimizer, hidden: str, l2: float) -> dict[str, Any]:
    return {
        "hidden_layer_sizes": (6, 5),
        "activation": HIDDEN[hidden],
        "alpha": l2 * BATCH_SIZE,  # scikit-learn divides it by the number of rows in a batch
        "batch_size": BATCH_SIZE,
        "learning_rate_init": optimizer.learning_rate,
        "shuffle": False,
    }


def trained(network: Network, loss: str, optimizer: Optimizer, rows: ArrayRows, l2: float) -> None:
    chosen = TrainingSettings(
        LOSSES[loss](), optimizer, EPOCHS, BATCH_SIZE, False, 0, regularization=Regularization(l2=l2)
    )
    list(train(network, chosen, rows))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of the one epoch that makes its arrays
@pytest.mark.parametrize("hidden", list(HIDDEN))
@pytest.mark.parametrize(("optimizer", "settings"), OPTIMIZERS_OF_BOTH)
@pytest.mark.parametrize("l2", [0.0, 0.02])
def test_a_classifier_ends_where_scikit_learns_does(
    hidden: str, optimizer: Optimizer, settings: dict[str, Any], l2: float
) -> None:
    X, labels, _ = data()
    network = network_of(hidden, "softmax", CLASSES)
    model = MLPClassifier(**common(optimizer, hidden, l2), **settings)
    start_from(model, network, X, labels)
    for _ in range(EPOCHS):
        model.partial_fit(X, labels)
    trained(network, "categorical_cross_entropy", optimizer, ArrayRows(X, np.eye(CLASSES)[labels]), l2)
    assert_same_end(network, model)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("hidden", list(HIDDEN))
@pytest.mark.parametrize(("optimizer", "settings"), OPTIMIZERS_OF_BOTH)
@pytest.mark.parametrize("l2", [0.0, 0.02])
def test_a_regressor_ends_where_scikit_learns_does(
    hidden: str, optimizer: Optimizer, settings: dict[str, Any], l2: float
) -> None:
    X, _, values = data()
    network = network_of(hidden, "linear", 2)
    model = MLPRegressor(**common(optimizer, hidden, l2), **settings)
    start_from(model, network, X, values)
    for _ in range(EPOCHS):
        model.partial_fit(X, values)
    # scikit-learn halves the squared error and averages it over outputs; its gradient is summed over them
    trained(network, "quadratic", optimizer, ArrayRows(X, values), l2)
    assert_same_end(network, model)
