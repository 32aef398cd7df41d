"""What the tests of explanations share: the contract's example, networks, and requests that must succeed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

Train = Callable[..., dict[str, Any]]


EXAMPLE = {
    "name": "example",
    "inputs": 2,
    "layers": [
        {
            "type": "dense",
            "units": 2,
            "activation": "sigmoid",
            "weights": [[0.15, 0.25], [0.20, 0.30]],
            "biases": [0.35, 0.35],
        },
        {"type": "dense", "units": 1, "activation": "sigmoid", "weights": [[0.40], [0.45]], "biases": [0.60]},
    ],
}


ROW = {"instances": [[0.05, 0.10]], "targets": [[0.01]]}


RATE = {"type": "sgd", "learning_rate": 0.5}


EVERY_KIND = {
    "layers": [
        {"type": "dense", "units": 4, "activation": "tanh"},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.2},
        {"type": "dense", "units": 3},
        {"type": "layer_normalization"},
        {"type": "activation", "activation": "gelu"},
        {"type": "dense", "units": 2, "activation": "softmax"},
    ]
}


EVERY_KIND_ONE = {"layers": [*EVERY_KIND["layers"][:-1], {"type": "dense", "units": 1}]}


def post(client: FlaskClient, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def get(client: FlaskClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def epochs_of(job: dict[str, Any]) -> str:
    return f"/v1/jobs/{job['id']}/epochs"


def total(update: list[dict[str, Any]], name: str) -> float:
    return float(sum(np.sum(array) for layer in update for array in layer[name].values()))


def assert_the_contracts_example(trace: dict[str, Any]) -> None:
    assert round(trace["loss"], 6) == 0.274811
    assert [layer["layer"] for layer in trace["backward"]] == [1, 0]
    assert np.round(trace["backward"][0]["delta"], 6).tolist() == [[0.138499]]
    assert np.round(trace["backward"][1]["delta"], 6).tolist() == [[0.013368, 0.014996]]
    assert round(trace["predicted_change"], 6) == -0.016588 and round(trace["actual_change"], 6) == -0.016796
    assert trace["loss_after"] - trace["loss"] == trace["actual_change"] and trace["optimizer_state"] == "fresh"
    assert trace["predicted_change"] == pytest.approx(total(trace["update"], "contribution"), rel=1e-12)
