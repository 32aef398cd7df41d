"""ONNX models are read back as the networks that they are, and everything else is refused by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from service.definitions.build import build_network
from service.errors import Invalid, Malformed
from service.export.imported import Imported
from service.export.onnx_reading import read_onnx
from service.export.onnx_writing import write_onnx
from tests.unit.export.cases import cases

CASES = cases()
RANDOM = np.random.default_rng(1)
W, B, V, C = (RANDOM.normal(size=shape).astype("f4") for shape in ((4, 5), (5,), (5, 2), (2,)))
MOST = 10_000


def outputs(found: Imported, X: Any) -> Any:
    network = build_network(found.definition.normalised(), found.precision)
    network.load(found.parameters)
    return network.predict(X)


def model(*nodes: Any, outputs: tuple[str, ...] = ("y",), **tensors: Any) -> bytes:
    """Return a model of nodes and initializers with one input `x` of four columns."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(kind, inputs.split(), [output], name=f"node_{output}", **attributes)


@pytest.mark.parametrize("name", CASES)
def test_what_was_exported_is_read_back_the_same(name: str) -> None:
    exported = CASES[name].exported
    found = read_onnx(write_onnx(exported), MOST)
    assert found.preprocessing == exported.preprocessing
    assert found.precision == exported.network.dtype.name
    X = RANDOM.normal(size=(7, exported.network.inputs)).astype(exported.network.dtype)
    np.testing.assert_array_equal(outputs(found, X), exported.network.predict(X))


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Gemm", "x W B", "z"), node("Tanh", "z", "a"), node("Gemm", "a V C", "y")],
        [
            node("Gemm", "x WT B", "z", transB=1),
            node("Tanh", "z", "a"),
            node("MatMul", "a V", "p"),
            node("Add", "p C", "y"),
        ],
        [
            node("Flatten", "x", "f"),
            node("MatMul", "f W", "p"),
            node("Add", "B p", "z"),
            node("Tanh", "z", "a"),
            node("Dropout", "a", "d"),
            node("Gemm", "d V C", "y"),
        ],
    ],
    ids=["Gemm", "transposed", "MatMul and Add"],
)
def test_dense_layers_are_read_in_every_spelling(nodes: list[Any]) -> None:
    found = read_onnx(model(*nodes, W=W, WT=np.ascontiguousarray(W.T), B=B, V=V, C=C), MOST)
    X = RANDOM.normal(size=(6, 4)).astype("f4")
    np.testing.assert_allclose(outputs(found, X), np.tanh(X @ W + B) @ V + C, rtol=1e-5)
    assert found.preprocessing is None


def test_settings_of_operators_are_the_numbers_that_were_rounded() -> None:
    nodes = [node("Gemm", "x W B", "z"), node("LeakyRelu", "z", "a", alpha=0.3), node("Gemm", "a V C", "y")]
    layers = read_onnx(model(*nodes, W=W, B=B, V=V, C=C), MOST).definition.normalised()["layers"]
    assert layers[0]["activation"] == {"type": "leaky_relu", "slope": 0.3}


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([node("Conv", "x W", "y")], r"node `node_y` \(Conv\) cannot be read: only dense networks are read"),
        ([node("Gemm", "x W B", "z"), node("ArgMax", "z", "y")], "end the model with the outputs of its last layer"),
        ([node("Gemm", "x W B", "z"), node("Erf", "z", "y")], "opset 20"),
        ([node("Gemm", "x W B", "y", alpha=2.0)], "alpha and beta must be 1"),
        ([node("Gemm", "x x", "y")], "does not follow from the node before it alone"),
        ([node("Gemm", "x W B", "z"), node("Tanh", "x", "y")], "does not follow"),
        ([node("Gemm", "x W B", "z"), node("Gelu", "z", "y", approximate="tanh")], "gelu is exact here"),
        ([node("Gemm", "x W B", "z")], "one output, that of its last node `z`"),
        ([node("Gemm", "x V C", "y"), node("Gemm", "y W B", "y")], "must be"),
        ([node("Tanh", "x", "y")], "no layer with parameters"),
        ([node("x", "x", "y", domain="backprop")], "no such function"),
    ],
)
def test_what_is_no_chain_of_layers_is_refused_by_name(nodes: list[Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_onnx(model(*nodes, W=W, B=B, V=V, C=C), MOST)


def _external(found: ModelProto) -> None:
    found.graph.initializer[0].data_location = TensorProto.EXTERNAL
    found.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def _huge(found: ModelProto) -> None:
    found.graph.initializer[0].dims[:] = [2**40, 2**20]


def _lying(found: ModelProto) -> None:
    found.graph.initializer[0].dims[:] = [5, 5]


def _half(found: ModelProto) -> None:
    found.graph.initializer[0].CopyFrom(numpy_helper.from_array(W.astype("f2"), "W"))


def _infinite(found: ModelProto) -> None:
    found.graph.initializer[0].CopyFrom(numpy_helper.from_array(W * np.inf, "W"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_external, "is in a file of its own"),
        (_huge, "must have at most 10,000 parameters"),
        (_lying, "must hold 25 numbers, got 20"),
        (_half, "is FLOAT16"),
        (_infinite, "not finite"),
    ],
)
def test_hostile_tensors_are_refused_before_they_are_read(change: Callable[[ModelProto], None], words: str) -> None:
    found = ModelProto.FromString(model(node("Gemm", "x W B", "y"), W=W, B=B))
    change(found)
    with pytest.raises(Invalid, match=words):
        read_onnx(found.SerializeToString(), MOST)


def test_models_of_very_many_parts_are_refused_at_once() -> None:
    with pytest.raises(Invalid, match="at most 10,000 nodes, got 10,001"):
        read_onnx(model(*[node("Identity", "x", "x")] * 10_001), MOST)
    found = ModelProto.FromString(write_onnx(CASES["activation gelu float32"].exported))
    found.functions.extend([found.functions[-1]] * 256)
    with pytest.raises(Invalid, match="at most 256 functions"):
        read_onnx(found.SerializeToString(), MOST)


@pytest.mark.parametrize("data", [b"", b"\x00", b"not a model", b"\x08\x08", b"\x0a\xff\xff\xff\xff\x0f"])
def test_other_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed, match="no ONNX model"):
        read_onnx(data, MOST)


def test_a_function_that_was_changed_is_refused() -> None:
    found = ModelProto.FromString(write_onnx(CASES["categories, dates and numbers float32"].exported))
    for function in found.functions:
        for text in (function.doc_string.replace("3", "4", 1), "{}", "["):
            changed = ModelProto()
            changed.CopyFrom(found)
            next(each for each in changed.functions if each.name == function.name).doc_string = text
            with pytest.raises(Invalid, match=r"not as this release|of another preprocessing"):
                read_onnx(changed.SerializeToString(), MOST)
    found.functions[-1].node[0].op_type = "Sqrt"
    with pytest.raises(Invalid, match="not as this release of the service writes it"):
        read_onnx(found.SerializeToString(), MOST)


def tensor(**fields: Any) -> Any:
    return TensorProto(**{"name": "W", "dims": [4, 5], "data_type": TensorProto.FLOAT, **fields})


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (tensor(dims=[2**62] * 300_000, raw_data=bytes(80)), "has 300,000 dimensions; at most 8"),
        (tensor(dims=[1] * 80 + [4, 5], raw_data=bytes(80)), "has 82 dimensions; at most 8"),
        (tensor(dims=[0, 2**62, 2**62]), "must have at most 10,000 parameters"),
        (tensor(data_type=TensorProto.DOUBLE, float_data=[1.0] * 20), "must hold 20 numbers, got 0"),
        (tensor(int64_data=[1] * 20), "must hold 20 numbers, got 0"),
        (tensor(raw_data=bytes(3), float_data=[1.0] * 20), "must hold 20 numbers, got 0"),
        (tensor(raw_data=bytes(80), segment=TensorProto.Segment(begin=0, end=1)), "is one segment of a tensor"),
    ],
)
def test_tensors_that_are_not_what_they_say_are_refused_before_they_are_read(sent: Any, words: str) -> None:
    made = ModelProto.FromString(model(node("Gemm", "x W", "y")))
    made.graph.initializer.append(sent)
    with pytest.raises(Invalid, match=words):
        read_onnx(made.SerializeToString(), MOST)


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (node("LeakyRelu", "z", "y", alpha="much"), "its attribute `alpha` must be of type FLOAT"),
        (node("Elu", "z", "y", alpha=[1.0]), "its attribute `alpha` must be of type FLOAT"),
        (node("Selu", "z", "y", gamma=tensor()), "its attribute `gamma` must be of type FLOAT"),
        (node("Softmax", "z", "y", axis="last"), "its attribute `axis` must be of type INT"),
        (node("LayerNormalization", "z B B", "y", epsilon="little"), "its attribute `epsilon` must be of type FLOAT"),
        (helper.make_node("Relu", ["z"], []), "it has no output"),
        (helper.make_node("Constant", [], [], value=tensor()), "the model must have one output"),
    ],
)
def test_nodes_with_other_attributes_than_their_kind_has_are_refused(last: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_onnx(model(node("Gemm", "x W B", "z"), last, W=W, B=B), MOST)
