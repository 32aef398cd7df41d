"""Reads an ONNX model of a feedforward network: a chain of Gemm or MatMul and Add, activations and normalizations.

Anything else is refused by the name of its node, with the way out.
"""

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto
from onnx.helper import get_attribute_value

from service.errors import Invalid, Malformed
from service.export.imported import Arrays, Imported, ReadLayer, imported
from service.export.onnx_constants import constants_of
from service.export.onnx_functions import DOMAIN, NORMALIZATIONS
from service.export.onnx_functions_in import OwnFunction, own_functions
from service.export.onnx_writing import STATISTICS
from service.preprocessing.fit import Preprocessing

SELU = {"alpha": 1.67326, "gamma": 1.0507}
ACTIVATIONS: dict[str, str] = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Softmax": "softmax",
}
NO_OPERATION = ("Identity", "Dropout", "Flatten", "Constant")
WAYS_OUT = {
    "ArgMax": "end the model with the outputs of its last layer",
    "ZipMap": "convert with the option zipmap=False, and end the model with the probabilities",
    "Cast": "let inputs and parameters have one type",
    "Reshape": "export a model whose input is (rows, inputs)",
    "Erf": "export with opset 20, in which gelu is one node",
}
ATTRIBUTES = {
    **dict.fromkeys(("alpha", "beta", "epsilon", "gamma"), AttributeProto.FLOAT),
    **dict.fromkeys(("axis", "transA", "transB"), AttributeProto.INT),
    "approximate": AttributeProto.STRING,
}
MOST_NODES, MOST_FUNCTIONS = 10_000, 256  # each function is made anew for comparison
DENSE_ONLY = "only dense networks are read: Gemm, MatMul and Add, activations and normalizations"


def read_onnx(data: bytes, max_parameters: int) -> Imported:
    """Return the network of a model.

    Raises
    ------
    Malformed
        When the bytes are no ONNX model.
    Invalid
        When the model is no chain of layers that this service has.
    """
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise Malformed("the body is no ONNX model") from None
    if not model.graph.node:
        raise Malformed("the body is no ONNX model: it has no nodes")
    for noun, most, found in (
        ("nodes", MOST_NODES, len(model.graph.node)),
        ("functions", MOST_FUNCTIONS, len(model.functions)),
    ):
        if found > most:
            raise Invalid(f"the model must have at most {most:,} {noun}, got {found:,}")
    reader = _Chain(model.graph, constants_of(model.graph, max_parameters), own_functions(model))
    for node in model.graph.node:
        reader.read(node)
    return reader.finished(max_parameters)


class _Chain:
    """The layers of a graph, read from its input on; `value` is the name of what the last node has computed."""

    def __init__(self, graph: GraphProto, constants: Arrays, functions: dict[str, OwnFunction]) -> None:
        self.graph, self.constants, self.functions = graph, constants, functions
        self.layers: list[ReadLayer] = []
        self.preprocessing: Preprocessing | None = None
        given = [each for each in graph.input if each.name not in constants]
        self.inputs = {each.name for each in given}
        self.value, self.width = "", 0
        if len(given) == 1:
            shape = given[0].type.tensor_type.shape.dim
            self.value, self.width = given[0].name, shape[1].dim_value if len(shape) == 2 else 0
        self.answered = False

    def read(self, node: NodeProto) -> None:
        """Read one node, which has to take the value of the one before."""
        if node.op_type == "Constant":
            return
        if self.answered:
            raise _refused(node, "nothing may follow the outputs")
        if not node.output:
            raise _refused(node, "it has no output")
        if node.domain == DOMAIN:
            self._own(node)
        else:
            self._follows(node)
            self._operator(node)
        self.value = node.output[0]

    def finished(self, max_parameters: int) -> Imported:
        """Return the network, once the graph's outputs are what the last node has computed."""
        outputs = [each.name for each in self.graph.output]
        if not self.answered and outputs != [self.value]:
            raise Invalid(f"the model must have one output, that of its last node `{self.value[:80]}`")
        return imported(self._width(), self.layers, max_parameters, self.preprocessing)

    def _width(self) -> int:
        """Return the number of inputs: the rows of the first weights, or as the graph's input says."""
        for layer in self.layers:
            if layer.arrays:
                return len(layer.arrays["weights"])
            if layer.record["type"] != "activation":
                break
        return self.width

    def _follows(self, node: NodeProto) -> None:
        first = [name for name in node.input if name not in self.constants and name]
        if first != [self.value]:
            raise _refused(node, "it does not follow from the node before it alone")

    def _operator(self, node: NodeProto) -> None:
        kind = node.op_type
        if kind in NO_OPERATION:
            return
        settings = _settings(node)
        if kind == "Gemm":
            self._gemm(node, settings)
        elif kind == "MatMul":
            weights = self._constant(node, 1, 2)
            self.layers.append(_dense(weights, np.zeros(weights.shape[1], weights.dtype)))
        elif kind == "Add":
            self._add(node)
        elif kind in ACTIVATIONS:
            self._activation(node, _activation_of(node, settings))
        elif kind == "BatchNormalization":
            names = ("weights", "biases", "running_mean", "running_variance")
            arrays = {name: self._constant(node, index, 1) for index, name in enumerate(names, 1)}
            self.layers.append(ReadLayer(_normalization("batch_normalization", settings), arrays))
        elif kind == "LayerNormalization" and settings.get("axis", -1) in (-1, 1):
            arrays = {name: self._constant(node, index, 1) for index, name in enumerate(("weights", "biases"), 1)}
            self.layers.append(ReadLayer(_normalization("layer_normalization", settings), arrays))
        else:
            raise _refused(node, WAYS_OUT.get(kind, DENSE_ONLY))

    def _gemm(self, node: NodeProto, settings: dict[str, Any]) -> None:
        if settings.get("alpha", 1.0) != 1.0 or settings.get("beta", 1.0) != 1.0 or settings.get("transA", 0):
            raise _refused(node, "alpha and beta must be 1, and transA 0")
        weights = self._constant(node, 1, 2)
        weights = weights.T if settings.get("transB", 0) else weights
        has_biases = len(node.input) > 2 and node.input[2]
        biases = self._constant(node, 2, 1) if has_biases else np.zeros(weights.shape[1], weights.dtype)
        self.layers.append(_dense(weights, biases))

    def _add(self, node: NodeProto) -> None:
        """Take an addition as the biases of the product before it."""
        last = self.layers[-1] if self.layers else None
        biases = self._constant(node, 0 if node.input[0] in self.constants else 1, 1)
        if last is None or not _is_linear(last) or last.arrays["biases"].any():
            raise _refused(node, "an addition goes with a MatMul before it")
        last.arrays["biases"] = biases

    def _activation(self, node: NodeProto, record: dict[str, Any]) -> None:
        """Make an activation that of the dense layer before it, or a layer of its own."""
        if self.layers and _is_linear(self.layers[-1]):
            self.layers[-1].record["activation"] = record
        else:
            self.layers.append(ReadLayer({"type": "activation", "activation": record}))

    def _own(self, node: NodeProto) -> None:
        """Read a call of a function that this service has written."""
        function = self.functions.get(node.op_type)
        if function is None:
            raise _refused(node, f"the model has no such function in the domain `{DOMAIN}`")
        if function.preprocessing is not None:
            self._columns(node, function.preprocessing)
            return
        self._follows(node)
        kind = function.record["type"]
        if kind in NORMALIZATIONS:
            names = [STATISTICS.get(name, name) for name in NORMALIZATIONS[kind]]
            arrays = {name: self._constant(node, index, 1) for index, name in enumerate(names, 1)}
            self.layers.append(ReadLayer(dict(function.record), arrays))
        else:
            self._activation(node, function.record)

    def _columns(self, node: NodeProto, fitted: Preprocessing) -> None:
        """Read the node that makes inputs of columns, or the one that makes answers of outputs."""
        if self.preprocessing is not None and fitted != self.preprocessing:
            raise _refused(node, "it is of another preprocessing than the first node")
        self.preprocessing = fitted
        if node.op_type == "preprocessing":
            if self.layers or set(node.input) != self.inputs:
                raise _refused(node, "it has to come first, with all inputs of the model")
            return
        self._follows(node)
        self.answered = True

    def _constant(self, node: NodeProto, index: int, dimensions: int) -> NDArray[Any]:
        name = node.input[index] if index < len(node.input) else ""
        if name not in self.constants:
            raise _refused(node, f"its input {index} must be an initializer")
        array = self.constants[name]
        if dimensions == 1 and array.ndim == 2 and len(array) == 1:
            array = array[0]
        if array.ndim != dimensions:
            raise _refused(node, f"its input {index} must have {dimensions} dimension(s), got {array.ndim}")
        return array


def _dense(weights: NDArray[Any], biases: NDArray[Any]) -> ReadLayer:
    record = {"type": "dense", "units": weights.shape[1], "activation": {"type": "linear"}}
    return ReadLayer(record, {"weights": weights, "biases": biases})


def _is_linear(layer: ReadLayer) -> bool:
    linear: bool = layer.record["type"] == "dense" and layer.record["activation"] == {"type": "linear"}
    return linear


def _normalization(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "epsilon": decimal_of(settings.get("epsilon", 1e-5))}


def _settings(node: NodeProto) -> dict[str, Any]:
    """Return the attributes that are looked at here, each of which must have its type."""
    known = [attribute for attribute in node.attribute if attribute.name in ATTRIBUTES]
    for attribute in known:
        if attribute.type != ATTRIBUTES[attribute.name] or attribute.ref_attr_name:
            kind = AttributeProto.AttributeType.Name(ATTRIBUTES[attribute.name])
            raise _refused(node, f"its attribute `{attribute.name}` must be of type {kind}")
    return {attribute.name: get_attribute_value(attribute) for attribute in known}


def _activation_of(node: NodeProto, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an activation that is one of ONNX's operators."""
    kind = node.op_type
    record: dict[str, Any] = {"type": ACTIVATIONS[kind]}
    if kind == "LeakyRelu":
        record["slope"] = decimal_of(settings.get("alpha", 0.01))
    elif kind == "Elu":
        record["alpha"] = decimal_of(settings.get("alpha", 1.0))
    elif kind == "Softmax" and settings.get("axis", -1) not in (1, -1):
        raise _refused(node, "its axis must be the last")
    elif kind == "Gelu" and settings.get("approximate", b"none") != b"none":
        raise _refused(node, "gelu is exact here, not approximated")
    elif kind == "Selu" and any(abs(settings.get(name, value) - value) > 1e-4 for name, value in SELU.items()):
        raise _refused(node, "its constants must be those of the paper")
    return record


def decimal_of(value: float) -> float:
    """Return the decimal number that was rounded to a float32: 0.01 for 0.009999999776482582."""
    return float(str(np.float32(value)))


def _refused(node: NodeProto, why: str) -> Invalid:
    name = node.name or (node.output[0] if node.output else "")
    return Invalid(f"node `{name[:80]}` ({node.op_type[:40]}) cannot be read: {why}")
