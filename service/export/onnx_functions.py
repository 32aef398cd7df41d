"""The functions that an ONNX model brings along: what it computes, each step under the name that it has here.

Their documentation is the JSON of the step's type and settings. `service.export.onnx_reading` makes the function anew
of that and takes it only if it is the same, byte for byte.
"""

import json
from typing import Any

import numpy as np
from onnx import FunctionProto

from service.backprop.activations import Activation
from service.export.onnx_activations import write_activation
from service.export.onnx_nodes import Nodes
from service.export.onnx_types import function
from service.export.subject import PRODUCER, activation_record

DOMAIN = PRODUCER
NORMALIZATIONS = {
    "batch_normalization": ("mean", "variance", "weights", "biases"),
    "layer_normalization": ("weights", "biases"),
}
LAST_AXIS = [1]


def activation_function(name: str, activation: Activation, dtype: np.dtype[Any]) -> FunctionProto:
    """Return the function `A = name(Z)` of an activation."""
    nodes = Nodes(dtype, ["Z", "A"])
    nodes.add("Identity", write_activation(nodes, activation, "Z"), to="A")
    return function(DOMAIN, name, ["Z"], ["A"], nodes.written, documentation(activation_record(activation), dtype))


def normalization_function(name: str, record: dict[str, Any], dtype: np.dtype[Any]) -> FunctionProto:
    """Return the function of a normalization with these settings; parameters and statistics are its inputs."""
    given = NORMALIZATIONS[record["type"]]
    nodes = Nodes(dtype, ["X", "A", *given])
    mean, variance = "mean", "variance"
    if record["type"] == "layer_normalization":
        axis = nodes.constant(LAST_AXIS, np.int64)
        mean = nodes.add("ReduceMean", "X", axis, keepdims=1)
    centred = nodes.add("Sub", "X", mean)
    if record["type"] == "layer_normalization":
        variance = nodes.add("ReduceMean", nodes.add("Mul", centred, centred), axis, keepdims=1)
    deviation = nodes.add("Sqrt", nodes.add("Add", variance, nodes.constant(record["epsilon"])))
    normalised = nodes.add("Div", centred, deviation)
    nodes.add("Add", nodes.add("Mul", normalised, "weights"), "biases", to="A")
    return function(DOMAIN, name, ["X", *given], ["A"], nodes.written, documentation(record, dtype))


def documentation(record: dict[str, Any], dtype: np.dtype[Any]) -> str:
    """Return the text of a function that computes what `record` says, in one precision."""
    return json.dumps({**record, "precision": dtype.name}, sort_keys=True)
