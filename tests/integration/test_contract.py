"""The HTTP contract, asked through the application on both databases; training runs in this process."""

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from safetensors.numpy import load as load_safetensors

from service.app import create_app
from service.config import Settings
from service.parts import Parts, open_parts
from service.store.migrate import migrate
from tests.conftest import Parts as Servers
from workers.training_run import run_next_job

XOR = {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
CSV = "a,b,kind\n" + "".join(f"{n / 10},{(n * 7) % 5},{'even' if n % 2 == 0 else 'odd'}\n" for n in range(30))
SMALL = {"epochs": 3, "seed": 1, "batch_size": "full"}


@pytest.fixture
def settings(parts: Servers) -> Settings:
    return Settings(data_dir=parts.data_dir, database_url=parts.database_url, queue_url=parts.queue_url)


@pytest.fixture
def service(settings: Settings) -> Iterator[Parts]:
    opened = open_parts(settings)
    migrate(opened.database)
    yield opened
    opened.database.dispose()


@pytest.fixture
def client(settings: Settings, service: Parts) -> Iterator[FlaskClient]:
    app = create_app(settings)
    yield app.test_client()
    app.extensions["parts"].database.dispose()


@pytest.fixture
def train(client: FlaskClient, service: Parts) -> Callable[..., dict[str, Any]]:
    def run(body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        job: dict[str, Any] = client.get(answer.headers["Location"]).json
        assert job["status"] == "succeeded", job["error"]
        return job

    return run


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert {"type", "title", "status", "detail", "request_id"} <= body.keys()
    assert body["status"] == status and body["type"].startswith("/problems/")
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


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
    assert npz.status_code == 201 and npz.json["columns"][5]["maximum"] == 1.0
    assert client.get("/v1/datasets/npz/rows?limit=1").json["data"][0]["values"]["input_2"] == 1 / 23
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


def test_query_fields_beside_json_are_repeatable(client: FlaskClient) -> None:
    body = {"rows": [{"a": 1, "b": 2, "c": 3}, {"a": 3, "b": 4, "c": 5}]}
    made = client.post("/v1/datasets?target=a&target=b", json=body)
    assert made.status_code == 201
    assert [column["role"] for column in made.json["columns"]] == ["input", "target", "target"]


def test_a_dataset_alone_is_a_job_and_every_default_is_told(client: FlaskClient, service: Parts) -> None:
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


@pytest.mark.parametrize("verb", [":cancel", "%3Acancel", "/cancel"])
def test_verbs_are_understood_in_three_spellings(client: FlaskClient, verb: str) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json
    assert client.post(f"/v1/jobs/{job['id']}{verb}").status_code == 200


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
    assert job["targets"] == {"kind": "classes", "classes": [0, 1]}
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
    assert (
        client.post("/v1/models/m/versions/1/predict", json={"inputs": [[0.5, 1]]}).json["outputs"]
        == first["predictions"][:1]
    )
    objects = client.post("/v1/models/m/versions/1:predict", json={"instances": [{"b": 1, "a": 0.5, "z": 9}]}).json
    assert objects["predictions"][0]["kind"] == first["labels"][0] and objects["ignored"] == ["z"]
    shares = list(objects["predictions"][0]["probabilities"].values())
    np.testing.assert_array_equal(np.float32(shares), np.float32(first["predictions"][0]))
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
    answer = client.post("/v1/models/gap:predict", json={"instances": [{"c": "w"}, {"x": 1, "c": "u"}]})
    assert answer.status_code == 200 and len(answer.json["predictions"]) == 2


def test_problems_have_pointers_and_pages(client: FlaskClient) -> None:
    body = problem(client.post("/v1/networks", json={"hidden": [0], "nam": "x"}), 422)
    assert {error["pointer"] for error in body["errors"]} == {"#/hidden/0", "#/nam"}
    assert client.get(body["type"]).status_code == 200
    wrong = client.patch("/v1/networks")
    assert problem(wrong, 405) and "POST" in wrong.headers["Allow"]
    problem(client.get("/v1/nothing"), 404)
    assert "did you mean `limit`" in problem(client.get("/v1/jobs?limt=3"), 422)["detail"]


def test_curls_form_type_is_looked_through_unless_a_browser_sends_it(client: FlaskClient) -> None:
    data, form = json.dumps({"hidden": [3]}), "application/x-www-form-urlencoded"
    assert client.post("/v1/networks", data=data, content_type=form).status_code == 201
    assert client.post("/v1/networks", data=data).status_code == 201
    problem(client.post("/v1/networks", data=data, content_type=form, headers={"Origin": "http://evil.example"}), 415)
    refused = client.post("/v1/networks", data=data, content_type="text/plain")
    assert problem(refused, 415) and "application/json" in refused.headers["Accept"]
    assert client.put("/v1/datasets/t", data=CSV, content_type=form).status_code == 201


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_packed_bodies_are_unpacked(client: FlaskClient, coding: str) -> None:
    data = json.dumps({"hidden": [3]}).encode()
    packed = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    assert client.post("/v1/networks", data=packed, headers=headers).status_code == 201
    problem(client.post("/v1/networks", data=packed[:-3], headers=headers), 400)
    problem(client.post("/v1/networks", data=data, headers=headers), 400)
    problem(client.post("/v1/networks", data=data, headers={**headers, "Content-Encoding": "br"}), 415)


def test_request_ids_are_taken_or_made(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    made = client.get("/healthz", headers={"X-Request-Id": "no good\t"}).headers["X-Request-Id"]
    assert made and made != "no good"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_is_immutable_has_an_etag(client: FlaskClient, encoding: str) -> None:
    client.post("/v1/networks", json={"name": "n", "layers": [{"type": "dense", "units": 2}] * 12})
    answer = client.get("/v1/networks/n", headers={"Accept-Encoding": encoding})
    assert (answer.headers.get("Content-Encoding") == "gzip") == (encoding == "gzip")
    headers = {"Accept-Encoding": encoding, "If-None-Match": answer.headers["ETag"]}
    assert client.get("/v1/networks/n", headers=headers).status_code == 304
    assert client.get("/v1/networks/n", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_network_made_anew_is_not_taken_for_the_old_one(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "n", "hidden": [2]})
    first = client.get("/v1/networks/n")
    client.delete("/v1/networks/n")
    client.post("/v1/networks", json={"name": "n", "hidden": [2]})
    again = client.get("/v1/networks/n", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200 and again.json["created_at"] != first.json["created_at"]


def test_json_ends_with_a_newline_and_can_be_indented(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b'{"status":"alive"}\n'
    assert client.get("/healthz?pretty").data == b'{\n  "status": "alive"\n}\n'
    assert client.get("/v1/nothing").data.endswith(b"\n")


def test_the_openapi_document_is_valid(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    validate(document)
    assert {"/v1/jobs", "/v1/jobs/{id}:cancel", "/v1/models/{name}:predict"} <= document["paths"].keys()


def test_readiness_names_what_is_missing(client: FlaskClient) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json["status"] == "degraded"
    checks = ready.json["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True,
        "migrations": True,
        "workers": False,
        "queue": True,
    }


def test_waiting_gives_up_or_answers_with_the_end(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    waited = client.post("/v1/jobs?wait=0.05", json={"dataset": XOR})
    assert waited.status_code == 202 and waited.json["status"] == "queued"
    client.post(f"/v1/jobs/{waited.json['id']}:cancel")
    ended = client.get(f"/v1/jobs/{waited.json['id']}?wait=30")
    assert ended.json["status"] == "cancelled"
    problem(client.get(f"/v1/jobs/{waited.json['id']}?wait=x"), 422)
    problem(client.get("/v1/jobs/job_0?wait=1"), 404)


def test_a_diverging_job_fails_and_keeps_its_last_finite_epoch(client: FlaskClient, service: Parts) -> None:
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


def test_the_same_request_under_a_key_is_done_once(client: FlaskClient) -> None:
    body = {"dataset": {"inputs": [[0], [1]], "targets": [[0.5], [1]]}}
    headers = {"Idempotency-Key": "first"}
    first = client.post("/v1/jobs", json=body, headers=headers)
    again = client.post("/v1/jobs", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json["id"] == first.json["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert len(client.get("/v1/jobs").json["data"]) == 1
    problem(client.post("/v1/jobs", json={**body, "priority": 1}, headers=headers), 422)
    assert client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "second"}).json["id"] != first.json["id"]


def test_a_refused_request_may_be_mended_under_the_same_key(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "mended"}
    problem(client.post("/v1/networks", json={"name": "n"}, headers=headers), 422)
    made = client.post("/v1/networks", json={"name": "n", "hidden": [2]}, headers=headers)
    assert made.status_code == 201
    assert client.post("/v1/networks", json={"name": "n", "hidden": [2]}, headers=headers).status_code == 201


def test_files_are_kept_once_under_a_key(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "file", "Content-Type": "text/csv"}
    names = {client.post("/v1/datasets", data="a,b\n1,2\n3,4\n", headers=headers).json["name"] for _ in range(2)}
    assert len(names) == 1
    problem(client.post("/v1/datasets", data="a,b\n1,2\n3,5\n", headers=headers), 422)


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
