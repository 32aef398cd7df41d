"""Keras's JSON over HTTP: stored, trained, and exported again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR, problem

pytestmark = POSTGRESQL_IS_LONG

FOLDER = Path(__file__).parents[1] / "data" / "keras"


def document(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return read


def test_a_keras_document_is_kept_and_given_back(client: FlaskClient) -> None:
    sent = (FOLDER / "every_layer.json").read_bytes()
    made = client.post("/v1/networks", data=sent, content_type="application/x-www-form-urlencoded")  # curl -d @file
    assert made.status_code == 201, made.text
    assert made.json["name"] == "flowers" and made.json["parameters"] == 4 * 8 + 8 + 16 + 72 + 16 + 27
    assert made.json["training"]["regularization"]["l2"] == 0.02
    written = client.get("/v1/networks/flowers?format=keras")
    assert written.json["class_name"] == "Sequential" and written.headers["ETag"] != made.headers.get("ETag")
    assert client.post("/v1/networks", json=written.json).status_code == 200
    problem(client.get("/v1/networks/flowers?format=onnx"), 422)
    client.post("/v1/networks", json={"name": "short", "hidden": [3]})
    problem(client.get("/v1/networks/short?format=keras"), 422)


def test_a_fault_in_a_keras_document_has_its_pointer(client: FlaskClient) -> None:
    body = document("every_layer")
    body["config"]["layers"][1]["config"]["bias_regularizer"] = {"class_name": "L2", "config": {"l2": 0.1}}
    refused = problem(client.post("/v1/networks", json=body), 422)
    assert refused["errors"][0]["pointer"] == "#/config/layers/1/config/bias_regularizer"
    job = problem(client.post("/v1/jobs", json={"dataset": XOR, "network": body}), 422)
    assert job["errors"][0]["pointer"] == "#/network/config/layers/1/config/bias_regularizer"


def test_what_does_not_fit_the_dataset_is_told_in_the_keras_document(client: FlaskClient) -> None:
    body = document("keras_2")
    body["config"]["layers"][3]["config"]["units"] = 5
    refused = problem(client.post("/v1/jobs", json={"dataset": XOR, "network": body}), 422)
    assert refused["errors"][0]["pointer"] == "#/network/config/layers/3/config/units"
    body = document("values_without_inputs")
    body["config"]["layers"][1]["config"]["activation"] = "sigmoid"
    body["compile_config"]["metrics"] = ["accuracy"]
    refused = problem(
        client.post("/v1/jobs", json={"dataset": {"inputs": [[0], [1]], "targets": [0.5, 1.5]}, "network": body}), 422
    )
    assert refused["errors"][0]["pointer"] == "#/network/compile_config/metrics/0"


def test_a_job_takes_a_networks_training_for_what_its_own_leaves_out(
    client: FlaskClient, train: Callable[..., dict[str, Any]]
) -> None:
    layers = [
        {"type": "dense", "units": 3, "activation": "tanh"},
        {"type": "dense", "units": 2, "activation": "softmax"},
    ]
    brought = {"optimizer": "adam", "epochs": 4, "metrics": ["recall"], "validation": None}
    made = client.post("/v1/networks", json={"name": "n", "layers": layers, "training": brought})
    assert made.status_code == 201 and made.json["training"]["optimizer"]["beta1"] == 0.9
    assert list(made.json["training"]) == ["optimizer", "epochs", "validation", "metrics"]
    assert client.get("/v1/networks/n").json["training"] == made.json["training"]
    job = train({"dataset": XOR, "network": "n", "training": {"epochs": 2, "seed": 1}})
    training = job["training"]
    assert (training["epochs"], training["optimizer"]["type"], training["metrics"]) == (2, "adam", ["recall"])
    assert "training" not in job["network"]


def test_training_that_a_network_brings_is_checked_with_it(client: FlaskClient) -> None:
    body = {"name": "n", "layers": [{"type": "dense", "units": 2}], "training": {"epoch": 3}}
    refused = problem(client.post("/v1/networks", json=body), 422)
    assert refused["errors"][0]["pointer"] == "#/training/epoch" and "`epochs`" in refused["detail"]
    body["training"] = {"loss": "categorical_cross_entropy"}
    assert client.post("/v1/networks", json=body).status_code == 201
    misfit = problem(client.post("/v1/jobs", json={"dataset": XOR, "network": "n"}), 422)
    assert misfit["errors"][0]["pointer"] == "#/network/training/loss"


def test_a_keras_document_is_trained_at_once(train: Callable[..., dict[str, Any]], service: Services) -> None:
    job = train({"dataset": XOR, "network": document("keras_2"), "training": {"epochs": 3, "loss": "hinge"}})
    assert job["training"]["regularization"]["l2"] == 0.5 and job["training"]["loss"] == "hinge"
    assert job["network"]["layers"][1]["activation"]["slope"] == 0.25
