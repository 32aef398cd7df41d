"""Writes a trained network as an ONNX model: preprocessing, layers, and what the outputs mean.

The graph reads like the network: `preprocessing`, then for each layer Gemm and its activation, then `answer`. A model
of numbers has one input (rows, columns), any other one input for each column. `predictions` is the first output; of
classes `labels` is the second.
"""

import json
from typing import Any

from onnx import TensorProto, ValueInfoProto
from onnx.helper import make_graph, make_model, make_tensor_value_info, set_model_props
from onnx.numpy_helper import from_array

from service import __version__
from service.backprop.activations import Activation
from service.backprop.network import PlacedLayer
from service.export.onnx_activations import OPERATORS
from service.export.onnx_functions import DOMAIN, NORMALIZATIONS, activation_function, normalization_function
from service.export.onnx_nodes import Nodes
from service.export.onnx_preprocessing import Port, input_function, input_ports, output_function, output_ports
from service.export.onnx_types import IR_VERSION, opsets
from service.export.subject import PRODUCER, ExportedNetwork, activation_record, layer_record

STATISTICS = {"mean": "running_mean", "variance": "running_variance"}  # names of a function's inputs, and ours
NO_OPERATION = ("dropout",)  # outside of training


class _Writer:
    """The nodes, initializers and functions of one model; each is written once."""

    def __init__(self, exported: ExportedNetwork) -> None:
        self.preprocessing, self.network = exported.preprocessing, exported.network
        self.dtype = exported.network.dtype
        self.inputs = input_ports(self.preprocessing, self.dtype)
        self.outputs = output_ports(self.preprocessing, self.dtype)
        self.nodes = Nodes(self.dtype, [port.name for port in (*self.inputs, *self.outputs)])
        self.initializers: list[TensorProto] = []
        self.functions = [
            input_function(self.preprocessing, self.dtype),
            output_function(self.preprocessing, self.dtype),
        ]
        self._names: dict[str, str] = {}  # of functions, by their settings

    def write(self) -> None:
        """Add all nodes, from the inputs to the outputs."""
        X = self.nodes.name("X")
        self.nodes.add("preprocessing", *(port.name for port in self.inputs), to=X, domain=DOMAIN)
        A = X
        for placed in self.network.layers:
            A = self._layer(placed, A)
        self.nodes.add_many("answer", [A], [port.name for port in self.outputs], domain=DOMAIN)

    def _layer(self, placed: PlacedLayer, A: str) -> str:
        """Add one layer; return the name of its outputs."""
        kind = placed.layer.name
        if kind in NO_OPERATION:
            return A
        if kind in NORMALIZATIONS:
            record = layer_record(placed.layer)
            name = self._function(record, lambda name: normalization_function(name, record, self.dtype))
            given = (self._parameter(placed, STATISTICS.get(each, each)) for each in NORMALIZATIONS[kind])
            return self.nodes.add(name, A, *given, to=self.nodes.name(f"layers.{placed.index}.A"), domain=DOMAIN)
        Z = A
        if kind == "dense":
            parameters = (self._parameter(placed, name) for name in placed.shapes)
            Z = self.nodes.add("Gemm", A, *parameters, to=self.nodes.name(f"layers.{placed.index}.Z"))
        activation = placed.layer.last_activation()
        assert activation is not None
        return self._activation(activation, Z, f"layers.{placed.index}.A")

    def _activation(self, activation: Activation, Z: str, output: str) -> str:
        if activation.name == "linear":
            return Z
        if activation.name in OPERATORS:
            return self.nodes.add(OPERATORS[activation.name], Z, to=self.nodes.name(output))
        record = activation_record(activation)
        name = self._function(record, lambda name: activation_function(name, activation, self.dtype))
        return self.nodes.add(name, Z, to=self.nodes.name(output), domain=DOMAIN)

    def _function(self, record: dict[str, Any], write: Any) -> str:
        """Return the name of the function with these settings; write it when it is met first."""
        key = json.dumps(record, sort_keys=True)
        if key not in self._names:
            alike = sum(json.loads(other)["type"] == record["type"] for other in self._names)
            self._names[key] = record["type"] if not alike else f"{record['type']}_{alike + 1}"
            self.functions.append(write(self._names[key]))
        return self._names[key]

    def _parameter(self, placed: PlacedLayer, name: str) -> str:
        unique = self.nodes.name(f"layers.{placed.index}.{name}")
        self.initializers.append(from_array(placed.values[name], unique))
        return unique


def write_onnx(exported: ExportedNetwork) -> bytes:
    """Return the model's bytes."""
    writer = _Writer(exported)
    writer.write()
    graph = make_graph(
        writer.nodes.written,
        exported.name,
        [_value_info(port) for port in writer.inputs],
        [_value_info(port) for port in writer.outputs],
        writer.initializers,
    )
    model = make_model(
        graph,
        functions=writer.functions,
        opset_imports=opsets(DOMAIN),
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
        producer_version=__version__,
        doc_string=exported.sentence,
    )
    # what was fitted is the documentation of the function `preprocessing`
    metadata = {key: value for key, value in exported.metadata().items() if key != "preprocessing"}
    set_model_props(
        model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _value_info(port: Port) -> ValueInfoProto:
    """Describe an input or output; the number of rows is open."""
    return make_tensor_value_info(port.name, port.kind, ["rows"] if port.columns is None else ["rows", port.columns])
