"""Traces over HTTP: what is answered, of what, and what is refused."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import CSV, SMALL, XOR, problem
from tests.integration.explained import (
    EVERY_KIND,
    EXAMPLE,
    RATE,
    ROW,
    Train,
    assert_the_contracts_example,
    epochs_of,
    get,
    post,
    total,
)

pytestmark = POSTGRESQL_IS_LONG


def test_the_contracts_example_on_a_bare_network(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    trace = post(client, "/v1/networks/example:trace", {**ROW, "loss": "quadratic", "optimizer": RATE})
    assert_the_contracts_example(trace)
    bare = {"name": "bare", "inputs": 2, "layers": [{**layer} for layer in EXAMPLE["layers"]]}  # type: ignore[misc]
    parameters = [{name: layer.pop(name) for name in ("weights", "biases")} for layer in bare["layers"]]
    client.post("/v1/networks", json=bare)
    for given in (parameters, {"layers": parameters, "sha256": "as it is answered"}):
        body = {**ROW, "parameters": given, "loss": "quadratic", "optimizer": RATE}
        assert_the_contracts_example(post(client, "/v1/networks/bare/trace", body))
    drawn = [post(client, "/v1/networks/bare:trace", {**ROW, "seed": seed})["loss"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_contracts_example_on_a_job(client: FlaskClient, train: Train) -> None:
    dataset = {"inputs": [[0.05, 0.10]], "targets": [[0.01]]}
    training = {"loss": "quadratic", "optimizer": RATE, "epochs": 1, "precision": "float64", "seed": 1}
    network = {key: value for key, value in EXAMPLE.items() if key != "name"}
    job = train({"dataset": dataset, "network": network, "training": training, "model": "m"})
    for body in (ROW, {"row": 0}, {"instances": [{"input_1": 0.05, "input_2": 0.10}], "targets": [0.01]}):
        trace = post(client, f"{epochs_of(job)}/0:trace", body)
        assert_the_contracts_example(trace)
    assert (trace["job"], trace["epoch"]) == (job["id"], 0)
    after = get(client, f"{epochs_of(job)}/1/parameters")["layers"]
    assert [layer["after"] for layer in trace["update"]] == after
    by_model = post(client, "/v1/models/m:trace?epoch=0", ROW)
    assert_the_contracts_example(by_model)
    assert (by_model["model"], by_model["version"], by_model["epoch"]) == ("m", 1, 0)
    later = post(client, "/v1/models/m/versions/1:trace", ROW)
    assert later["epoch"] == 1 and later["loss"] == pytest.approx(trace["loss_after"], rel=1e-14)


def test_formulas_have_their_numbers_put_in_and_come_in_order(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    body = {**ROW, "loss": "quadratic", "optimizer": RATE}
    formulas = post(client, "/v1/networks/example:trace?explain=true", body)["formulas"]
    by_name = {formula["of"]: formula for formula in formulas}
    assert by_name["weighted input of hidden 1"]["formula"] == "0.05 * 0.15 + 0.1 * 0.2 + 0.35"
    assert by_name["delta of output 1"] == {
        "equation": "BP1",
        "of": "delta of output 1",
        "row": 0,
        "formula": "0.741365 * 0.186816",
        "value": pytest.approx(0.138499, abs=1e-6),
    }
    assert by_name["dC/da of hidden 2"]["equation"] == "BP2"
    assert by_name["dC/db of bias of hidden 1"]["equation"] == "BP3"
    assert by_name["dC/dw of input 1 -> hidden 2"]["equation"] == "BP4"
    assert by_name["step of input 1 -> hidden 2"]["formula"] == "-0.5 * 0.000749804"
    order = list(by_name)
    steps = ["weighted input of hidden 1", "activation of output 1", "loss", "delta of output 1", "delta of hidden 1"]
    steps += ["step of bias of output 1", "predicted change", "actual change"]
    assert [order.index(name) for name in steps] == sorted(order.index(name) for name in steps)
    plain = post(client, "/v1/networks/example:trace", body)
    assert "formulas" not in plain
    assert plain["backward"][0]["equations"]["delta"].startswith("BP1")
    assert plain["backward"][1]["equations"]["delta"].startswith("BP2")
    assert plain["backward"][1]["equations"]["weights"].startswith("BP4")


def value_of(formula: str) -> float:
    known = {"tanh": np.tanh, "gelu": None, "softmax": None, "sqrt": np.sqrt}
    return float(eval(formula, {"__builtins__": {}}, known))


def test_formulas_of_every_kind_of_layer_come_to_their_values(client: FlaskClient, train: Train) -> None:
    dataset = {"rows": [{"a": n % 7, "b": n % 3, "kind": "uv"[n % 2]} for n in range(30)]}
    job = train({"dataset": dataset, "network": EVERY_KIND, "training": {**SMALL, "optimizer": "adam"}})
    body = {"instances": [[1, 2], [6, 0], [3, 1]], "targets": ["u", "v", "v"]}
    trace = post(client, f"{epochs_of(job)}/2:trace?explain=true", body)
    assert set(trace["modes"]) == {"batch_normalization", "dropout"}
    checked = 0
    for formula in trace["formulas"]:
        if set(formula["formula"]) <= set("0123456789.e+-*/() ") or formula["formula"].startswith(("tanh", "-0.001")):
            assert value_of(formula["formula"]) == pytest.approx(formula["value"], rel=1e-3, abs=1e-5), formula
            checked += 1
    assert checked > 250
    assert trace["predicted_change"] == pytest.approx(total(trace["update"], "contribution"), rel=1e-9)
    terms = trace["update"][0]["terms"]
    assert {"means", "squares", "corrected_means", "corrected_squares"} == set(terms)
    m, s = (np.array(terms[name]["weights"]) for name in ("corrected_means", "corrected_squares"))
    np.testing.assert_allclose(trace["update"][0]["step"]["weights"], -0.001 * m / (np.sqrt(s) + 1e-8), rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "rmsprop", {"type": "sgd", "momentum": 0.9}, "adamax"])
def test_a_step_goes_on_from_the_optimizers_state_where_that_is_stored(
    client: FlaskClient, train: Train, optimizer: Any
) -> None:
    stored = {"epochs": 6, "precision": "float64", "store_parameters": {"optimizer_state": True}}
    job = train({"dataset": XOR, "training": {**SMALL, **stored, "optimizer": optimizer, "shuffle": False}})
    body = {"instances": XOR["inputs"], "targets": XOR["targets"]}
    trace = post(client, f"{epochs_of(job)}/4:trace?explain=true", body)
    assert trace["optimizer_state"] == "stored"
    after = get(client, f"{epochs_of(job)}/5/parameters")["layers"]
    for update, stored in zip(trace["update"], after, strict=True):
        for name, values in stored.items():
            np.testing.assert_allclose(update["after"][name], values, rtol=1e-10)
    slope = get(client, f"{epochs_of(job)}/4/slope?layer=0&weight=0,1")
    assert slope["optimizer_state"] == "stored"
    assert slope["step"]["step"] == pytest.approx(trace["update"][0]["step"]["weights"][0][1], rel=1e-9)
    other = post(client, f"{epochs_of(job)}/4:trace", {**body, "optimizer": "adagrad"})
    assert other["optimizer_state"] == "fresh"
    by_version = post(client, f"/v1/models/{job['model']['name']}:trace?epoch=4", body)
    assert by_version["optimizer_state"] == "stored" and by_version["loss_after"] == trace["loss_after"]


def test_as_the_rate_shrinks_actual_over_predicted_goes_to_1(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": XOR, "network": {"hidden": [5]}, "training": {**SMALL, "loss": "quadratic"}})
    distances = []
    for rate in (1.0, 0.1, 0.01, 0.001):
        optimizer = {"type": "sgd", "learning_rate": rate}
        body = {"instances": XOR["inputs"], "targets": XOR["targets"], "optimizer": optimizer}
        trace = post(client, f"{epochs_of(job)}/last:trace", body)
        distances.append(abs(trace["actual_change"] / trace["predicted_change"] - 1))
    assert distances == sorted(distances, reverse=True) and distances[-1] < 2e-3


def test_rows_are_preprocessed_as_in_training(client: FlaskClient, train: Train) -> None:
    rows = [{"x": 10 * n, "c": "uv"[n % 2], "y": 1000 + 50 * n} for n in range(20)]
    job = train({"dataset": {"rows": rows}, "training": SMALL, "model": "line"})
    where = f"{epochs_of(job)}/last:trace"
    by_row, sent = post(client, where, {"row": 3}), {"instances": [["v", 30]], "targets": [1150]}
    assert by_row == post(client, where, sent)
    assert by_row == post(client, where, {"instances": [{"c": "v", "x": 30}], "targets": [[1150]]})
    fitted = job["training"]["preprocessing"]["fitted"]
    expected = (1150 - fitted["targets"][0]["offset"]) / fitted["targets"][0]["divisor"]
    assert by_row["targets"][0][0] == pytest.approx(expected) and by_row["inputs"][0][:2] == [0.0, 1.0]


def test_large_layers_are_summarised_unless_asked_for(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "wide", "inputs": 60, "layers": [{"type": "dense", "units": 20}]})
    body = {"instances": [[1.0] * 60], "targets": [[0.5] * 20], "seed": 1}
    full = post(client, "/v1/networks/wide:trace?full=true", body)
    brief = post(client, "/v1/networks/wide:trace", body)
    weights = np.array(full["backward"][0]["gradients"]["weights"])
    summary = brief["backward"][0]["gradients"]["weights"]
    assert weights.shape == (60, 20) and summary["shape"] == [60, 20]
    assert summary["norm"] == pytest.approx(np.linalg.norm(weights)) and summary["minimum"] == weights.min()
    first = summary["largest"][0]
    assert abs(first["value"]) == np.abs(weights).max() and weights[tuple(first["index"])] == first["value"]
    assert first["name"] == f"input {first['index'][0] + 1} -> output {first['index'][1] + 1}"
    assert brief["predicted_change"] == pytest.approx(
        float(
            np.array(full["update"][0]["contribution"]["weights"]).sum()
            + np.sum(full["update"][0]["contribution"]["biases"])
        ),
        rel=1e-9,
    )


def test_sizes_are_limited_by_arithmetic(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "large", "inputs": 1000, "layers": [{"type": "dense", "units": 300}]})
    body = {"instances": [[0.0] * 1000], "targets": [[0.0] * 300], "seed": 1}
    assert client.post("/v1/networks/large:trace", json=body).status_code == 200
    answer = problem(client.post("/v1/networks/large:trace?full=true", json=body), 422)
    assert answer["errors"][0]["pointer"] == "?full" and "1,000,000" in answer["detail"]
    client.post("/v1/networks", json={"name": "huge", "inputs": 10_000, "layers": [{"type": "dense", "units": 5000}]})
    answer = problem(client.post("/v1/networks/huge:trace", json={"instances": [[0]], "targets": [[0]]}), 413)
    assert "12,000,000" in answer["detail"]
    many = {"rows": 1000, "parameters": 10_000}
    problem(client.post("/v1/networks/large:gradient-check", json=many), 413)


def test_of_a_large_network_the_formulas_that_matter_most_are_written(client: FlaskClient) -> None:
    layers = [{"type": "dense", "units": units, "activation": "tanh"} for units in (300, 40)]
    client.post("/v1/networks", json={"name": "large", "inputs": 200, "layers": layers})
    body = {"instances": [[n / 200 for n in range(200)]], "targets": [[0.5] * 40], "seed": 1}
    trace = post(client, "/v1/networks/large:trace?explain=true&full=true", body)
    formulas = {formula["of"]: formula for formula in trace["formulas"]}
    assert 3000 < len(formulas) <= 5003 and trace["formulas_left_out"] > 200_000
    for layer, kind in ((0, "input"), (1, "hidden")):
        contributions = np.abs(trace["update"][layer]["contribution"]["weights"])
        source, unit = np.unravel_index(contributions.argmax(), contributions.shape)
        behind = f"hidden {unit + 1}" if layer == 0 else f"output {unit + 1}"
        formula = formulas[f"contribution of {kind} {source + 1} -> {behind}"]
        assert abs(formula["value"]) == pytest.approx(contributions.max())
    deltas = np.abs(trace["backward"][1]["delta"][0])
    z = formulas[f"weighted input of hidden {deltas.argmax() + 1}"]["formula"]
    assert "... 189 more ..." in z and z.count("*") == 11


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "#", "give either `instances` with `targets`, or a `row`"),
        ({"instances": [[0, 1]]}, "#", "go together"),
        ({"instances": [[0, 1]], "targets": [1], "row": 1}, "#", "give either"),
        ({"instances": [[0, 1]] * 2, "targets": [1]}, "#", "2 instances need as many targets, got 1"),
        ({"instances": [[0, 1]] * 17, "targets": [1] * 17}, "#/instances", "at most 16 entries, got 17"),
        ({"instances": [[0]], "targets": [1]}, "#/instances/0", "must have 2 values"),
        ({"instances": [[0, "x"]], "targets": [1]}, "#/instances/0/1", "must be a number"),
        ({"instances": [[0, 1]], "targets": [[1, 2]]}, "#/targets/0", "must have 1 values, one an output, got 2"),
        ({"instances": [[0, 1]], "targets": ["x"]}, "#/targets/0/0", "must be a finite number"),
        ({"row": 4}, "#/row", "must be below 4"),
        ({"row": -1}, "#/row", "must be at least 0"),
        ({"rows": 4}, "#/rows", "did you mean `row`?"),
        ({"row": 1, "optimizer": "adamm"}, "#/optimizer", "did you mean `adam`?"),
        ({"row": 1, "loss": "categorical_cross_entropy"}, "#/loss", "needs outputs of softmax, got linear"),
        ({"instances": [[0, 1]], "targets": [0.5], "loss": "hinge"}, "#/targets/0/0", "must be -1, 0 or 1 for hinge"),
    ],
)
def test_what_is_wrong_with_a_trace_is_named(
    client: FlaskClient, train: Train, body: Any, pointer: str, words: str
) -> None:
    job = train({"dataset": XOR, "training": {**SMALL, "loss": "mean_squared_error"}})
    answer = problem(client.post(f"{epochs_of(job)}/1:trace", json=body), 422)["errors"][0]
    assert answer["pointer"] == pointer and words in answer["detail"], answer


def test_a_text_that_is_no_class_is_answered_with_a_guess(client: FlaskClient, train: Train) -> None:
    client.put("/v1/datasets/table", data=CSV)
    job = train({"dataset": "table", "training": SMALL})
    where = f"{epochs_of(job)}/1:trace"
    answer = problem(client.post(where, json={"instances": [[1, 2]], "targets": ["evn"]}), 422)["errors"][0]
    assert answer == {"pointer": "#/targets/0", "detail": '"evn" is no class; did you mean `even`?'}
    by_label = post(client, where, {"instances": [[1, 2]], "targets": [["odd"]]})
    assert by_label == post(client, where, {"instances": [[1, 2]], "targets": [[0, 1]]})
    assert by_label["targets"] == [[0.0, 1.0]] and by_label["backward"][0]["fused"]


def test_parameters_of_a_bare_network_are_checked(client: FlaskClient) -> None:
    layers = [{"type": "dense", "units": 2}, {"type": "dropout"}]
    client.post("/v1/networks", json={"name": "n", "inputs": 1, "layers": layers})
    rows = {"instances": [[1]], "targets": [[1, 2]]}
    for parameters, pointer, words in (
        ([{}], "#/parameters", "must have 2 entries, one a layer, got 1"),
        ([{"weights": [[1, 2]]}, {}], "#/parameters/0", "`biases` is missing"),
        ([{"weights": [[1]], "biases": [1, 2]}, {}], "#/parameters/0/weights", "must be 1 x 2 numbers, got 1 x 1"),
        ([{"weights": [[1, "x"]], "biases": [1, 2]}, {}], "#/parameters/0/weights", "numbers only"),
        ([{"weights": [[1, 2]], "biases": [1, 2], "mean": [1]}, {}], "#/parameters/0/mean", "known are `weights`"),
    ):
        answer = problem(client.post("/v1/networks/n:trace", json={**rows, "parameters": parameters}), 422)["errors"][0]
        assert answer["pointer"] == pointer and words in answer["detail"], answer
    problem(client.post("/v1/networks/n:trace", json={**rows, "parameters": [{}, {}], "seed": 1}), 422)
    problem(client.post("/v1/networks/none:trace", json=rows), 404)


def test_a_network_without_inputs_takes_those_of_its_rows(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "short", "hidden": [3]})
    trace = post(client, "/v1/networks/short:trace", {"instances": [[1, 2, 3]], "targets": [[0, 1]], "seed": 1})
    assert [len(layer["activations"][0]) for layer in trace["forward"]] == [3, 2]
    assert post(client, "/v1/networks/short:gradient-check", {"seed": 1})["passed"]


def test_a_networks_own_training_is_its_default(client: FlaskClient) -> None:
    training = {"loss": "categorical_cross_entropy", "optimizer": {"type": "adam", "learning_rate": 0.01}}
    client.post("/v1/networks", json={"name": "n", "hidden": [3], "training": training})
    body = {"instances": [[1, 2]], "targets": [[0, 1, 0]], "seed": 1}
    trace = post(client, "/v1/networks/n:trace", body)
    assert trace["loss_function"] == "categorical_cross_entropy" and trace["backward"][0]["fused"]
    assert trace["optimizer"]["type"] == "adam" and trace["learning_rate"] == 0.01
    assert sum(trace["forward"][-1]["activations"][0]) == pytest.approx(1)
    other = post(client, "/v1/networks/n:trace", {**body, "loss": "binary_cross_entropy", "optimizer": "sgd"})
    assert other["loss_function"] == "binary_cross_entropy" and other["optimizer"]["type"] == "sgd"
    assert post(client, "/v1/networks/n:gradient-check", {"loss": "cross_entropy"})["passed"]


def test_numbers_that_are_not_finite_are_null_and_named(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "n", "inputs": 1, "layers": [{"type": "dense", "units": 1}]})
    body = {"instances": [[1e200]], "targets": [[0]], "parameters": [{"weights": [[1e150]], "biases": [0]}]}
    trace = post(client, "/v1/networks/n:trace", body)
    assert trace["loss"] is None and {"loss", "forward/0/activations"} <= set(trace["nonfinite"])
