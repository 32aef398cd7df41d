"""Requests of the Open Inference Protocol: what is read, and that nothing else than an error comes of damaged ones."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import Malformed, ServiceError
from service.inference.answers import write_answer
from service.inference.datatypes import DATATYPES, Datatype
from service.inference.outputs import OutputTensor
from service.inference.requests import InferenceRequest, read_request

NUMBERS = [each for each in DATATYPES.values() if not each.is_text and each.name != "BF16"]


def described(datatype: str, shape: list[int], size: int | None = None, **more: Any) -> dict[str, Any]:
    parameters = {} if size is None else {"parameters": {"binary_data_size": size}}
    return {"name": "x", "datatype": datatype, "shape": shape, **parameters, **more}


def binary(tensors: list[dict[str, Any]], data: bytes, **more: Any) -> InferenceRequest:
    head = json.dumps({"inputs": tensors, **more}).encode()
    return read_request(head + data, str(len(head)))


def plain(tensors: Any, **more: Any) -> InferenceRequest:
    return read_request(json.dumps({"inputs": tensors, **more}).encode(), None)


@pytest.mark.parametrize("datatype", NUMBERS, ids=lambda each: each.name)
def test_numbers_of_every_datatype_are_the_same_from_json_and_from_bytes(datatype: Datatype) -> None:
    low, high = (0, 1) if datatype.name == "BOOL" else datatype.whole_range or (-2.5, 1024)
    values = np.array([low, high, 1, 0], dtype=np.bool_ if datatype.name == "BOOL" else datatype.code)
    from_bytes = binary([described(datatype.name, [4], values.nbytes)], values.tobytes()).inputs[0]
    from_json = plain([described(datatype.name.lower(), [2, 2], data=values.reshape(2, 2).tolist())]).inputs[0]
    np.testing.assert_array_equal(np.asarray(from_bytes.values), values)
    np.testing.assert_array_equal(np.asarray(from_json.values, dtype=np.float64), values.astype(np.float64))
    assert from_bytes.rows == 4 and from_json.rows == 2


def test_bf16_is_the_upper_half_of_a_float32() -> None:
    halves = np.array([1.5, -2.0, 0.0], dtype="<f4").view("<u4") >> 16
    data = halves.astype("<u2").tobytes()
    assert list(binary([described("BF16", [3], len(data))], data).inputs[0].values) == [1.5, -2.0, 0.0]


def test_texts_come_after_their_lengths() -> None:
    texts = ["", "Zürich", "a\0b"]
    data = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    assert binary([described("BYTES", [3, 1], len(data))], data).inputs[0].values == texts
    assert plain([described("BYTES", [2], data=["a", None])]).inputs[0].values == ["a", None]


def test_several_tensors_lie_behind_each_other_in_their_order() -> None:
    first, second = np.arange(3, dtype="<i2"), np.array([0.5], dtype="<f8")
    tensors = [described("INT16", [3], 6), {**described("FP32", [1], data=[7]), "name": "y"}]
    tensors.append({**described("FP64", [1], 8), "name": "z"})
    asked = binary(tensors, first.tobytes() + second.tobytes(), id="42", unknown=1)
    assert [np.asarray(each.values).tolist() for each in asked.inputs] == [[0, 1, 2], [7.0], [0.5]]
    assert asked.id == "42" and asked.outputs == () and not asked.binary_output


def test_null_is_a_missing_number() -> None:
    assert np.isnan(np.asarray(plain([described("FP64", [2], data=[None, 1])]).inputs[0].values)).tolist() == [1, 0]


def test_a_body_without_json_is_returned_whole() -> None:
    asked = read_request(b"\0" * 16, "0")
    assert asked.raw == b"\0" * 16 and asked.binary_output


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        (None, "`inputs` must be a list of tensors"),
        ([], "`inputs` must be a list of tensors"),
        ([3], "must be an object with a `name`"),
        ([described("FP99", [1], data=[1])], 'there is no datatype "FP99"'),
        ([described("FP32", [-1], data=[1])], "whole numbers of at least 0"),
        ([described("FP32", [True], data=[1])], "whole numbers of at least 0"),
        ([described("FP32", [2**40, 2**40], data=[1])], "more than"),
        ([described("FP32", [1] * 17, data=[1])], "17 dimensions"),
        ([described("FP32", [2], data=[1])], "has 2 elements, and `data` 1"),
        ([described("FP32", [2], data=[[1], 2])], "lists beside other values"),
        ([described("FP32", [1], data=["1"])], "text needs the datatype BYTES"),
        ([described("FP32", [1], data=[True])], "no FP32"),
        ([described("INT8", [1], data=[300])], "300 is no INT8"),
        ([described("INT64", [1], data=[0.5])], "0.5 is no INT64"),
        ([described("UINT8", [1], data=[-1])], "-1 is no UINT8"),
        ([described("BOOL", [1], data=[2])], "2 is no BOOL"),
        ([described("INT64", [1], data=[10**400])], "beyond a float64"),
        ([described("BYTES", [1], data=[1])], "elements of BYTES are texts"),
        ([described("FP32", [1])], "neither `data` nor"),
        ([described("FP32", [1], 4)], "needs the header"),
        ([described("FP32", [1], data=[1])] * 2, "is there twice"),
        ([{**described("FP32", [1]), "parameters": {"shared_memory_region": "a"}}], "shared memory"),
    ],
)
def test_a_fault_of_json_is_named(tensors: Any, words: str) -> None:
    with pytest.raises(Malformed) as refused:
        plain(tensors)
    assert words in refused.value.detail


@pytest.mark.parametrize(
    ("tensors", "data", "words"),
    [
        ([described("FP32", [2], 4)], b"\0" * 4, "has 8 bytes, got 4"),
        ([described("FP32", [1], 8)], b"\0" * 4, "4 bytes are left in the body"),
        ([described("FP32", [1], -4)], b"\0" * 4, "at least 0"),
        ([described("FP32", [1], 4)], b"\0" * 5, "1 bytes are left behind the tensors"),
        ([described("FP32", [1], 4, data=[1])], b"\0" * 4, "send one of them"),
        ([described("BYTES", [1], 4)], struct.pack("<I", 2**32 - 1), "has 4,294,967,295 bytes, and 0 are left"),
        ([described("BYTES", [2**39], 4)], struct.pack("<I", 0), "have at least"),
        ([described("BYTES", [1], 5)], struct.pack("<I", 0) + b"a", "1 bytes are left behind its 1 elements"),
        ([described("BYTES", [2], 8)], struct.pack("<I", 2) + b"abcd", "end before element 1"),
        ([described("BYTES", [1], 5)], struct.pack("<I", 1) + b"\xff", "not UTF-8"),
    ],
)
def test_a_fault_of_bytes_is_named(tensors: Any, data: bytes, words: str) -> None:
    with pytest.raises(Malformed) as refused:
        binary(tensors, data)
    assert words in refused.value.detail


@pytest.mark.parametrize("header", ["-1", "1e3", "", "99999999999999", "٣", "500"])
def test_a_wrong_length_of_the_json_is_refused(header: str) -> None:
    with pytest.raises(Malformed, match="Inference-Header-Content-Length"):
        read_request(b"{}", header)


def test_outputs_and_parameters_are_checked() -> None:
    inputs = [described("FP32", [1], data=[1])]
    named = [{"name": "a", "parameters": {"binary_data": True, "classification": 2}}, {"name": "b"}]
    asked = plain(inputs, outputs=named, parameters={"binary_data_output": False, "else": {}})
    assert [(each.name, each.binary, each.classes) for each in asked.outputs] == [("a", True, 2), ("b", None, 0)]
    for wrong in (
        {"outputs": 1},
        {"outputs": [{"name": "a", "parameters": {"classification": -1}}]},
        {"outputs": [{"name": "a", "parameters": {"binary_data": 1}}]},
        {"outputs": [{"name": "a"}] * 2},
        {"parameters": [1]},
        {"parameters": {"binary_data_output": 1}},
        {"id": 7},
    ):
        with pytest.raises(Malformed):
            plain(inputs, **wrong)
    with pytest.raises(Malformed):
        read_request(b'{"id": "\\ud800", "inputs": []}', None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]) | JSON,
        "datatype": st.sampled_from(list(DATATYPES)) | JSON,
        "shape": st.lists(st.integers(-1, 5), max_size=3) | JSON,
        "data": st.lists(st.integers(-2, 300) | st.text(max_size=3), max_size=6) | JSON,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 30) | JSON}) | JSON,
    },
)


@given(
    st.lists(TENSOR, max_size=3) | JSON, JSON, JSON, st.binary(max_size=40), st.none() | st.integers(-2, 10), st.data()
)
@example([], None, None, b"", 0, None)
def test_damaged_requests_are_read_or_refused_and_nothing_else(
    inputs: Any, outputs: Any, parameters: Any, data: bytes, cut: int | None, draw: Any
) -> None:
    head = json.dumps({"inputs": inputs, "outputs": outputs, "parameters": parameters}).encode()
    body = head + data
    header = None if cut is None else str(len(head) + cut - 1)
    try:
        read_request(body, header)
    except ServiceError as refused:
        assert refused.detail


@given(st.binary(max_size=60), st.none() | st.text(max_size=4) | st.integers(0, 70).map(str))
def test_any_bytes_are_read_or_refused(body: bytes, header: str | None) -> None:
    try:
        read_request(body, header)
    except ServiceError as refused:
        assert refused.detail


@given(st.sampled_from(NUMBERS), st.integers(0, 4), st.integers(1, 3), st.data())
def test_what_is_written_is_read_as_the_same_numbers(datatype: Datatype, rows: int, width: int, draw: Any) -> None:
    dtype = np.dtype(np.bool_ if datatype.name == "BOOL" else datatype.code)
    data = draw.draw(st.binary(min_size=rows * width * dtype.itemsize, max_size=rows * width * dtype.itemsize))
    values = np.frombuffer(data, dtype="u1" if datatype.name == "BOOL" else dtype).reshape(rows, width)
    tensor = OutputTensor("x", datatype, (rows, width), values, binary=True)
    body, length = write_answer({}, [tensor, OutputTensor("t", DATATYPES["BYTES"], (1,), ["ä"], binary=True)])
    asked = read_request(body.replace(b'"outputs"', b'"inputs" ', 1), str(length))
    np.testing.assert_array_equal(
        np.asarray(asked.inputs[0].values), (values.ravel() != 0) if datatype.name == "BOOL" else values.ravel()
    )
    assert asked.inputs[1].values == ["ä"]
