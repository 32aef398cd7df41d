"""What jobs leave, as the contract has it: epochs, parameters, predictions."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from safetensors.numpy import load as load_safetensors

from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, SMALL, XOR, problem

pytestmark = POSTGRESQL_IS_LONG


def test_epochs(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    job = train({"dataset": XOR, "training": {**SMALL, "epochs": 40}})
    address = f"/v1/jobs/{job['id']}/epochs"
    first = client.get(address).json
    assert [record["epoch"] for record in first["data"]] == list(range(41)) and not first["has_more"]
    assert {
        "epoch",
        "training_loss",
        "validation_loss",
        "metrics",
        "learning_rate",
        "seconds",
        "parameters_stored",
        "sha256",
    } == set(first["data"][0])
    page = client.get(f"{address}?after=10&limit=5")
    assert [record["epoch"] for record in page.json["data"]] == [11, 12, 13, 14, 15] and page.json["last_id"] == 15
    assert "after=15" in page.headers["Link"]
    points = client.get(f"{address}?points=10").json["data"]
    losses = [record["training_loss"] for record in first["data"]]
    assert len(points) <= 10 and {min(losses), max(losses)} <= {record["training_loss"] for record in points}
    lines = client.get(f"{address}?format=csv").text.splitlines()
    assert len(lines) == 42 and lines[0].startswith("epoch,training_loss")
    assert float(lines[-1].split(",")[1]) == losses[-1]
    jsonl = client.get(address, headers={"Accept": "application/jsonl"})
    assert jsonl.mimetype == "application/jsonl"
    assert [json.loads(line) for line in jsonl.text.splitlines()] == first["data"]
    problem(client.get("/v1/jobs/job_0/epochs"), 404)


def test_parameters_agree_in_every_format(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    job = train({"dataset": XOR, "network": {"hidden": [5, 3]}, "training": SMALL})
    address = f"/v1/jobs/{job['id']}/epochs/2/parameters"
    answer = client.get(address)
    layers = answer.json["layers"]
    digest = hashlib.sha256()
    for layer in layers:
        digest.update(np.array(layer["weights"], dtype="<f4").tobytes())
        digest.update(np.array(layer["biases"], dtype="<f4").tobytes())
    records = client.get(f"/v1/jobs/{job['id']}/epochs").json["data"]
    assert answer.json["sha256"] == digest.hexdigest() == records[2]["sha256"]
    tensors = load_safetensors(client.get(address, headers={"Accept": "application/x-safetensors"}).data)
    arrays = np.load(io.BytesIO(client.get(f"{address}?format=npz").data))
    assert set(tensors) == set(arrays.files)
    for index, layer in enumerate(layers):
        for name in ("weights", "biases"):
            expected = np.array(layer[name], dtype=np.float32)
            np.testing.assert_array_equal(tensors[f"layers.{index}.{name}"], expected)
            np.testing.assert_array_equal(arrays[f"layers.{index}.{name}"], expected)
    assert client.get(address.replace("/2/", "/last/")).json["epoch"] == 3
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_an_epoch_not_stored_names_the_nearest(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    job = train({"dataset": XOR, "training": {**SMALL, "epochs": 20, "store_parameters": {"every": 6}}})
    stored = [r["epoch"] for r in client.get(f"/v1/jobs/{job['id']}/epochs").json["data"] if r["parameters_stored"]]
    assert {0, 6, 12, 18, 20} <= set(stored)
    assert problem(client.get(f"/v1/jobs/{job['id']}/epochs/7/parameters"), 404)["nearest"] == 6
    assert problem(client.get(f"/v1/jobs/{job['id']}/epochs/99/parameters"), 404)["nearest"] == 20


def test_predictions_by_name_version_epoch_and_job(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    client.put("/v1/datasets/table", data=CSV)
    job = train({"dataset": "table", "model": "m", "training": SMALL})
    train({"dataset": "table", "model": "m", "training": {**SMALL, "seed": 2}})
    instances = {"instances": [[0.5, 1], [2.9, 4.0]]}
    latest = client.post("/v1/models/m:predict", json=instances).json
    assert (latest["version"], latest["epoch"]) == (2, 3) and set(latest["labels"]) <= {"even", "odd"}
    np.testing.assert_allclose(np.sum(latest["predictions"], axis=1), 1, rtol=1e-6)
    first = client.post("/v1/models/m/versions/1:predict", json=instances).json
    assert first["version"] == 1 and first["predictions"] != latest["predictions"]
    early = client.post("/v1/models/m/versions/1:predict?epoch=1", json=instances).json
    by_job = client.post(f"/v1/jobs/{job['id']}/epochs/1:predict", json=instances).json
    assert (
        early["epoch"] == by_job["epoch"] == 1 and early["predictions"] == by_job["predictions"] != first["predictions"]
    )
    assert by_job["version"] is None
    alone = client.post("/v1/models/m/versions/1/predict", json={"inputs": [[0.5, 1]]}).json["outputs"]
    np.testing.assert_allclose(alone, first["predictions"][:1], rtol=1e-6)  # one row is multiplied in another order
    objects = client.post("/v1/models/m/versions/1:predict", json={"instances": [{"b": 1, "a": 0.5, "z": 9}]}).json
    assert objects["predictions"][0]["kind"] == first["labels"][0] and objects["ignored"] == ["z"]
    shares = list(objects["predictions"][0]["probabilities"].values())
    np.testing.assert_allclose(shares, first["predictions"][0], rtol=1e-6)
    missing = problem(client.post("/v1/models/m:predict", json={"instances": [{"a": 1}]}), 422)
    assert "`b`" in missing["errors"][0]["detail"]
    problem(client.post("/v1/models/m/versions/9:predict", json=instances), 404)
    problem(client.post("/v1/models/none:predict", json=instances), 404)
    model = client.get("/v1/models/m").json
    assert model["ready"] and model["latest"] == 2 and [version["version"] for version in model["versions"]] == [1, 2]
    assert client.post("/v1/models/m:predict", json=model["example"]).status_code == 200
    assert client.delete("/v1/models/m").status_code == 204
    problem(client.get("/v1/models/m"), 404)


def test_values_are_predicted_in_their_own_units(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    rows = [{"x": n / 10, "y": 1000 + 50 * n} for n in range(20)]
    training = {"epochs": 300, "seed": 1}
    job = train({"dataset": {"rows": rows}, "network": {"hidden": []}, "training": training, "model": "line"})
    assert job["training"]["preprocessing"]["targets"] == "standardize" and job["targets"]["kind"] == "values"
    answer = client.post("/v1/models/line:predict", json={"instances": [[0.5], [1.0]]}).json
    np.testing.assert_allclose(answer["predictions"], [[1250], [1500]], rtol=1e-2)
    assert answer["labels"] is None


def test_a_batch_waits_for_a_dataset_with_missing_values(
    client: FlaskClient, train: Callable[..., dict[str, Any]]
) -> None:
    rows = [{"x": None if n % 5 == 0 else n, "c": "uv"[n % 2], "y": n} for n in range(20)]
    job = train(
        {"dataset": {"rows": rows}, "training": {**SMALL, "preprocessing": {"missing": "indicator"}}, "model": "gap"}
    )
    assert job["network"]["inputs"] == 4
    answer = client.post("/v1/models/gap:predict", json={"instances": [{"x": None, "c": "w"}, {"x": 1, "c": "u"}]})
    assert answer.status_code == 200 and len(answer.json["predictions"]) == 2
    assert answer.json["unknown"] == [{"row": 0, "column": "c", "value": "w"}]


def test_predictions_in_and_out_as_csv_and_npz(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    rows = [{"a": index % 7, "b": index % 3, "kind": "=x" if index % 7 > 3 else "y"} for index in range(60)]
    job = train({"dataset": {"rows": rows}, "training": {"epochs": 3, "seed": 1}})
    where = f"/v1/jobs/{job['id']}/epochs/last:predict"
    expected = client.post(where, json={"instances": [[1, 2], [6, 0]]}).json
    sent = client.post(where, data="b,a\n2,1\n0,6\n", headers={"Content-Type": "text/csv"}).json
    assert sent["labels"] == expected["labels"]
    shown = client.post(where + "?format=csv", json={"instances": [[1, 2], [6, 0]]}).text.splitlines()
    assert shown[0] == "kind,'=x,y"
    assert [line.split(",")[0].lstrip("'") for line in shown[1:]] == expected["labels"]
    packed = io.BytesIO()
    np.savez(packed, inputs=np.array([[1, 2], [6, 0]], dtype="uint8"))
    headers = {"Content-Type": "application/x-npz", "Accept": "application/x-npz"}
    back = np.load(io.BytesIO(client.post(where, data=packed.getvalue(), headers=headers).data))
    assert back["labels"].tolist() == expected["labels"]
    assert back["predictions"].tolist() == pytest.approx(np.array(expected["predictions"]))
    problem(client.post(where, data="a,b\n1,oops\n", headers={"Content-Type": "text/csv"}), 422)
    problem(client.post(where, data="a,b\n1\n", headers={"Content-Type": "text/csv"}), 422)
