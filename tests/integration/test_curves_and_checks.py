"""Gradient checks, slopes, surfaces and differences over HTTP, of jobs in any state."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.backprop.activations import ACTIVATIONS
from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, SMALL, XOR, problem
from tests.integration.explained import (
    EVERY_KIND,
    EVERY_KIND_ONE,
    Train,
    epochs_of,
    get,
    post,
)
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG


def test_gradient_checks_pass_and_fail_when_a_derivative_is_broken(
    client: FlaskClient, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put("/v1/datasets/table", data=CSV)
    job = train({"dataset": "table", "network": EVERY_KIND, "training": SMALL, "model": "m"})
    where = f"{epochs_of(job)}/2:gradient-check"
    checked = client.post(where)
    assert checked.status_code == 200 and checked.json["passed"], checked.text
    assert checked.json["rows"] == 8 and checked.json["worst"]["difference"] <= checked.json["threshold"] == 1e-6
    assert [layer["layer"] for layer in checked.json["layers"]] == [0, 1, 3, 4, 6]
    assert post(client, "/v1/models/m:gradient-check?epoch=1", {"parameters": 20, "rows": 3})["passed"]
    client.post("/v1/networks", json={**EVERY_KIND, "name": "kinds"})
    assert post(client, "/v1/networks/kinds:gradient-check", {})["passed"]
    right = ACTIVATIONS["gelu"].backward

    def wrong(self: Any, Z: Any, A: Any, gradient: Any, scratch: Any) -> None:
        right(self, Z, A, gradient, scratch)
        gradient *= 1.01

    monkeypatch.setattr(ACTIVATIONS["gelu"], "backward", wrong)
    broken = post(client, where, {})
    assert not broken["passed"] and [layer["passed"] for layer in broken["layers"]] == [False] * 4 + [True]
    assert broken["worst"]["difference"] > 1e-3 and broken["worst"]["name"]
    assert problem(client.post(where, json={"epsilon": 1}), 422)["errors"][0]["pointer"] == "#/epsilon"
    assert problem(client.post(where, json={"row": 1}), 422)["errors"][0]["pointer"] == "#/row"


def test_slopes(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "network": {"hidden": [4]}, "training": {**SMALL, "precision": "float64"}})
    where = f"{epochs_of(job)}/0/slope"
    slope = get(client, f"{where}?layer=0&weight=1,2&span=0.5&points=5")
    assert slope["weight"] == [1, 2] and slope["name"] == "input 2 -> hidden 3" and slope["rows"] == 4
    value = get(client, f"{epochs_of(job)}/0/parameters")["layers"][0]["weights"][1][2]
    assert slope["value"] == value and [point["value"] for point in slope["points"]] == pytest.approx(
        value + np.linspace(-0.5, 0.5, 5)
    )
    first = get(client, epochs_of(job))["data"][0]["training_loss"]
    assert (
        slope["loss"] == slope["points"][2]["loss"] == slope["points"][2]["tangent"] == pytest.approx(first, rel=1e-12)
    )
    near = get(client, f"{where}?layer=0&weight=1,2&span=1e-5&points=3")["points"]
    assert (near[2]["loss"] - near[0]["loss"]) / 2e-5 == pytest.approx(slope["tangent"]["slope"], rel=1e-6)
    after = get(client, f"{epochs_of(job)}/1/parameters")["layers"][0]["weights"][1][2]
    assert slope["step"]["value"] == pytest.approx(after, rel=1e-12)  # one full batch an epoch
    assert len(get(client, f"{where}?layer=1&bias=0")["points"]) == 41


@pytest.mark.parametrize(
    ("query", "pointer", "words"),
    [
        ("weight=0,0", "?layer", "is missing"),
        ("layer=9&weight=0,0", "?layer", "must be below 2"),
        ("layer=x&weight=0,0", "?layer", "whole numbers"),
        ("layer=0", "?weight", "either `weight=input,unit` or `bias=unit`"),
        ("layer=0&weight=0,0&bias=1", "?weight", "either"),
        ("layer=0&weight=3", "?weight", "must be `input,unit`"),
        ("layer=0&weight=2,0", "?weight", "within layer 0's 2 x 4 weights"),
        ("layer=0&bias=4", "?bias", "within layer 0's 4 biases"),
        ("layer=0&bias=1&span=0", "?span", "above 0"),
        ("layer=0&bias=1&points=1", "?points", "at least 2"),
        ("layer=0&bias=1&spam=1", "?spam", "did you mean `span`?"),
    ],
)
def test_what_is_wrong_with_a_slope_is_named(
    client: FlaskClient, train: Train, query: str, pointer: str, words: str
) -> None:
    job = train({"dataset": XOR, "network": {"hidden": [4]}, "training": SMALL})
    answer = problem(client.get(f"{epochs_of(job)}/1/slope?{query}"), 422)["errors"][0]
    assert answer["pointer"] == pointer and words in answer["detail"]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_surfaces_and_the_path_over_them(client: FlaskClient, train: Train, precision: str) -> None:
    training = {**SMALL, "epochs": 300, "precision": precision, "store_parameters": {"every": 7}}
    job = train({"dataset": XOR, "network": EVERY_KIND_ONE, "training": training})
    surface = get(client, f"{epochs_of(job)}/294/surface?x=0,1,2&y=3,bias,0&points=5")
    assert np.shape(surface["losses"]) == (5, 5) and surface["x"]["weight"] == [1, 2] and surface["y"]["bias"] == 0
    path = surface["path"]
    epochs = [waypoint["epoch"] for waypoint in path]
    assert epochs[0] == 0 and epochs[-1] == 300 and epochs == sorted(epochs) and {7, 14, 294} <= set(epochs)
    for waypoint in path[:: len(path) // 5]:
        layers = get(client, f"{epochs_of(job)}/{waypoint['epoch']}/parameters")["layers"]
        there = layers[0]["weights"][1][2], layers[3]["biases"][0]
        assert [np.dtype(precision).type(waypoint[axis]) for axis in "xy"] == [
            np.dtype(precision).type(at) for at in there
        ]
        for axis in "xy":
            assert min(surface[axis]["values"]) < waypoint[axis] < max(surface[axis]["values"])
    here = next(waypoint for waypoint in path if waypoint["epoch"] == 294)
    assert here["surface_loss"] == pytest.approx(surface["loss"], rel=1e-12)
    wide = get(client, f"{epochs_of(job)}/294/surface?x=0,1,2&y=3,b,0&points=3&span=2")
    assert wide["x"]["values"] == pytest.approx(surface["x"]["value"] + np.array([-2, 0, 2]))
    assert wide["losses"][1][1] == pytest.approx(surface["loss"], rel=1e-12)
    line = get(client, f"{epochs_of(job)}/294/slope?layer=0&weight=1,2&span=2&points=3")["points"]
    assert [row[1] for row in wide["losses"]] == pytest.approx([point["loss"] for point in line], rel=1e-12)
    for query, pointer in (("x=0,1,2", "?y"), ("x=0,1,2&y=0,1,2", "?y"), ("x=2,0&y=0,1,2", "?x"), ("x=&y=0,0,0", "?x")):
        answer = problem(client.get(f"{epochs_of(job)}/1/surface?{query}".replace("/1/", "/7/")), 422)
        assert answer["errors"][0]["pointer"] == pointer


def test_differences_between_epochs(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "network": EVERY_KIND_ONE, "training": SMALL})
    diff = get(client, f"{epochs_of(job)}/0/diff/3")
    before, after = (get(client, f"{epochs_of(job)}/{epoch}/parameters")["layers"] for epoch in (0, 3))
    for layer in diff["layers"]:
        for name, change in layer["change"].items():
            moved = np.subtract(after[layer["layer"]][name], before[layer["layer"]][name])
            np.testing.assert_allclose(change, moved, atol=1e-7)
            assert layer["arrays"][name]["norm"] == pytest.approx(np.linalg.norm(moved), rel=1e-5)
    assert {"running_mean", "running_variance"} <= set(diff["layers"][1]["change"])
    assert not diff["identical"] and diff["from"]["epoch"] == 0 and diff["to"]["training_loss"] is not None
    same = get(client, f"{epochs_of(job)}/3/diff/last")
    assert same["identical"] and same["norm"] == 0.0 and all(layer["identical"] for layer in same["layers"])
    problem(client.get(f"{epochs_of(job)}/0/diff/9"), 404)


def test_layers_apply_after_together_with_points(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "training": {**SMALL, "epochs": 500}})
    where = f"/v1/jobs/{job['id']}/layers"
    epochs = [record["epoch"] for record in get(client, f"{where}?limit=1000")["data"]]
    after = epochs[2]
    sampled = [record["epoch"] for record in get(client, f"{where}?after={after}&points=4")["data"]]
    assert sampled[0] == epochs[3] and sampled[-1] == epochs[-1] and len(sampled) == 4


def test_a_dataset_that_is_gone_is_reported(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "training": SMALL})
    client.delete("/v1/datasets/xor")
    for answer in (
        client.post(f"{epochs_of(job)}/1:trace", json={"row": 1}),
        client.get(f"{epochs_of(job)}/1/slope?layer=0&bias=1"),
        client.post(f"{epochs_of(job)}/1:gradient-check"),
    ):
        assert "`xor` is gone" in problem(answer, 409)["detail"]
    post(client, f"{epochs_of(job)}/1:trace", {"instances": [[0, 1]], "targets": [1]})


def test_running_and_failed_jobs_are_explained_too(client: FlaskClient, service: Services) -> None:
    posted = client.post("/v1/jobs", json={"dataset": {**XOR, "name": "x"}, "training": {**SMALL, "epochs": 3_000_000}})
    where, seen = epochs_of(posted.json), []

    def look() -> bool:
        if not seen and get(client, f"/v1/jobs/{posted.json['id']}")["progress"]["epoch"] >= 1:
            seen.append(get(client, f"/v1/jobs/{posted.json['id']}")["status"])
            seen.append(post(client, f"{where}/last:trace", {"row": 1})["epoch"])
            get(client, f"{where}/last/slope?layer=0&weight=1,2")
            get(client, f"{where}/last/surface?x=0,1,2&y=0,bias,2&points=3")
            get(client, f"{where}/0/diff/last")
            post(client, f"{where}/last:evaluate", {"dataset": "x"})
            post(client, f"{where}/0:predict", {"instances": [[0, 1]]})
        return bool(seen)

    problem(client.post(f"{where}/0:trace", json={"row": 1}), 404)  # nothing is stored yet
    assert run_next_job(service, "test", look)
    assert seen[0] == "running" and seen[1] >= 1
    rows = [{"x": float(n), "y": float(n)} for n in range(10)]
    training = {
        "optimizer": {"type": "sgd", "learning_rate": 1e6},
        "preprocessing": {"numbers": "none", "targets": "none"},
    }
    client.post(f"/v1/jobs/{posted.json['id']}:cancel")
    body = {"dataset": {"rows": rows}, "network": {"hidden": []}, "training": {**training, "epochs": 200}}
    job = client.post("/v1/jobs", json=body).json
    assert run_next_job(service, "test", lambda: False)
    failed = get(client, f"/v1/jobs/{job['id']}")
    assert failed["status"] == "failed"
    trace = post(client, f"{epochs_of(job)}/last:trace", {"row": 3})
    assert trace["epoch"] == failed["error"]["epoch"]


def test_everything_is_in_the_openapi_document(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    paths, shared = document["paths"], document["components"]["parameters"]
    for head in ("/v1/jobs/{id}/epochs/{epoch}", "/v1/models/{name}", "/v1/models/{name}/versions/{version}"):
        assert {f"{head}:{verb}" for verb in ("trace", "gradient-check", "evaluate")} <= paths.keys()
    assert {"/v1/networks/{name}:trace", "/v1/networks/{name}:gradient-check"} <= paths.keys()
    for verb in ("fork", "replay"):
        operation = paths[f"/v1/jobs/{{id}}:{verb}"]["post"]
        assert {"201", "202", "404", "409", "422"} <= operation["responses"].keys()
        names = [
            shared[of["$ref"].rpartition("/")[2]]["name"] if "$ref" in of else of["name"]
            for of in operation["parameters"]
        ]
        assert "Idempotency-Key" in names
    for tail in ("slope", "surface", "diff/{other}"):
        assert "get" in paths[f"/v1/jobs/{{id}}/epochs/{{epoch}}/{tail}"]


def test_the_path_is_read_out_of_blobs_too(client: FlaskClient, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"dataset": XOR, "network": {"hidden": [4]}, "training": {**SMALL, "epochs": 6}}
    query = "last/surface?x=0,1,2&y=1,bias,0&points=3"
    in_rows = get(client, f"{epochs_of(train(body))}/{query}")
    monkeypatch.setattr("service.store.blobs.placement.IN_ROW_BYTES", 10)
    in_blobs = get(client, f"{epochs_of(train(body))}/{query}")
    assert len(in_rows["path"]) == 7
    assert {**in_rows, "job": None} == {**in_blobs, "job": None}


def test_weights_of_rows_count_in_slopes(client: FlaskClient, train: Train) -> None:
    rows = [{"x": n / 10, "y": (n % 3) / 3, "w": 1 + n % 4} for n in range(10)]
    dataset = {"name": "weighted", "rows": rows, "weight": "w", "target": "y"}
    job = train({"dataset": dataset, "training": {**SMALL, "precision": "float64"}})
    slope = get(client, f"{epochs_of(job)}/0/slope?layer=0&bias=1&points=3")
    first = get(client, epochs_of(job))["data"][0]["training_loss"]
    assert slope["loss"] == pytest.approx(first, rel=1e-12)
    assert post(client, f"{epochs_of(job)}/0:gradient-check", {})["passed"]
    assert post(client, f"{epochs_of(job)}/0:evaluate", {"dataset": "weighted"})["loss"] == pytest.approx(first)


def test_another_dataset_under_the_jobs_name_is_no_stand_in(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "training": SMALL})
    client.delete("/v1/datasets/xor")
    client.post("/v1/datasets", json={"name": "xor", "rows": [{"a": 1, "b": 2, "y": 3}], "target": "y"})
    answer = problem(client.get(f"{epochs_of(job)}/1/slope?layer=0&bias=1"), 409)
    assert "was replaced" in answer["detail"]


def test_fewer_rows_are_measured_where_a_network_is_large(client: FlaskClient, train: Train) -> None:
    rows = [[n % 7 / 7, n % 5 / 5] for n in range(3000)]
    dataset = {"inputs": rows, "targets": [row[0] * row[1] for row in rows]}
    training = {**SMALL, "epochs": 1, "validation": None, "precision": "float64"}
    small = train({"dataset": dataset, "network": {"hidden": [3]}, "training": training})
    slope = get(client, f"{epochs_of(small)}/0/slope?layer=0&bias=1")
    first = get(client, epochs_of(small))["data"][0]["training_loss"]
    assert slope["rows"] == 3000 and slope["loss"] == pytest.approx(first, rel=1e-12)
    large = train({"dataset": dataset, "network": {"hidden": [300, 300]}, "training": training})
    assert 16 <= get(client, f"{epochs_of(large)}/0/slope?layer=0&bias=1")["rows"] < 3000


def test_a_large_network_is_checked_at_fewer_parameters_unless_asked(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "large", "inputs": 1000, "layers": [{"type": "dense", "units": 3000}]})
    checked = post(client, "/v1/networks/large:gradient-check", {"seed": 1})
    assert checked["passed"] and 10 <= checked["layers"][0]["parameters"] < 200
    asked = post(client, "/v1/networks/large:gradient-check", {"seed": 1, "parameters": 30, "rows": 2})
    assert asked["layers"][0]["parameters"] == 30
