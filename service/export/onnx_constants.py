"""The constant tensors of an ONNX model, each checked before it is read."""

import math

import numpy as np
from onnx import AttributeProto, GraphProto, TensorProto
from onnx.numpy_helper import to_array

from service.errors import Invalid
from service.export.imported import Arrays

# by the type of a tensor: the bytes of a number, and the field that holds numbers which are no `raw_data`
KINDS: dict[int, tuple[int, str]] = {
    TensorProto.FLOAT: (4, "float_data"),
    TensorProto.DOUBLE: (8, "double_data"),
    TensorProto.INT64: (8, "int64_data"),
}
MOST_DIMENSIONS = 8  # the product of many lengths is a number whose computation takes minutes


def constants_of(graph: GraphProto, max_parameters: int) -> Arrays:
    """Return the initializers and the Constant nodes of a graph by name.

    Raises
    ------
    Invalid
        When a tensor is in another file, of another type than float32, float64 and int64, damaged, or too large.
    """
    if graph.sparse_initializer:
        raise Invalid("the model has sparse initializers; store them as dense ones")
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and not node.domain and node.output:
            for attribute in node.attribute:
                if attribute.name == "value" and attribute.type == AttributeProto.TENSOR:
                    tensors[node.output[0]] = attribute.t
    count = sum(_entries(name, tensor) for name, tensor in tensors.items())
    if count > max_parameters:
        raise Invalid(f"the model must have at most {max_parameters:,} parameters, got {count:,}")
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _entries(name: str, tensor: TensorProto) -> int:
    """Return how many numbers the lengths of a tensor stand for."""
    if len(tensor.dims) > MOST_DIMENSIONS:
        raise _refused(name, f"has {len(tensor.dims):,} dimensions; at most {MOST_DIMENSIONS} are taken")
    if any(length < 0 for length in tensor.dims):
        raise _refused(name, "has a length below 0")
    return math.prod(max(1, length) for length in tensor.dims)  # an empty one with a large length counts, too


def _array(name: str, tensor: TensorProto) -> np.ndarray:
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise _refused(
            name,
            "is in a file of its own; save the model with its data inside: "
            "onnx.save(model, file, save_as_external_data=False)",
        )
    if tensor.HasField("segment"):
        raise _refused(name, "is one segment of a tensor; store it whole")
    if tensor.data_type not in KINDS:
        kind = TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in TensorProto.DataType.values() else "?"
        raise _refused(name, f"is {kind}; parameters are FLOAT or DOUBLE here")
    width, field = KINDS[tensor.data_type]
    entries, raw = math.prod(tensor.dims), tensor.HasField("raw_data")
    stored = len(tensor.raw_data) // width if raw else len(getattr(tensor, field))
    if stored != entries or (raw and len(tensor.raw_data) % width):
        raise _refused(name, f"must hold {entries:,} numbers, got {stored:,}")
    array: np.ndarray = to_array(tensor)
    return array


def _refused(name: str, why: str) -> Invalid:
    return Invalid(f"initializer `{name[:80]}` {why}")
