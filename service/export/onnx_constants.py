"""The constant tensors of an ONNX model, each checked before it is read."""

import math

import numpy as np
from onnx import GraphProto, TensorProto
from onnx.helper import get_attribute_value
from onnx.numpy_helper import to_array

from service.errors import Invalid
from service.export.imported import Arrays

WIDTHS: dict[int, int] = {TensorProto.FLOAT: 4, TensorProto.DOUBLE: 8, TensorProto.INT64: 8}


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
        if node.op_type == "Constant" and not node.domain:
            values = {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
            if isinstance(values.get("value"), TensorProto):
                tensors[node.output[0]] = values["value"]
    count = sum(math.prod(tensor.dims) for tensor in tensors.values())
    if count > max_parameters:
        raise Invalid(f"the model must have at most {max_parameters:,} parameters, got {count:,}")
    return {name: _array(name, tensor) for name, tensor in tensors.items()}


def _array(name: str, tensor: TensorProto) -> np.ndarray:
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise Invalid(
            f"initializer `{name}` is in a file of its own; save the model with its data inside: "
            "onnx.save(model, file, save_as_external_data=False)"
        )
    width = WIDTHS.get(tensor.data_type)
    if width is None:
        kind = TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in TensorProto.DataType.values() else "?"
        raise Invalid(f"initializer `{name}` is {kind}; parameters are FLOAT or DOUBLE here")
    if any(length < 0 for length in tensor.dims):
        raise Invalid(f"initializer `{name}` has a length below 0")
    entries = math.prod(tensor.dims)
    stored = len(tensor.raw_data) // width
    stored = stored or len(tensor.float_data) or len(tensor.double_data) or len(tensor.int64_data)
    if stored != entries or len(tensor.raw_data) % width:
        raise Invalid(f"initializer `{name}` must hold {entries:,} numbers, got {stored:,}")
    array: np.ndarray = to_array(tensor)
    return array
