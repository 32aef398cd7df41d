"""Triton's own client against a service, run by tests/integration/test_serving_clients.py in an environment of its own.

It is given the address and what the service answers natively, and fails where the client gets anything else.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

DTYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64")


def tensor(name: str, values: np.ndarray, binary: bool = True) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    return made.set_data_from_numpy(values, binary_data=binary)


def agree(answer: triton.InferResult, expected: dict) -> None:
    np.testing.assert_allclose(answer.as_numpy("predictions"), expected["predictions"], rtol=1e-6)
    labels = [label.decode() if isinstance(label, bytes) else label for label in answer.as_numpy("labels")]
    assert labels == expected["labels"], labels


def refused(status: str, words: str, call) -> None:
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == status and words in error.message(), (error.status(), error.message())
    else:
        raise AssertionError(f"not refused: {words}")


def described(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("iris") and client.is_model_ready("iris", "1") and not client.is_model_ready("none")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("iris")
    assert metadata["versions"] == ["1"] and metadata["inputs"][0]["shape"] == [-1, 4]
    assert metadata["parameters"]["labels"] == ["setosa", "versicolor", "virginica"]
    assert client.get_model_config("iris", "1")["input"][0]["data_type"] == "TYPE_FP64"


def inferred(client: triton.InferenceServerClient, rows: np.ndarray, expected: dict) -> None:
    for name in DTYPES:
        for binary in (True, False):
            agree(client.infer("iris", [tensor("inputs", rows.astype(name), binary)]), expected)
    for columns in ([tensor(column, rows[:, at : at + 1]) for at, column in enumerate(expected["columns"])],):
        agree(client.infer("iris", columns, model_version="1"), expected)
    for coding in ("gzip", "deflate"):
        many = np.tile(rows, (200, 1))
        answer = client.infer(
            "iris",
            [tensor("inputs", many)],
            request_compression_algorithm=coding,
            response_compression_algorithm=coding,
        )
        np.testing.assert_allclose(answer.as_numpy("predictions")[: len(rows)], expected["predictions"], rtol=1e-6)
    asked = [triton.InferRequestedOutput("probabilities", binary_data=False, class_count=2)]
    answer = client.infer("iris", [tensor("inputs", rows)], outputs=asked, request_id="r-1", parameters={"mine": 3})
    value, index, label = answer.as_numpy("probabilities")[0][0].split(":")
    assert (label, answer.get_response()["id"]) == (expected["labels"][0], "r-1") and int(index) < 3
    assert abs(float(value) - max(expected["predictions"][0])) < 1e-6 and answer.as_numpy("labels") is None
    waiting = client.async_infer("iris", [tensor("inputs", rows)])
    agree(waiting.get_result(), expected)
    early = client.infer("iris", [tensor("inputs", rows)], model_version="1@0")
    np.testing.assert_allclose(early.as_numpy("predictions"), expected["early"], rtol=1e-6)
    assert early.get_response()["model_version"] == "1@0"


def mixed(client: triton.InferenceServerClient, expected: dict) -> None:
    """Columns of several types: BYTES, BOOL and numbers."""
    plan, active = np.array([["A"], ["Bé"]], dtype=np.object_), np.array([[True], [False]])
    for binary in (True, False):
        columns = [tensor("amount", np.array([[1.5], [2.5]]), binary), tensor("plan", plan, binary)]
        answer = client.infer("mixed", [*columns, tensor("active", active, binary)])
        np.testing.assert_allclose(answer.as_numpy("predictions"), expected["mixed"], rtol=1e-6)


def kept(client: triton.InferenceServerClient) -> None:
    """Statistics, which count what came before, and the repository."""
    before = client.get_inference_statistics("iris", "1")["model_stats"][0]
    client.infer("iris", [tensor("inputs", np.ones((7, 4)))])
    after = client.get_inference_statistics("iris")["model_stats"][0]
    assert after["inference_count"] - before["inference_count"] == 7
    counts = [each["inference_stats"]["success"]["count"] for each in (before, after)]
    assert counts[1] - counts[0] == 1 and after["last_inference"] >= before["last_inference"] > 0
    assert {each["name"] for each in client.get_inference_statistics()["model_stats"]} >= {"iris", "mixed"}
    assert {"name": "iris", "version": "1", "state": "READY", "reason": ""} in client.get_model_repository_index()
    client.unload_model("iris")
    client.load_model("iris")
    assert client.is_model_ready("iris")


def refusals(client: triton.InferenceServerClient, rows: np.ndarray) -> None:
    refused("404", "no model named `none`", lambda: client.infer("none", [tensor("inputs", rows)]))
    refused("404", "no version 9", lambda: client.get_model_metadata("iris", "9"))
    refused("422", "[rows, 4]", lambda: client.infer("iris", [tensor("inputs", rows[:, :3])]))
    refused("422", "one tensor for each column", lambda: client.infer("mixed", [tensor("inputs", rows)]))
    refused("404", "no model named `none`", lambda: client.load_model("none"))
    refused("404", "there is nothing at", client.get_log_settings)


def main() -> None:
    given = json.load(sys.stdin)
    rows = np.array(given["rows"])
    with triton.InferenceServerClient(given["address"]) as client:
        described(client)
        inferred(client, rows, given)
        mixed(client, given)
        kept(client)
        refusals(client, rows)


main()
