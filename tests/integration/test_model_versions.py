"""Versions that clients make: of an epoch, of another version, of parameters; how they are deleted and outlive jobs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from safetensors.numpy import save
from sqlalchemy import insert, update

from service.errors import Unavailable
from service.jobs.commands import collect
from service.services import Services
from service.store import idempotency
from service.store.tables import model_aliases, model_versions
from tests.integration.contract import SMALL, problem
from tests.integration.explained import EVERY_KIND, Train, epochs_of, get, post
from workers.run.run import run_next_job

ROWS = [{"a": n % 7, "b": (n * 5) % 11, "kind": "no" if (n * 3) % 13 < 8 else "yes"} for n in range(40)]
SENT = {"instances": [[3, 8], [0, 1], [6, 2]]}
PATH = "/v1/models/m/versions"


@pytest.fixture
def job(client: FlaskClient, train: Train) -> dict[str, Any]:
    client.post("/v1/datasets", json={"name": "rows", "rows": ROWS, "target": "kind"})
    return train({"dataset": "rows", "training": {**SMALL, "test": 0.2}, "model": "m"})


def made(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json
    assert answer.headers["Location"] == f"/v1/models/{body['model']}/versions/{body['version']}"
    return body


def test_an_epoch_of_a_job_becomes_a_version(client: FlaskClient, job: dict[str, Any]) -> None:
    version = made(client.post(PATH, json={"job": job["id"], "epoch": 1}))
    assert (version["version"], version["origin"], version["job"], version["epoch"]) == (2, "epoch", job["id"], 1)
    assert (version["dataset"], version["dataset_version"], version["test"]) == ("rows", 1, None)
    recorded = get(client, epochs_of(job))["data"][1]
    assert version["sha256"] == recorded["sha256"] and version["record"]["training_loss"] == recorded["training_loss"]
    assert version["inputs"][0]["maximum"] == 6
    by_epoch = post(client, f"{epochs_of(job)}/1:predict", SENT)
    assert post(client, f"{PATH}/2:predict", SENT)["predictions"] == by_epoch["predictions"]
    last = made(client.post("/v1/models/other/versions", json={"job": job["id"], "decision": {"threshold": 0.2}}))
    assert (last["model"], last["version"], last["epoch"], last["decision"]) == ("other", 1, 3, {"threshold": 0.2})
    same = made(client.post("/v1/models/other/versions", json={"job": job["id"], "epoch": job["test"]["epoch"]}))
    assert last["test"] is None and same["test"] == job["test"]
    for body, pointer in (
        ({"job": "job_0", "epoch": 1}, "#/job"),
        ({"job": job["id"], "epoch": 9}, "#/epoch"),
        ({"job": job["id"], "decision": {"threshold": -1}}, "#/decision/threshold"),
        ({"job": job["id"], "keep_until": "2001-01-01T00:00:00Z"}, "#/keep_until"),
        ({"version": 9}, "#/version"),
    ):
        assert problem(client.post(PATH, json=body), 422)["errors"][0]["pointer"] == pointer
    missed = problem(client.post(PATH, json={"job": job["id"], "epoch": 9}), 422)
    assert "the nearest epoch that has them is 3" in missed["detail"]
    problem(client.post(PATH, json={"version": 1, "job": job["id"]}), 422)
    problem(client.post("/v1/models/none/versions", json={"version": 1}), 404)
    problem(client.post("/v1/models/No!/versions", json={"job": job["id"]}), 422)


def test_an_epoch_of_a_job_that_failed_becomes_a_version(client: FlaskClient, service: Services) -> None:
    rows = [{"a": n / 10, "y": n * 1e3} for n in range(12)]
    optimizer = {"type": "sgd", "learning_rate": 100}
    training = {"epochs": 500, "optimizer": optimizer, "preprocessing": {"targets": "none"}, "seed": 1}
    body = {"dataset": {"rows": rows}, "network": {"hidden": []}, "training": training}
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    id = answer.json["id"]
    assert run_next_job(service, "test", lambda: False)
    failed = get(client, f"/v1/jobs/{id}")
    assert failed["status"] == "failed" and failed["error"]["code"] == "diverged"
    version = made(client.post(PATH, json={"job": id, "epoch": 0}))
    assert version["job"] == id and get(client, "/v1/models")["data"][0]["name"] == "m"


def test_a_copy_has_another_decision_and_the_same_parameters(client: FlaskClient, job: dict[str, Any]) -> None:
    copy = made(client.post(PATH, json={"version": 1, "decision": {"threshold": 0.9}}))
    first = get(client, f"{PATH}/1")
    differ = {name for name in first if first[name] != copy[name]}
    assert differ - {"model_version_status"} == {"version", "decision", "created_at", "test"} and copy["test"] is None
    again = made(client.post(PATH, json={"version": 2, "keep_until": "1d"}))
    assert again["decision"] == {"threshold": 0.9} and again["keep_until"] > again["created_at"]
    none = made(client.post(PATH, json={"version": 2, "decision": None}))
    assert none["decision"] is None
    labels = [post(client, f"{PATH}/{number}:predict", SENT)["labels"] for number in (1, 2, 3, 4)]
    assert labels[0] == labels[3] and labels[1] == labels[2] == ["no"] * 3
    client.delete(f"{PATH}/1")
    assert post(client, f"{PATH}/4:predict", SENT)["labels"] == labels[0]


def test_a_repeated_request_makes_one_version(client: FlaskClient, job: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post(PATH, json={"job": job["id"], "epoch": 0}, headers=headers)
    second = client.post(PATH, json={"job": job["id"], "epoch": 0}, headers=headers)
    assert second.status_code == 201 and second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json and get(client, "/v1/models/m")["latest"] == 2
    problem(client.post(PATH, json={"job": job["id"], "epoch": 1}, headers=headers), 422)


def test_a_version_whose_answer_was_lost_is_answered_again(
    client: FlaskClient, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise Unavailable("the database does not answer")

    headers = {"Idempotency-Key": "lost"}
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "store_answer", away)
        made(client.post(PATH, json={"job": job["id"], "epoch": 0}, headers=headers))
    again = client.post(PATH, json={"job": job["id"], "epoch": 0}, headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert made(again) == get(client, f"{PATH}/2") and get(client, "/v1/models/m")["latest"] == 2


def test_versions_are_deleted_and_their_numbers_are_not_given_again(
    client: FlaskClient, service: Services, job: dict[str, Any]
) -> None:
    made(client.post(PATH, json={"job": job["id"], "epoch": 0}))
    assert client.delete(f"{PATH}/2").status_code == 204
    problem(client.get(f"{PATH}/2"), 404)
    problem(client.delete(f"{PATH}/2"), 404)
    assert made(client.post(PATH, json={"job": job["id"], "epoch": 0}))["version"] == 3
    for _ in range(2):
        made(client.post(PATH, json={"version": 3, "keep_until": "1h"}))
    ago = datetime.now(UTC) - timedelta(seconds=1)
    with service.database.begin() as connection:
        connection.execute(update(model_versions).where(model_versions.c.version > 3).values(keep_until=ago))
        alias = {"model": 1, "name": "champion", "version": 5, "moved_at": ago, "revision": 1}
        connection.execute(insert(model_aliases).values(alias))
    detail = problem(client.delete(f"{PATH}/champion"), 409)["detail"]
    assert "version 5" in detail and "`champion`" in detail
    collect(service)
    assert [version["version"] for version in get(client, "/v1/models/m")["versions"]] == [1, 3, 5]


def test_versions_outlive_their_job_and_its_dataset(
    client: FlaskClient, service: Services, job: dict[str, Any]
) -> None:
    made(client.post(PATH, json={"job": job["id"], "epoch": 1}))
    before = [get(client, f"{PATH}/{number}") for number in (1, 2)]
    predicted = [post(client, f"{PATH}/{number}:predict", SENT) for number in (1, 2)]
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.delete("/v1/datasets/rows").status_code == 204
    collect(service)
    client.application.extensions["model_cache"]._held.clear()  # type: ignore[attr-defined]
    assert [get(client, f"{PATH}/{number}") for number in (1, 2)] == before
    assert [post(client, f"{PATH}/{number}:predict", SENT) for number in (1, 2)] == predicted
    assert made(client.post(PATH, json={"version": 2}))["sha256"] == before[1]["sha256"]
    problem(client.post(PATH, json={"job": job["id"], "epoch": 1}), 422)


def test_a_network_that_carries_its_weights_becomes_a_version(client: FlaskClient) -> None:
    dense = {"units": 1, "weights": [[2], [3]], "biases": [0.5]}
    path = f"{PATH}?inputs=a&inputs=b"
    body = {"network": {"inputs": 2, "layers": [{"type": "dense", **dense}]}, "keep_until": "30d"}
    version = made(client.post(path, json=body))
    assert version["origin"] == "import" and [column["name"] for column in version["inputs"]] == ["a", "b"]
    assert version["keep_until"] is not None
    assert post(client, f"{PATH}/1:predict", {"instances": [{"a": 1, "b": 2}]})["predictions"] == [{"target": 8.5}]
    stored = client.post("/v1/networks", json={"name": "sum", **body["network"]})
    assert stored.status_code == 201
    assert made(client.post(path, json={"network": "sum"}))["sha256"] == version["sha256"]
    config = {"units": 1, "activation": "sigmoid"}
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 2]}},
        {"class_name": "Dense", "config": config, "weights": [[2], [3]], "biases": [0.5]},
    ]
    keras = {"class_name": "Sequential", "config": {"layers": layers}}
    answer = client.post(f"{path}&classes=no&classes=yes", json={"network": keras, "decision": {"threshold": 0.995}})
    assert made(answer)["decision"] == {"threshold": 0.995}
    assert post(client, f"{PATH}/3:predict", {"instances": [[1, 1], [1, 2]]})["labels"] == ["yes", "yes"]
    assert post(client, f"{PATH}/3:predict", {"instances": [[1, 0]]})["labels"] == ["no"]
    del layers[1]["biases"]
    lacking = problem(client.post(path, json={"network": keras}), 422)["errors"]
    assert [fault["pointer"] for fault in lacking] == ["#/network/config/layers/1/config"]
    assert "`biases`" in lacking[0]["detail"] and "safetensors" in lacking[0]["detail"]
    drawn = {"inputs": 2, "layers": [{"type": "dense", "units": 1}, {"type": "batch_normalization"}]}
    faults = problem(client.post(path, json={"network": drawn}), 422)["errors"]
    assert [fault["pointer"] for fault in faults] == ["#/network/layers/0", "#/network/layers/1"]
    wrong = {"inputs": 3, "layers": [{"type": "dense", **dense}]}
    misfit = problem(client.post(PATH, json={"network": wrong}), 422)["errors"][0]
    assert misfit["pointer"] == "#/network/layers/0/weights"
    missed = problem(client.post(PATH, json={"network": "none"}), 422)
    assert missed["errors"][0]["pointer"] == "#/network"


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_parameters_of_a_stored_network_become_a_version(client: FlaskClient, train: Train, precision: str) -> None:
    client.post("/v1/networks", json={"name": "every", "inputs": 2, **EVERY_KIND})
    client.post("/v1/datasets", json={"name": "rows", "rows": ROWS, "target": "kind"})
    plain = {"preprocessing": {"numbers": "none"}, "precision": precision}
    job = train({"dataset": "rows", "network": "every", "training": {**SMALL, **plain}, "model": "trained"})
    body = client.get(f"{epochs_of(job)}/last/parameters?format=safetensors").data
    version = made(client.post(f"{PATH}?network=every", data=body))
    assert (version["origin"], version["job"], version["epoch"], version["dataset"]) == ("import", None, None, None)
    assert version["sha256"] == get(client, "/v1/models/trained/versions/1")["sha256"]
    assert [column["name"] for column in version["inputs"]] == ["input_1", "input_2"]
    expected = post(client, "/v1/models/trained:predict", SENT)
    found = post(client, "/v1/models/m:predict", SENT)
    assert found["predictions"] == expected["predictions"] and found["labels"] is found["epoch"] is None
    query = "network=every&inputs=a&inputs=b&classes=no&classes=yes"
    made(client.post(f"{PATH}?{query}", data=body, content_type="application/x-safetensors"))
    found = post(client, f"{PATH}/2:predict", {"instances": [{"a": 3, "b": 8}]})["predictions"]
    assert found[0]["class"] == expected["labels"][0]
    made(client.post(f"{PATH}?network=every&dataset=rows", data=body))
    measured = post(client, f"{PATH}/3:evaluate", {"dataset": "rows"})
    assert measured["metrics"] == post(client, "/v1/models/trained:evaluate", {"dataset": "rows"})["metrics"]
    assert get(client, f"{PATH}/3")["inputs"][1]["name"] == "b"
    problem(client.post(f"{PATH}/1:predict?epoch=1", json=SENT), 409)


def test_parameters_that_do_not_fit_are_refused_by_name(client: FlaskClient, train: Train) -> None:
    layers = [{"type": "dense", "units": 3}, {"type": "dense", "units": 2, "activation": "softmax"}]
    client.post("/v1/networks", json={"name": "small", "inputs": 2, "layers": layers})
    client.post("/v1/networks", json={"name": "open", "hidden": [3]})
    good = {
        "layers.0.weights": np.ones((2, 3), np.float32),
        "layers.0.biases": np.ones(3, np.float32),
        "layers.1.weights": np.ones((3, 2), np.float32),
        "layers.1.biases": np.ones(2, np.float32),
    }
    wrong: list[tuple[Callable[[], dict[str, Any]], str]] = [
        (lambda: {k: v for k, v in good.items() if k != "layers.1.biases"}, "`layers.1.biases` is missing"),
        (lambda: {**good, "layers.2.biases": np.ones(1, np.float32)}, "`layers.2.biases` is not of this network"),
        (lambda: {**good, "layers.0.weights": np.ones((3, 2), np.float32)}, "must be 2 x 3 numbers, got 3 x 2"),
        (lambda: {**good, "layers.0.biases": np.ones(3, np.float16)}, "must be F32 or F64, got float16"),
        (lambda: {**good, "layers.0.biases": np.ones(3)}, "all F32 or all F64"),
        (lambda: {**good, "layers.0.biases": np.array([1, np.nan, 1], np.float32)}, "not finite"),
    ]
    for tensors, words in wrong:
        assert words in problem(client.post(f"{PATH}?network=small", data=save(tensors())), 422)["detail"]
    problem(client.post(f"{PATH}?network=small", data=b"\x10" + bytes(30)), 400)
    problem(client.post(f"{PATH}?network=small", data=save(good) + bytes(100_000)), 413)
    problem(client.post(f"{PATH}?network=small", data=b"{}", content_type="application/json"), 415)
    for kind in ("", "application/octet-stream", "application/x-safetensors"):
        assert "`?network=NAME`" in problem(client.post(PATH, data=save(good), content_type=kind), 415)["detail"]
    body = save(good)
    for query, pointer in (
        ("network=none", "?network"),
        ("network=open", "?network"),
        ("network=small&dataset=none", "?dataset"),
        ("network=small&inputs=a", "?inputs"),
        ("network=small&inputs=a&inputs=a", "?inputs"),
        ("network=small&classes=a", "?classes"),
        ("inputs=a", "?inputs"),
    ):
        assert problem(client.post(f"{PATH}?{query}", data=body), 422)["errors"][0]["pointer"] == pointer
    problem(client.get("/v1/models/m"), 404)
    client.post("/v1/datasets", json={"name": "rows", "rows": [{"x": 1, "y": 2}, {"x": 2, "y": 3.5}]})
    fault = problem(client.post(f"{PATH}?network=small&dataset=rows", data=body), 422)["errors"][0]
    assert fault["pointer"] == "?dataset" and "does not go with the network" in fault["detail"]
    assert made(client.post(f"{PATH}?network=small&classes=a&classes=b", data=body))["outputs"][0]["classes"] == [
        "a",
        "b",
    ]
