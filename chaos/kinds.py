"""The kinds of job that are disturbed: small, fast, and each with a different state to resume from."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chaos.client import Client

ROWS, INPUTS, CLASSES = 240, 6, 3
TO_PREDICT = "to-predict"  # the dataset whose rows are predicted, in several parts
ROWS_TO_PREDICT = 3000
XOR = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]}
PRECISIONS = ("float32", "float64")


class NoGround(Exception):
    """The service did not accept the datasets of the load."""


def datasets() -> Iterator[dict[str, Any]]:
    """Yield the datasets that jobs train on, to be posted once."""
    random = np.random.default_rng(11)
    X = random.normal(size=(ROWS, INPUTS)).round(4)
    labels = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    yield {"name": "flowers", "inputs": X.tolist(), "targets": labels.tolist(), "target_type": "class"}
    yield {"name": "xor", **XOR}
    yield {"name": TO_PREDICT, "inputs": random.normal(size=(ROWS_TO_PREDICT, INPUTS)).round(4).tolist()}


def post_datasets(client: Client) -> None:
    for dataset in datasets():
        answer = client.until_answered("POST", "/v1/datasets", dataset)
        if answer is None or answer[0] not in (200, 201):
            raise NoGround(f"the dataset {dataset['name']} was answered {answer}")


def _dense(*units: int, between: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    layers: list[dict[str, Any]] = []
    for count in units:
        layers += [{"type": "dense", "units": count, "activation": "relu"}, *between]
    return {"layers": [*layers, {"type": "dense", "units": CLASSES, "activation": "softmax"}]}


def _job(network: dict[str, Any], precision: str, **training: Any) -> dict[str, Any]:
    return {
        "dataset": "flowers",
        "network": network,
        "training": {"epochs": 12, "batch_size": 16, "seed": 7, "precision": precision, **training},
    }


def momentum(precision: str) -> dict[str, Any]:
    """SGD with momentum over shuffled rows."""
    return _job(_dense(16), precision, optimizer={"type": "sgd", "learning_rate": 0.05, "momentum": 0.9})


def adam(precision: str) -> dict[str, Any]:
    """Adam with dropout and batch normalization."""
    between = ({"type": "batch_normalization"}, {"type": "dropout", "rate": 0.2})
    return _job(_dense(16, between=between), precision, optimizer={"type": "adam", "learning_rate": 0.01})


def schedule(precision: str) -> dict[str, Any]:
    """Return a job with test rows, a cosine schedule, and early stopping that ends it before its last epoch."""
    return _job(
        _dense(16),
        precision,
        epochs=60,
        optimizer={"type": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        schedule={"type": "cosine", "warmup_epochs": 3},
        early_stopping={"monitor": "validation_loss", "patience": 4, "min_delta": 0.01},
        test=0.1,
    )


def stop_when(precision: str) -> dict[str, Any]:
    """Return a job that ends when its training loss is low enough."""
    optimizer = {"type": "rmsprop", "learning_rate": 0.005}
    return _job(_dense(24), precision, epochs=100, optimizer=optimizer, stop_when={"training_loss": 0.4})


def wide(precision: str) -> dict[str, Any]:
    """Return a job with a state too large for a row, stored as a blob; it stores parameters every third epoch."""
    optimizer = {"type": "adam", "learning_rate": 0.001}
    return _job(_dense(300, 300), precision, epochs=8, optimizer=optimizer, store_parameters={"every": 3})


def short(precision: str) -> dict[str, Any]:
    """Thousands of short epochs, trained in compiled code and stored in runs."""
    layer: dict[str, Any] = {"type": "dense", "activation": "sigmoid"}
    return {
        "dataset": "xor",
        "network": {"layers": [{**layer, "units": 4}, {**layer, "units": 1}]},
        "training": {
            "epochs": 4000,
            "batch_size": 4,
            "loss": "quadratic",
            "seed": 5,
            "precision": precision,
            "optimizer": {"type": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        },
    }


MAKERS = {each.__name__: each for each in (momentum, adam, schedule, stop_when, wide, short)}
KINDS: dict[str, dict[str, Any]] = {
    f"{name} {precision}": make(precision) for name, make in MAKERS.items() for precision in PRECISIONS
}


def longer(body: dict[str, Any], epochs: int, **training: Any) -> dict[str, Any]:
    """Return a job like `body` with that number of epochs."""
    return {**body, "training": {**body["training"], "epochs": epochs, **training}}


LONG = longer(momentum("float32"), 400)
