"""The KServe SDK's client against a service, run by tests/integration/test_serving_clients.py in its own environment.

It speaks both of KServe's protocols: version 2, and version 1, which is TensorFlow Serving's.
"""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def request(rows: np.ndarray, binary: bool, **more) -> InferRequest:
    tensor = InferInput("inputs", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return InferRequest("iris", [tensor], **more)


async def version_2(given: dict, rows: np.ndarray) -> None:
    client, url = InferenceRESTClient(RESTConfig(protocol="v2")), given["url"]
    assert await client.is_server_live(url) and await client.is_server_ready(url)
    assert await client.is_model_ready(url, "iris") and not await client.is_model_ready(url, "none")
    for binary in (True, False):
        for parameters in (None, {"binary_data_output": True}):
            answer = await client.infer(url, request(rows, binary, parameters=parameters), model_name="iris")
            found = {output.name: output.as_numpy() for output in answer.outputs}
            np.testing.assert_allclose(found["predictions"], given["predictions"], rtol=1e-6)
            labels = [each.decode() if isinstance(each, bytes) else str(each) for each in found["labels"]]
            assert (labels, answer.model_name) == (given["labels"], "iris")
    asked = request(
        rows, True, request_id="k-1", request_outputs=[RequestedOutput("probabilities", {"binary_data": True})]
    )
    answer = await client.infer(url, asked, model_name="iris")
    assert [output.name for output in answer.outputs] == ["probabilities"] and answer.id == "k-1"
    answer = await client.infer(
        url, {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}, "iris"
    )
    assert answer.outputs[0].shape == [1, 3]
    try:
        await client.infer(url, request(rows[:, :2], True), model_name="iris")
    except httpx.HTTPStatusError as error:
        assert "[rows, 4]" in str(error) and "422" in str(error)
    else:
        raise AssertionError("not refused")
    await client.close()


async def version_1(given: dict, rows: np.ndarray) -> None:
    client, url = InferenceRESTClient(RESTConfig(protocol="v1")), given["url"]
    assert await client.is_server_live(url) and await client.is_model_ready(url, "iris")
    answer = await client.infer(url, {"instances": rows.tolist()}, model_name="iris")
    np.testing.assert_allclose(answer["predictions"], given["predictions"], rtol=1e-6)
    await client.close()


async def main() -> None:
    given = json.load(sys.stdin)
    rows = np.array(given["rows"])
    await version_2(given, rows)
    await version_1(given, rows)


asyncio.run(main())
