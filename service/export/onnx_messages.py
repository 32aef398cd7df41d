"""The messages of an ONNX model by the numbers of their fields in `onnx.proto`, written with `service.export.protobuf`.

The numbers never change; https://github.com/onnx/onnx/blob/main/onnx/onnx.proto lists them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.export.protobuf import chunk, number, real

IR_VERSION = 8  # the first with functions of a model's own
OPSET, ML_OPSET = 18, 3
ML_DOMAIN = "ai.onnx.ml"
FLOAT, INT64, STRING, BOOL, DOUBLE = 1, 7, 8, 9, 11  # of TensorProto.DataType
TYPES: dict[str, int] = {"float32": FLOAT, "float64": DOUBLE, "int64": INT64, "bool": BOOL}
OF_FLOAT, OF_INT, OF_STRING, OF_TENSOR, OF_INTS, OF_STRINGS = 1, 2, 3, 4, 7, 8  # of AttributeProto.AttributeType


def element_type(dtype: np.dtype[Any]) -> int:
    """Return ONNX's number of a NumPy type."""
    return TYPES[dtype.name]


def tensor(array: NDArray[Any] | Sequence[str], name: str = "") -> bytes:
    """Write a tensor: numbers of any shape, or a list of texts."""
    if not isinstance(array, np.ndarray):
        texts = b"".join(chunk(6, text) for text in array)
        return number(1, len(array)) + number(2, STRING) + texts + chunk(8, name)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    dims = b"".join(number(1, length) for length in array.shape)
    return b"".join((dims, number(2, element_type(array.dtype)), chunk(8, name), chunk(9, little.tobytes())))


def attribute(name: str, value: Any) -> bytes:
    """Write an attribute of a node: a number, a text, a list of texts or whole numbers, or an array."""
    if isinstance(value, np.ndarray):
        return chunk(1, name) + chunk(5, tensor(value)) + number(20, OF_TENSOR)
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], str):
            return chunk(1, name) + b"".join(chunk(9, text) for text in value) + number(20, OF_STRINGS)
        return chunk(1, name) + b"".join(number(8, entry) for entry in value) + number(20, OF_INTS)
    if isinstance(value, str):
        return chunk(1, name) + chunk(4, value) + number(20, OF_STRING)
    if isinstance(value, float):
        return chunk(1, name) + real(2, value) + number(20, OF_FLOAT)
    return chunk(1, name) + number(3, value) + number(20, OF_INT)


def node(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any], domain: str = ""
) -> bytes:
    """Write a node, named after its first output."""
    return b"".join(
        (
            *(chunk(1, name) for name in inputs),
            *(chunk(2, name) for name in outputs),
            chunk(3, outputs[0]),
            chunk(4, operator),
            *(chunk(5, attribute(name, value)) for name, value in attributes.items()),
            chunk(7, domain) if domain else b"",
        )
    )


def value_info(name: str, kind: int, columns: int | None, text: str = "") -> bytes:
    """Describe an input or an output: rows alone, or rows of `columns` entries. The number of rows is open."""
    dims = [chunk(1, chunk(2, "rows"))] + ([] if columns is None else [chunk(1, number(1, columns))])
    of_tensor = number(1, kind) + chunk(2, b"".join(dims))
    return chunk(1, name) + chunk(2, chunk(1, of_tensor)) + (chunk(3, text) if text else b"")


def opsets(*others: str) -> list[bytes]:
    """Return the imports of ONNX's operators, of its operators of machine learning, and of `others` in version 1."""
    versions = [("", OPSET), (ML_DOMAIN, ML_OPSET), *((domain, 1) for domain in others)]
    return [chunk(1, domain) + number(2, version) for domain, version in versions]


def function(
    domain: str, name: str, inputs: Sequence[str], outputs: Sequence[str], nodes: Sequence[bytes], text: str
) -> bytes:
    """Write a function of the model's own; `text` is its documentation."""
    return b"".join(
        (
            chunk(1, name),
            *(chunk(4, each) for each in inputs),
            *(chunk(5, each) for each in outputs),
            *(chunk(7, each) for each in nodes),
            chunk(8, text),
            *(chunk(9, each) for each in opsets()),
            chunk(10, domain),
        )
    )


def graph(
    name: str, nodes: Sequence[bytes], initializers: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    """Write a graph of its parts."""
    return b"".join(
        (
            *(chunk(1, each) for each in nodes),
            chunk(2, name),
            *(chunk(5, each) for each in initializers),
            *(chunk(11, each) for each in inputs),
            *(chunk(12, each) for each in outputs),
        )
    )


def model(
    producer: tuple[str, str],
    of_graph: bytes,
    functions: Sequence[bytes],
    text: str,
    metadata: Mapping[str, str],
    domain: str,
) -> bytes:
    """Write a model; `domain` is that of its own functions."""
    return b"".join(
        (
            number(1, IR_VERSION),
            chunk(2, producer[0]),
            chunk(3, producer[1]),
            chunk(6, text),
            chunk(7, of_graph),
            *(chunk(8, each) for each in opsets(domain)),
            *(chunk(14, chunk(1, key) + chunk(2, value)) for key, value in metadata.items()),
            *(chunk(25, each) for each in functions),
        )
    )
