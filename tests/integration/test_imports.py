"""Files of other programs become versions of models that answer as the exported ones do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.test_exports import JOB, TABLE

ROWS = [{"age": 3, "color": "rot"}, {"age": 5.5, "color": "never seen"}, {"age": None, "color": None}]
NUMBERS = {"name": "n", "inputs": [[0.0, 1.0], [1.0, 0.5], [0.2, 0.1], [0.9, 0.8]], "targets": [1.0, 20.0, 3.0, 9.0]}


def post(client: FlaskClient, query: str, data: bytes, **options: Any) -> Any:
    return client.post(f"/v1/models/imported/versions{query}", data=data, **options)


@pytest.fixture
def exported(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> Callable[[str, str], bytes]:
    """Return what exports a model: `m` of categories and classes, `values` of numbers and a value."""
    assert client.post("/v1/datasets", json=TABLE).status_code == 201
    train(JOB)
    train({"dataset": NUMBERS, "model": "values", "network": {"hidden": [3]}, "training": {"epochs": 3, "seed": 1}})
    version = {"version": 1, "decision": {"threshold": 0.3}}
    assert client.post("/v1/models/m/versions", json=version).status_code == 201
    return lambda name, kind: client.get(f"/v1/models/{name}/export?format={kind}").data


def test_an_exported_model_comes_back_as_a_version_with_the_same_answers(
    client: FlaskClient, exported: Callable[[str, str], bytes]
) -> None:
    answer = post(client, "", exported("m", "onnx"), content_type="application/x-onnx")
    assert answer.status_code == 201, answer.text
    assert (answer.json["origin"], answer.json["decision"]) == ("import", {"threshold": 0.3})
    expected = client.post("/v1/models/m:predict", json={"instances": ROWS}).json
    found = client.post("/v1/models/imported:predict", json={"instances": ROWS}).json
    assert (found["predictions"], found["labels"]) == (expected["predictions"], expected["labels"])
    assert post(client, "?format=onnx", exported("values", "onnx")).status_code == 201
    rows = {"instances": [[0.3, 0.4], [2.0, -1.0]]}
    expected = client.post("/v1/models/values:predict", json=rows).json["predictions"]
    np.testing.assert_array_equal(client.post("/v1/models/imported:predict", json=rows).json["predictions"], expected)
    keras = post(client, "?format=keras&inputs=a&inputs=b", exported("values", "keras"))
    assert keras.status_code == 201 and [column["name"] for column in keras.json["inputs"]] == ["a", "b"]
    found = client.post("/v1/models/imported:predict", json=rows).json["predictions"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    refused = post(client, "?format=onnx&inputs=a", exported("values", "onnx"))
    assert refused.status_code == 422 and "is what the file itself says" in refused.json["detail"]
    _check_refusals(client, exported)


def _check_refusals(client: FlaskClient, exported: Callable[[str, str], bytes]) -> None:
    for query, data, status, words in (
        ("?format=onnx", b"no model", 400, "no ONNX model"),
        ("?format=onnx", b"", 400, "no ONNX model"),
        ("?format=keras", b"PK\x03\x04", 400, "no .keras file"),
        ("?format=keras", exported("m", "npz"), 422, "has no `config.json`"),
        ("?format=pickle", b"x", 422, "must be one of onnx"),
        ("?format=onnx&network=n", b"x", 422, "has its network in it"),
    ):
        answer = post(client, query, data)
        assert answer.status_code == status and words in answer.json["detail"], answer.text
