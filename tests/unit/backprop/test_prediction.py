"""Predictions in buffers that are used again."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers.base import LAYERS
from service.backprop.network import Network
from service.backprop.prediction import MOST_ROWS, Predictor


def network(precision: str = "float32") -> Network:
    def dense(units: int, activation: str) -> object:
        return LAYERS["dense"](units=units, activation=ACTIVATIONS[activation]())

    between = [LAYERS[name]() for name in ("dropout", "batch_normalization", "layer_normalization")]
    activation = LAYERS["activation"](activation=ACTIVATIONS["gelu"]())
    layers = [dense(16, "relu"), *between, dense(9, "linear"), activation, dense(3, "softmax")]
    made = Network(7, layers, precision)
    made.initialize(3)
    return made


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_bits_are_those_of_the_network(precision: str) -> None:
    of = network(precision)
    predictor = Predictor(of)
    random = np.random.default_rng(1)
    for rows in (1, 2, 5, 1, MOST_ROWS, MOST_ROWS + 1, 3000, 1):
        X = random.normal(size=(rows, 7)).astype(of.dtype)
        assert predictor(X).tobytes() == of.predict(X).tobytes()


def test_an_answer_does_not_change_with_later_predictions() -> None:
    of = network()
    predictor = Predictor(of)
    X = np.eye(7, dtype=np.float32)
    first = predictor(X)
    expected = first.copy()
    predictor(-X)
    assert (first == expected).all()


def test_threads_may_predict_at_once() -> None:
    of = network()
    predictor = Predictor(of)
    batches = [np.random.default_rng(seed).normal(size=(seed % 4 + 1, 7)).astype(np.float32) for seed in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            for X, A in zip(batches, threads.map(predictor, batches), strict=True):
                assert A.tobytes() == of.predict(X).tobytes()
