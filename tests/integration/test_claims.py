"""Claims over HTTP: numbers of a trace that are sent back, in each way to name a network."""

from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import ON_SQLITE
from tests.integration.contract import CSV, problem
from tests.integration.explained import EXAMPLE, RATE, ROW, Train, epochs_of, post

pytestmark = ON_SQLITE
TRAINING = {
    "epochs": 2,
    "seed": 1,
    "label_smoothing": 0.1,
    "class_weights": "balanced",
}
ROWS = {"instances": [[0.5, 1], [2, 3]], "targets": ["odd", "even"]}


def claim_of(trace: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a trace as a claim, layer by layer."""
    backward = sorted(trace["backward"], key=lambda layer: layer["layer"])
    return {
        "weighted_inputs": [layer["weighted_inputs"] for layer in trace["forward"]],
        "activations": [layer["activations"] for layer in trace["forward"]],
        "deltas": [layer["delta"] for layer in backward],
        "gradients": [layer["gradients"] for layer in backward],
    }


@pytest.fixture
def networks(client: FlaskClient, train: Train) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the path of a trace and its rows, for each way to name a network."""
    client.put("/v1/datasets/table", data=CSV)
    network = {"hidden": [3]}
    job = train({"dataset": "table", "network": network, "training": TRAINING, "model": "m"})
    client.post("/v1/networks", json=EXAMPLE)
    return {
        "epoch": (f"{epochs_of(job)}/1:trace", ROWS),
        "row": (f"{epochs_of(job)}/best:trace", {"row": 2}),
        "model": ("/v1/models/m:trace?epoch=1", ROWS),
        "version": ("/v1/models/m/versions/1:trace", ROWS),
        "network": ("/v1/networks/example:trace", {**ROW, "seed": 1, "loss": "quadratic", "optimizer": RATE}),
    }


@pytest.mark.parametrize("way", ["epoch", "row", "model", "version", "network"])
def test_a_trace_that_is_sent_back_is_correct_and_any_changed_number_is_named(
    client: FlaskClient, networks: dict[str, tuple[str, dict[str, Any]]], way: str
) -> None:
    path, rows = networks[way]
    trace = post(client, path, rows)
    claim = claim_of(trace)
    exact = {"tolerance": {"relative": 0, "absolute": 0}}
    found = post(client, path, {**rows, "claim": {**claim, **exact}})
    assert found["claim"]["correct"] and found["claim"]["first_wrong"] is None
    assert {key: value for key, value in found.items() if key != "claim"} == trace
    layers, units = len(trace["forward"]), len(trace["forward"][0]["activations"][0])
    for pointer, change in (
        ("#/claim/weighted_inputs/0/0/1", lambda claim: claim["weighted_inputs"][0][0]),
        ("#/claim/activations/1/0/0", lambda claim: claim["activations"][1][0]),
        (f"#/claim/deltas/0/0/{units - 1}", lambda claim: claim["deltas"][0][0]),
        ("#/claim/gradients/1/biases/0", lambda claim: claim["gradients"][1]["biases"]),
        ("#/claim/gradients/0/weights/1/0", lambda claim: claim["gradients"][0]["weights"][1]),
    ):
        changed = deepcopy(claim)
        numbers, at = change(changed), int(pointer.rpartition("/")[2])
        numbers[at] = numbers[at] * 1.1 + (0.01 if numbers[at] >= 0 else -0.01)
        answered = post(client, path, {**rows, "claim": changed})["claim"]
        assert answered["wrong"] == 1 and answered["first_wrong"]["pointer"] == pointer
        assert len(answered["arrays"]) == 5 * layers


def test_the_first_wrong_number_is_named_with_a_hint(client: FlaskClient) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    body = {**ROW, "loss": "quadratic", "optimizer": RATE}
    claim = {"deltas": [[[-0.0134, -0.015]], [[-0.1385]]]}
    found = post(client, "/v1/networks/example:trace", {**body, "claim": claim})["claim"]
    assert found == {
        "correct": False,
        "checked": 3,
        "wrong": 3,
        "following": 2,
        "first_wrong": {
            "pointer": "#/claim/deltas/1/0/0",
            "array": "deltas",
            "layer": 1,
            "index": [0, 0],
            "row": 0,
            "name": "output 1",
            "of": "delta of output 1",
            "equation": "BP1",
            "formula": "0.741365 * 0.186816",
            "steps": [
                {
                    "equation": "BP1",
                    "of": "dC/da of output 1",
                    "formula": "0.751365 - 0.01",
                    "row": 0,
                    "value": pytest.approx(0.741365, abs=1e-6),
                },
                {
                    "equation": "f'(z)",
                    "of": "f'(z) of output 1",
                    "formula": "0.751365 * (1 - 0.751365)",
                    "row": 0,
                    "value": pytest.approx(0.186816, abs=1e-6),
                },
            ],
            "claimed": -0.1385,
            "expected": pytest.approx(0.138499, abs=1e-6),
            "follows": False,
            "hint": "It is what comes out when (y - a) is taken in place of (a - y).",
        },
        "wrong_numbers": found["wrong_numbers"],
        "arrays": [
            {"array": "deltas", "layer": 1, "checked": 1, "wrong": 1, "following": 0},
            {"array": "deltas", "layer": 0, "checked": 2, "wrong": 2, "following": 2},
        ],
        "tolerance": {"relative": 0.005, "absolute": 0.00005},
    }
    assert [number["of"] for number in found["wrong_numbers"][1:]] == ["delta of hidden 1", "delta of hidden 2"]
    wide = {**claim, "tolerance": {"absolute": 1}}
    assert post(client, "/v1/networks/example:trace", {**body, "claim": wide})["claim"]["correct"]


@pytest.mark.parametrize(
    ("claim", "pointer", "words"),
    [
        ({}, "#/claim", "give `weighted_inputs`, `activations`, `deltas` or `gradients`"),
        ({"delta": [[[1, 2]], None]}, "#/claim/delta", "did you mean `deltas`?"),
        ({"deltas": [{"shape": [1, 2]}, None]}, "#/claim/deltas/0", "must be a list"),
        ({"deltas": [None]}, "#/claim/deltas", "must have 2 entries, one a layer, got 1"),
        ({"deltas": [None, [[1, 2]]]}, "#/claim/deltas/1/0", "must have 1 entries, one a unit, got 2"),
        ({"deltas": [None, [["a"]]]}, "#/claim/deltas/1/0/0", "must be a finite number or null"),
        ({"gradients": [{"weight": [[1]]}, None]}, "#/claim/gradients/0/weight", "did you mean `weights`?"),
        ({"deltas": [None, None]}, "#/claim", "has no number to check"),
        ({"deltas": [None, [[1]]], "tolerance": {"relative": -1}}, "#/claim/tolerance/relative", "at least 0"),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(client: FlaskClient, claim: Any, pointer: str, words: str) -> None:
    client.post("/v1/networks", json=EXAMPLE)
    answer = client.post("/v1/networks/example:trace", json={**ROW, "claim": claim})
    fault = problem(answer, 422)["errors"][0]
    assert fault["pointer"] == pointer and words in fault["detail"], fault


def test_a_claim_of_a_large_network_is_refused(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "large", "inputs": 1000, "layers": [{"type": "dense", "units": 1000}]})
    body = {"instances": [[0] * 1000], "targets": [[0] * 1000], "seed": 1, "claim": {"deltas": [None]}}
    fault = problem(client.post("/v1/networks/large:trace", json=body), 422)["errors"][0]
    assert fault["pointer"] == "#/claim" and "at most 1,000,000 numbers" in fault["detail"]


def test_a_number_that_is_not_finite_cannot_be_claimed_rightly(client: FlaskClient) -> None:
    client.post("/v1/networks", json={"name": "n", "inputs": 1, "layers": [{"type": "dense", "units": 1}]})
    body = {"instances": [[1e200]], "targets": [[0]], "parameters": [{"weights": [[1e150]], "biases": [0]}]}
    found = post(client, "/v1/networks/n:trace", {**body, "claim": {"activations": [[[3]]]}})
    assert found["claim"]["first_wrong"]["expected"] is None and "claim/first_wrong/expected" in found["nonfinite"]
