"""TensorFlow Serving's REST API: its own examples, unmodified where they make sense, and what its clients read."""

import base64
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, post

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

HALF = "/v1/models/saved_model_half_plus_three"


@pytest.fixture
def half(train: Train) -> None:
    """The model of TensorFlow Serving's example: x / 2 + 3, to within what training comes to."""
    rows = [{"x": n / 4, "y": n / 8 + 3} for n in range(40)]
    training = {"epochs": 400, "seed": 1}
    network = {"hidden": []}
    train({"dataset": {"rows": rows}, "network": network, "training": training, "model": "saved_model_half_plus_three"})


@pytest.fixture
def people(train: Train) -> None:
    rows = [[n % 9, "ABC"[n % 3], n % 2 == 0, "no" if n % 4 else "yes"] for n in range(24)]
    columns = ["tenure", "plan", "member", "churn"]
    train({"dataset": {"columns": columns, "rows": rows}, "training": SMALL, "model": "people"})


def test_the_examples_of_tensorflow_serving(client: FlaskClient, half: None) -> None:
    """https://www.tensorflow.org/tfx/serving/api_rest#example"""
    status = client.get(HALF).json["model_version_status"]
    assert status == [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]
    assert client.get(f"{HALF}/versions/1").json["model_version_status"] == status
    answer = client.post(f"{HALF}:predict", data='{"instances": [1.0,2.0,5.0]}').json
    np.testing.assert_allclose(answer["predictions"], [3.5, 4.0, 5.5], atol=0.02)
    versioned = client.post(f"{HALF}/versions/1:predict", data='{"instances": [1.0,2.0,5.0]}').json
    assert versioned["predictions"] == answer["predictions"]
    assert post(client, f"{HALF}:predict", {"inputs": [1.0, 2.0, 5.0]})["outputs"] == answer["predictions"]
    columns = {"signature_name": "serving_default", "inputs": {"x": [1.0, 2.0, 5.0]}}
    np.testing.assert_allclose(np.ravel(post(client, f"{HALF}:predict", columns)["outputs"]), answer["predictions"])
    problem(client.post("/v1/models/half:predict", data='{"instances": [1.0,5.0]}'), 404)


def test_metadata_names_the_tensors_that_are_taken(client: FlaskClient, half: None, people: None) -> None:
    found = client.get(f"{HALF}/metadata").json
    assert found["model_spec"] == {"name": "saved_model_half_plus_three", "signature_name": "", "version": "1"}
    signature = found["metadata"]["signature_def"]["signature_def"]["serving_default"]
    (name,) = signature["inputs"]
    assert (name, signature["inputs"][name]["dtype"]) == ("inputs", "DT_DOUBLE")
    assert [each["size"] for each in signature["inputs"][name]["tensor_shape"]["dim"]] == ["-1", "1"]
    assert signature["method_name"] == "tensorflow/serving/predict" and list(signature["outputs"]) == ["predictions"]
    by_row = post(client, f"{HALF}:predict", {"instances": [{name: [1.0]}, {name: [2.0]}]})["predictions"]
    by_column = post(client, f"{HALF}:predict", {"inputs": {name: [[1.0], [2.0]]}})["outputs"]
    assert by_row == by_column == post(client, f"{HALF}:predict", {"instances": [[1.0], [2.0]]})["predictions"]
    columns = client.get("/v1/models/people/versions/1/metadata").json["metadata"]["signature_def"]["signature_def"]
    inputs = columns["serving_default"]["inputs"]
    assert {name: each["dtype"] for name, each in inputs.items()} == {
        "tenure": "DT_DOUBLE",
        "plan": "DT_STRING",
        "member": "DT_STRING",
    }


def test_rows_and_columns_of_several_types_have_the_same_answers(client: FlaskClient, people: None) -> None:
    path = "/v1/models/people:predict"
    native = post(client, path, {"instances": [[1, "A", True], [8, "B", False]]})
    text = {"b64": base64.b64encode(b"B").decode()}
    forms: list[dict[str, Any]] = [
        {"inputs": {"tenure": [1, 8], "plan": ["A", "B"], "member": [True, False]}},
        {"inputs": {"tenure": [[1], [8]], "plan": [["A"], [text]], "member": ["true", "false"], "more": [0, 0]}},
    ]
    for form in forms:
        answer = post(client, path, form)
        np.testing.assert_allclose(answer["outputs"], native["predictions"], rtol=1e-6)
        assert answer["labels"] == native["labels"] and answer.get("ignored") == (
            ["more"] if "more" in str(form) else None
        )
    rows = [{"tenure": [1], "plan": ["A"], "member": [True]}, {"tenure": 8, "plan": text, "member": False}]
    objects = post(client, path, {"instances": rows})["predictions"]
    assert [each["churn"] for each in objects] == native["labels"]


def test_nested_rows_are_flattened(client: FlaskClient, train: Train) -> None:
    images = np.arange(24).reshape(6, 2, 2).tolist()
    train(
        {
            "dataset": {"inputs": np.reshape(images, (6, 4)).tolist(), "targets": list("ababab")},
            "training": SMALL,
            "model": "m",
        }
    )
    flat = post(client, "/v1/models/m:predict", {"instances": np.reshape(images, (6, 4)).tolist()})["predictions"]
    for form in ({"instances": images}, {"instances": [{"inputs": image} for image in images]}):
        assert post(client, "/v1/models/m:predict", form)["predictions"] == flat
    by_column = post(client, "/v1/models/m:predict", {"inputs": {"inputs": images}})
    np.testing.assert_allclose(by_column["outputs"], flat, rtol=1e-6)


def test_labels_are_aliases(client: FlaskClient, half: None) -> None:
    assert client.put(f"{HALF}/aliases/stable", json={"version": 1}).status_code == 201
    by_label = post(client, f"{HALF}/labels/stable:predict", {"instances": [1.0]})
    assert by_label == post(client, f"{HALF}:predict", {"instances": [1.0]})
    assert client.get(f"{HALF}/labels/stable").json == client.get(f"{HALF}/versions/1").json
    assert client.get(f"{HALF}/labels/stable/metadata").json["model_spec"]["version"] == "1"
    problem(client.get(f"{HALF}/labels/canary"), 404)
    assert "labels are aliases" in problem(client.get(f"{HALF}/labels/1"), 404)["detail"]


def test_what_does_not_fit_is_refused_with_its_place(client: FlaskClient, people: None, half: None) -> None:
    for path, body, words in (
        ("/v1/models/people", {"inputs": {"tenure": 1}}, "#/inputs/tenure: must be a list"),
        ("/v1/models/people", {"inputs": {"tenure": [1], "plan": ["A"]}}, "`member` is missing"),
        ("/v1/models/people", {"inputs": {"tenure": [1, "2"]}}, "#/inputs/tenure: must hold numbers alone"),
        ("/v1/models/people", {"inputs": {"tenure": [1], "plan": ["A", "B"]}}, "has 2 rows"),
        ("/v1/models/people", {"inputs": {"plan": [{"b64": "?"}]}}, "#/inputs/plan: must be UTF-8 text in base64"),
        ("/v1/models/people", {"instances": ["A"]}, "must be a list of rows"),
        (HALF, {"instances": [[[1, 2]]]}, "must have 1 values, one an input column, got 2"),
        (HALF, {"instances": ["a"]}, "must be a number"),
    ):
        assert words in problem(client.post(f"{path}:predict", json=body), 422)["detail"], (body, words)
