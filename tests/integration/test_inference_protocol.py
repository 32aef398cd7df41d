"""The Open Inference Protocol over HTTP: metadata that is true, tensors in and out, errors, statistics, repository."""

import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.contract import SMALL
from tests.integration.explained import Train, post

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

LENGTH = "Inference-Header-Content-Length"
INFER = "/v2/models/{}/infer"


def tensor(name: str, datatype: str, data: list[Any], shape: list[int] | None = None) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def error(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json" and list(answer.json) == ["error"]
    return str(answer.json["error"])


def outputs(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json["outputs"]}


@pytest.fixture
def digits(train: Train) -> None:
    """A model of four numbers and three classes of text, of two versions."""
    rows = [[n % 7, n % 5, n / 3, -n, "abc"[n % 3]] for n in range(30)]
    dataset = {"name": "digits", "columns": ["p", "q", "r", "s", "kind"], "rows": rows}
    for seed in (1, 2):
        train({"dataset": dataset, "model": "digits", "training": {**SMALL, "seed": seed}})


@pytest.fixture
def mixed(client: FlaskClient, train: Train) -> None:
    """A model of values by a number, a text, a date and a boolean; missing values are filled."""
    lines = [f"{n + 0.5},{'AB'[n % 2]}x,2024-01-{n + 1:02},{str(n % 3 == 0).lower()},{n * 100}" for n in range(20)]
    body = "amount,plan,signup,active,y\n" + "\n".join(lines)
    made = client.put("/v1/datasets/mixed?target_type=value", data=body, headers={"Content-Type": "text/csv"})
    assert made.status_code == 201, made.text
    train({"dataset": "mixed", "model": "mixed", "training": {**SMALL, "preprocessing": {"missing": "mean"}}})


def test_metadata_of_numbers_is_true_and_its_example_is_answered(client: FlaskClient, digits: None) -> None:
    found = client.get("/v2/models/digits").json
    assert (found["name"], found["versions"], found["platform"]) == ("digits", ["1", "2"], "backprop")
    (only,) = found["inputs"]
    assert (only["name"], only["datatype"], only["shape"]) == ("inputs", "FP64", [-1, 4])
    assert only["parameters"]["columns"] == ["p", "q", "r", "s"]
    described = {each["name"]: (each["datatype"], each["shape"]) for each in found["outputs"]}
    assert described == {
        "predictions": ("FP32", [-1, 3]),
        "labels": ("BYTES", [-1]),
        "probabilities": ("FP32", [-1, 3]),
    }
    assert found["parameters"]["labels"] == ["a", "b", "c"] and found["parameters"]["targets"] == ["kind"]
    answer = client.post(INFER.format("digits"), json=found["parameters"]["example"])
    assert (answer.json["model_name"], answer.json["model_version"]) == ("digits", "2")
    assert outputs(answer)["predictions"]["shape"] == [1, 3]
    config = client.get("/v2/models/digits/versions/1/config").json
    assert config["input"][0] == {"name": "inputs", "data_type": "TYPE_FP64", "format": "FORMAT_NONE", "dims": [4]}
    assert config["parameters"]["version"] == {"string_value": "1"} and config["max_batch_size"] > 1000
    assert client.get("/v2/models/digits/versions/1/ready").json == {"name": "digits", "version": "1", "ready": True}


def test_every_form_of_the_same_rows_is_answered_with_the_same_numbers(client: FlaskClient, digits: None) -> None:
    rows = np.array([[1, 2, 3, -4], [5, 1, 9, -20], [0, 0, 0, 0]])
    native = post(client, "/v1/models/digits:predict", {"instances": rows.tolist()})
    path = INFER.format("digits")
    whole = {"name": "anything", "datatype": "FP64", "shape": [3, 4]}
    head = json.dumps({"inputs": [{**whole, "parameters": {"binary_data_size": 96}}]}).encode()
    data = head + rows.astype("<f8").tobytes()
    answers = [
        client.post(path, json={"inputs": [{**whole, "data": rows.tolist()}]}),
        client.post(path, json={"inputs": [{**whole, "data": rows.ravel().tolist(), "datatype": "INT64"}]}),
        client.post(path, json={"inputs": [{**whole, "shape": [3, 2, 2], "data": rows.ravel().tolist()}]}),
        client.post(
            path, json={"inputs": [tensor(name, "FP32", rows[:, at].tolist()) for at, name in enumerate("pqrs")]}
        ),
        client.post(
            path,
            json={
                "inputs": [tensor("p", "INT8", [1, 5, 0], [3, 1])]
                + [tensor(name, "FP16", rows[:, at].tolist(), [3, 1]) for at, name in enumerate("qrs", 1)]
            },
        ),
        client.post(path, data=data, headers={LENGTH: str(len(head))}),
        client.post(path, data=zlib.compress(data), headers={LENGTH: str(len(head)), "Content-Encoding": "deflate"}),
        client.post("/v2/models/digits/versions/2/infer", data=data, headers={LENGTH: str(len(head))}),
    ]
    for answer in answers:
        found = outputs(answer)
        assert found["labels"]["data"] == native["labels"] and found["labels"]["shape"] == [3]
        for name in ("predictions", "probabilities"):
            numbers = np.reshape(found[name]["data"], found[name]["shape"])
            np.testing.assert_allclose(numbers, native["predictions"], rtol=1e-6)
    one = client.post(path, json={"inputs": [tensor("x", "FP64", rows[0].tolist())]})
    np.testing.assert_allclose(outputs(one)["predictions"]["data"], native["predictions"][0], rtol=1e-6)


def test_binary_outputs_are_asked_for_as_a_whole_or_one_by_one(client: FlaskClient, digits: None) -> None:
    rows = np.array([[1.0, 2, 3, 4], [4, 3, 2, 1]])
    native = post(client, "/v1/models/digits:predict", {"instances": rows.tolist()})
    body = {"id": "a-1", "inputs": [tensor("x", "FP64", rows.ravel().tolist(), [2, 4])]}
    whole = client.post(INFER.format("digits"), json={**body, "parameters": {"binary_data_output": True}})
    length = int(whole.headers[LENGTH])
    head, data = json.loads(whole.data[:length]), whole.data[length:]
    assert whole.mimetype == "application/octet-stream" and head["id"] == "a-1"
    sizes = [each["parameters"]["binary_data_size"] for each in head["outputs"]]
    assert sum(sizes) == len(data) and [each["name"] for each in head["outputs"]][:2] == ["predictions", "labels"]
    numbers = np.frombuffer(data[: sizes[0]], dtype="<f4").reshape(2, 3)
    np.testing.assert_allclose(numbers, native["predictions"], rtol=1e-6)
    labels = data[sizes[0] : sizes[0] + sizes[1]]
    assert labels == b"".join(struct.pack("<I", 1) + label.encode() for label in native["labels"])
    asked = [{"name": "labels"}, {"name": "predictions", "parameters": {"binary_data": True}}]
    some = client.post(INFER.format("digits"), json={**body, "outputs": asked})
    head = json.loads(some.data[: int(some.headers[LENGTH])])
    assert head["outputs"][0]["data"] == native["labels"] and "data" not in head["outputs"][1]
    plain = client.post(INFER.format("digits"), data=rows.astype("<f8").tobytes(), headers={LENGTH: "0"})
    assert plain.data[int(plain.headers[LENGTH]) :] == data


def test_classification_is_written_as_triton_does(client: FlaskClient, digits: None) -> None:
    body = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4], [1, 4])]}
    asked = {**body, "outputs": [{"name": "probabilities", "parameters": {"classification": 2}}]}
    found = outputs(client.post(INFER.format("digits"), json=asked))["probabilities"]
    numbers = outputs(client.post(INFER.format("digits"), json=body))["probabilities"]["data"]
    first, second = sorted(range(3), key=lambda at: -numbers[at])[:2]
    assert (found["datatype"], found["shape"]) == ("BYTES", [1, 2])
    assert found["data"] == [f"{numbers[at]:f}:{at}:{'abc'[at]}" for at in (first, second)]
    asked["outputs"][0]["name"] = "labels"
    assert "goes with numbers" in error(client.post(INFER.format("digits"), json=asked), 422)


def test_a_table_of_several_types_has_a_tensor_for_each_column(client: FlaskClient, mixed: None) -> None:
    found = client.get("/v2/models/mixed").json
    assert [(each["name"], each["datatype"], each["shape"]) for each in found["inputs"]] == [
        ("amount", "FP64", [-1, 1]),
        ("plan", "BYTES", [-1, 1]),
        ("signup", "BYTES", [-1, 1]),
        ("active", "BYTES", [-1, 1]),
    ]
    assert [each["type"] for each in found["parameters"]["columns"]] == ["number", "category", "date", "category"]
    assert found["parameters"]["columns"][1]["categories"] == ["Ax", "Bx"]
    assert found["outputs"] == [
        {"name": "predictions", "datatype": "FP64", "shape": [-1, 1], "parameters": {"targets": ["y"]}}
    ]
    assert client.post(INFER.format("mixed"), json=found["parameters"]["example"]).status_code == 200
    objects = [
        {"amount": 1.5, "plan": "Ax", "signup": "2024-01-03", "active": True},
        {"amount": None, "plan": "new", "signup": 19730, "active": "false"},
    ]
    native = post(client, "/v1/models/mixed:predict", {"instances": objects})
    columns = [
        tensor("amount", "FP32", [1.5, None]),
        tensor("plan", "BYTES", ["Ax", "new"], [2, 1]),
        tensor("active", "BOOL", [True, False]),
        tensor("not a column", "FP32", [1, 2]),
    ]
    days = (np.datetime64("2024-01-03") - np.datetime64("1970-01-01")).astype(int)
    for dates in (
        tensor("signup", "BYTES", ["2024-01-03", "2024-01-08"]),
        tensor("signup", "INT32", [int(days), 19730]),
    ):
        answer = client.post(INFER.format("mixed"), json={"inputs": [*columns, dates]})
        np.testing.assert_allclose(
            outputs(answer)["predictions"]["data"], [each["y"] for each in native["predictions"]], rtol=1e-6
        )
        assert answer.headers["Unknown-Categories"] == "1" and answer.json["parameters"]["unknown_categories"] == 1
    refused = {"inputs": [*columns, dates], "parameters": {"unknown": "error"}}
    assert "no category of `plan`" in error(client.post(INFER.format("mixed"), json=refused), 422)


def test_what_does_not_fit_the_columns_is_refused_with_the_way_out(client: FlaskClient, mixed: None) -> None:
    for inputs, words in (
        ([tensor("table", "BYTES", ["a"])], 'one tensor for each column, with the shape [rows, 1]: "amount" FP64'),
        ([tensor("amount", "FP32", [1])], "`plan`, `signup`, `active` are missing"),
        ([tensor("amount", "BYTES", ["1"]), tensor("plan", "BYTES", ["a"])], "holds numbers: send FP64"),
        ([tensor("plan", "INT64", [1]), tensor("amount", "FP32", [1])], "holds text: send BYTES"),
        ([tensor("amount", "FP32", [1, 2]), tensor("plan", "BYTES", ["a"])], "has 1 rows, and"),
        (
            [tensor("amount", "FP32", [1, 2], [1, 2]), tensor("plan", "BYTES", ["a"])],
            "its shape is [rows] or [rows, 1]",
        ),
    ):
        assert words in error(client.post(INFER.format("mixed"), json={"inputs": inputs}), 422)


def test_errors_are_texts_on_every_path_of_the_protocol(client: FlaskClient, digits: None) -> None:
    path = INFER.format("digits")
    assert "no model named `none`" in error(client.get("/v2/models/none"), 404)
    assert "no version 9" in error(client.get("/v2/models/digits/versions/9/ready"), 404)
    assert "a version is" in error(client.get("/v2/models/digits/versions/1.5"), 404)
    assert "nothing at `/v2/nothing`" in error(client.get("/v2/nothing"), 404)
    assert "not a method" in error(client.get(path), 405)
    assert "is not JSON" in error(client.post(path, data="{"), 400)
    assert "is empty" in error(client.post(path), 400)
    assert "a row of 4 FP64 numbers 32" in error(client.post(path, data=b"\0" * 7, headers={LENGTH: "0"}), 400)
    assert "shape [rows, 4]" in error(client.post(path, json={"inputs": [tensor("x", "FP64", [1, 2, 3])]}), 422)
    assert "at least one" in error(client.post(path, json={"inputs": [tensor("x", "FP64", [], [0, 4])]}), 422)
    huge = {"inputs": [tensor("x", "FP64", [1e300, 1, 1, 1], [1, 4])]}
    assert "beyond a float32" in error(client.post(path, json=huge), 422)
    asked = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4], [1, 4])], "outputs": [{"name": "label"}]}
    assert "did you mean `labels`?" in error(client.post(path, json=asked), 422)
    answer = client.post(path, data="a,b\n1,2\n", headers={"Content-Type": "text/csv"})
    assert "`text/csv` is not read here" in error(answer, 415)
    assert "`none`" in error(client.get("/v2/models/digits/versions/1@none"), 404)


def test_versions_are_texts_and_may_have_an_epoch(client: FlaskClient, digits: None) -> None:
    body = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4], [1, 4])]}
    native = post(client, "/v1/models/digits/versions/1:predict?epoch=2", {"instances": [[1, 2, 3, 4]]})
    by_text = client.post("/v2/models/digits/versions/1@2/infer", json=body)
    by_parameter = client.post("/v2/models/digits/versions/1/infer", json={**body, "parameters": {"epoch": 2}})
    for answer in (by_text, by_parameter):
        assert answer.json["model_version"] == "1@2" and answer.json["parameters"]["epoch"] == 2
        np.testing.assert_allclose(outputs(answer)["predictions"]["data"], native["predictions"][0], rtol=1e-6)
    both = client.post("/v2/models/digits/versions/1@2/infer", json={**body, "parameters": {"epoch": 3}})
    assert "give one of them" in error(both, 422)


def test_statistics_and_repository(client: FlaskClient, digits: None) -> None:
    body = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4] * 5, [5, 4])]}
    for _ in range(3):
        assert client.post("/v2/models/digits/versions/1/infer", json=body).status_code == 200
    error(client.post("/v2/models/digits/versions/1/infer", json={"inputs": [tensor("x", "FP64", [1, 2])]}), 422)
    first, second = client.get("/v2/models/digits/stats").json["model_stats"]
    assert (first["name"], first["version"], first["inference_count"], first["execution_count"]) == (
        "digits",
        "1",
        15,
        3,
    )
    counted = first["inference_stats"]
    assert counted["success"]["count"] == 3 and counted["fail"]["count"] == 1
    parts = sum(counted[name]["ns"] for name in ("compute_input", "compute_infer", "compute_output"))
    assert 0 < parts == counted["success"]["ns"]
    assert (second["version"], second["inference_count"], second["last_inference"]) == ("2", 0, 0)
    assert client.get("/v2/models/stats").json["model_stats"] == [first, second]
    assert client.get("/v2/models/digits/versions/1/stats").json["model_stats"] == [first]
    error(client.get("/v2/models/none/stats"), 404)
    index = client.post("/v2/repository/index").json
    assert index == [{"name": "digits", "version": each, "state": "READY", "reason": ""} for each in ("1", "2")]
    for verb in ("load", "unload", "load"):
        assert client.post(f"/v2/repository/models/digits/{verb}", json={"parameters": {}}).json == {}
        error(client.post(f"/v2/repository/models/none/{verb}"), 404)
    error(client.post("/v2/repository/index", data="[]"), 422)


def test_health_and_server(client: FlaskClient) -> None:
    assert client.get("/v2/health/live?any=thing").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True, "live": True}
    for path in ("/v2", "/v2/"):
        found = client.get(path).json
        assert found["name"] == "backprop" and "binary_tensor_data" in found["extensions"]


def test_large_answers_are_packed_when_asked(client: FlaskClient, digits: None) -> None:
    body = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4] * 100, [100, 4])], "parameters": {"binary_data_output": True}}
    plain = client.post(INFER.format("digits"), json=body)
    for coding in ("gzip", "deflate"):
        packed = client.post(INFER.format("digits"), json=body, headers={"Accept-Encoding": coding})
        assert packed.headers["Content-Encoding"] == coding and packed.headers[LENGTH] == plain.headers[LENGTH]
        assert zlib.decompressobj(47).decompress(packed.data) == plain.data
