"""Networks, datasets and jobs, as the contract has them."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, XOR, problem
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG


def test_networks(client: FlaskClient) -> None:
    body = {"name": "n", "inputs": 4, "layers": [{"type": "dense", "units": 3}, {"type": "dense", "units": 2}]}
    made = client.post("/v1/networks", json=body)
    assert made.status_code == 201 and made.headers["Location"] == "/v1/networks/n"
    assert made.json["parameters"] == 5 * 3 + 4 * 2
    layer = made.json["layers"][0]
    assert (layer["activation"], layer["output"], layer["parameters"]) == ("linear", 3, 15)
    assert layer["initializer"]["type"] == "glorot_uniform" and layer["bias_initializer"] == {"type": "zeros"}
    body["layers"][0]["activation"] = "linear"  # type: ignore[index]
    assert client.post("/v1/networks", json=body).status_code == 200
    problem(client.post("/v1/networks", json={**body, "inputs": 5}), 409)
    hidden = client.post("/v1/networks", json={"hidden": [8]})
    assert hidden.status_code == 201 and hidden.json["activation"] == "tanh" and hidden.json["parameters"] is None
    assert [item["name"] for item in client.get("/v1/networks").json["data"]] == [hidden.json["name"], "n"]
    assert client.delete("/v1/networks/n").status_code == 204
    problem(client.get("/v1/networks/n"), 404)
    problem(client.delete("/v1/networks/n"), 404)


def test_datasets_as_json(client: FlaskClient) -> None:
    made = client.post("/v1/datasets", json=XOR)
    assert made.status_code == 201 and made.json["rows"] == 4
    assert [column["role"] for column in made.json["columns"]] == ["input", "input", "target"]
    assert made.json["columns"][0]["mean"] == 0.5
    assert client.post("/v1/datasets", json=XOR).status_code == 200
    assert client.put("/v1/datasets/xor", json={**XOR, "name": "xor"}).status_code == 200
    problem(client.post("/v1/datasets", json={**XOR, "targets": [1, 1, 1, 0]}), 409)
    rows = client.get("/v1/datasets/xor/rows?limit=2&after=0").json
    assert [row["row"] for row in rows["data"]] == [1, 2] and rows["has_more"]
    assert rows["data"][0]["values"] == {"input_1": 0.0, "input_2": 1.0, "target": 1.0}
    by_row = client.post("/v1/datasets", json={"rows": [{"a": 1, "y": "u"}, {"a": None, "y": "v"}], "target": "y"})
    assert by_row.status_code == 201 and by_row.json["columns"][0]["missing"] == 1
    assert client.delete("/v1/datasets/xor").status_code == 204
    problem(client.get("/v1/datasets/xor/rows"), 404)


def test_datasets_as_files(client: FlaskClient) -> None:
    put = client.put("/v1/datasets/table?target=kind", data=CSV)
    assert put.status_code == 201 and put.json["columns"][2]["categories"] == ["even", "odd"]
    assert client.post("/v1/datasets?name=table", data=CSV, content_type="text/csv").status_code == 200
    stream = io.BytesIO()
    np.savez(stream, x_train=np.arange(24, dtype=np.uint8).reshape(4, 3, 2), y_train=np.array([0, 1, 0, 1]))
    npz = client.put("/v1/datasets/npz?scale=23", data=stream.getvalue())
    assert npz.status_code == 201 and npz.json["columns"][5]["maximum"] == 23.0 and npz.json["scale"] == 23.0
    assert client.get("/v1/datasets/npz/rows?limit=1").json["data"][0]["values"]["input_2"] == 1
    form = {"file": (io.BytesIO(CSV.encode()), "t.csv"), "name": "form", "target": "a", "drop": "b"}
    made = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert made.status_code == 201 and made.json["name"] == "form"
    assert [column["name"] for column in made.json["columns"]] == ["kind", "a"]


def test_a_json_file_in_a_form_takes_the_forms_fields(client: FlaskClient) -> None:
    rows = json.dumps({"rows": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}).encode()
    form = {"file": (io.BytesIO(rows), "t.json", "application/json"), "target": "a"}
    made = client.post("/v1/datasets", data=form, content_type="multipart/form-data")
    assert made.status_code == 201
    assert [column["name"] for column in made.json["columns"]] == ["b", "a"]


def test_query_fields_next_to_json_are_repeatable(client: FlaskClient) -> None:
    body = {"rows": [{"a": 1, "b": 2, "c": 3}, {"a": 3, "b": 4, "c": 5}]}
    made = client.post("/v1/datasets?target=a&target=b", json=body)
    assert made.status_code == 201
    assert [column["role"] for column in made.json["columns"]] == ["input", "target", "target"]


def test_a_dataset_alone_is_a_job_and_every_default_is_in_its_answer(client: FlaskClient, service: Services) -> None:
    client.put("/v1/datasets/table", data=CSV)
    queued = client.post("/v1/jobs", json={"dataset": "table"})
    assert queued.status_code == 202 and queued.headers["Retry-After"] and queued.json["status"] == "queued"
    job = queued.json
    assert job["id"].startswith("job_") and job["id"] == job["id"].lower() == job["model"]["name"]
    assert job["waiting"]["position"] == 1 and job["warnings"]
    training = job["training"]
    assert training["loss"] == "categorical_cross_entropy" and training["epochs"] == 2000
    assert training["optimizer"] == {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
    assert (training["shuffle"], training["precision"], training["metrics"]) == (True, "float32", ["accuracy"])
    assert isinstance(training["seed"], int) and training["validation"] is None
    assert [layer["units"] for layer in job["network"]["layers"]] == [16, 2] and job["network"]["inputs"] == 2
    assert job["created_at"].endswith("Z") and len(job["created_at"]) == 27
    problem(client.delete("/v1/datasets/table"), 409)
    problem(client.delete(f"/v1/jobs/{job['id']}"), 409)
    assert client.post(f"/v1/jobs/{job['id']}:cancel").json["status"] == "cancelled"
    assert client.post(f"/v1/jobs/{job['id']}:cancel").status_code == 200
    assert client.delete("/v1/datasets/table").status_code == 204
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    problem(client.get(f"/v1/jobs/{job['id']}"), 404)


def test_one_request_does_everything(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    network = {
        "layers": [
            {"type": "dense", "units": 4, "activation": "tanh"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ]
    }
    training = {
        "epochs": 400,
        "optimizer": {"type": "sgd", "learning_rate": 0.5},
        "loss": "binary_cross_entropy",
        "seed": 3,
    }
    job = train({"dataset": XOR, "network": network, "training": training, "model": "xor"})
    assert job["model"] == {"name": "xor", "version": 1} and job["progress"]["fraction"] == 1.0
    assert (job["targets"]["kind"], job["targets"]["classes"]) == ("classes", [0, 1])
    assert job["latest"]["metrics"]["training"] == {"accuracy": 1.0}
    answer = client.post("/v1/models/xor:predict", json={"instances": XOR["inputs"]}).json
    assert answer["labels"] == [0, 1, 1, 0] and (answer["model"], answer["version"], answer["epoch"]) == ("xor", 1, 400)
    problem(client.post(f"/v1/jobs/{job['id']}:cancel"), 409)
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.post("/v1/models/xor:predict", json={"instances": [[0, 1]]}).json["labels"] == [1]


def test_jobs_are_listed_filtered_and_paged(client: FlaskClient) -> None:
    client.post("/v1/datasets", json=XOR)
    ids = [
        client.post("/v1/jobs", json={"dataset": "xor", "model": f"m{n % 2}", "metadata": {"team": "ab"[n % 2]}}).json[
            "id"
        ]
        for n in range(5)
    ]
    client.post(f"/v1/jobs/{ids[0]}:cancel")
    whole = client.get("/v1/jobs").json
    assert [job["id"] for job in whole["data"]] == ids[::-1] and not whole["has_more"]
    assert (whole["object"], whole["first_id"], whole["last_id"]) == ("list", ids[4], ids[0])
    seen, address, pages = [], "/v1/jobs?limit=2&status=queued", 0
    while address:
        page = client.get(address)
        seen += [job["id"] for job in page.json["data"]]
        pages += 1
        link = page.headers.get("Link")
        assert (link is not None) == page.json["has_more"]
        address = link.split(">")[0][1:] if link else ""
    assert seen == ids[:0:-1] and pages == 2
    for query, found in (
        ("model=m1", [3, 1]),
        ("metadata.team=a", [4, 2, 0]),
        ("status=cancelled", [0]),
        ("model=x", []),
    ):
        assert [job["id"] for job in client.get(f"/v1/jobs?{query}").json["data"]] == [ids[n] for n in found]


def test_waiting_gives_up_or_answers_with_the_end(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    waited = client.post("/v1/jobs?wait=0.05", json={"dataset": XOR})
    assert waited.status_code == 202 and waited.json["status"] == "queued"
    client.post(f"/v1/jobs/{waited.json['id']}:cancel")
    ended = client.get(f"/v1/jobs/{waited.json['id']}?wait=30")
    assert ended.json["status"] == "cancelled"
    problem(client.get(f"/v1/jobs/{waited.json['id']}?wait=x"), 422)
    problem(client.get("/v1/jobs/job_0?wait=1"), 404)


def test_a_diverging_job_fails_and_its_last_finite_epoch_stays(client: FlaskClient, service: Services) -> None:
    rows = [{"x": float(n), "y": float(n)} for n in range(10)]
    training = {
        "epochs": 200,
        "optimizer": {"type": "sgd", "learning_rate": 1e6},
        "preprocessing": {"numbers": "none", "targets": "none"},
    }
    body = {"dataset": {"rows": rows}, "network": {"hidden": []}, "training": training}
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    job = answer.json
    assert run_next_job(service, "test", lambda: False)
    failed = client.get(f"/v1/jobs/{job['id']}").json
    assert failed["status"] == "failed" and failed["error"]["code"] == "diverged"
    epoch = failed["error"]["epoch"]
    assert client.get(f"/v1/jobs/{job['id']}/epochs/{epoch}/parameters").status_code == 200
    assert "NaN" not in client.get(f"/v1/jobs/{job['id']}/epochs").text


def test_large_numbers_survive_the_database(client: FlaskClient) -> None:
    body = {"name": "large", "inputs": [[1e25], [-0.0]], "targets": [1e20, 0.5]}
    assert client.post("/v1/datasets", json=body).status_code == 201
    stored = client.get("/v1/datasets/large")
    assert stored.status_code == 200 and stored.json["columns"][0]["maximum"] == 1e25
