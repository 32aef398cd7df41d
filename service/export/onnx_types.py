"""The versions of ONNX's operators that are written here, and its numbers for types."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import FunctionProto, NodeProto, OperatorSetIdProto, TensorProto
from onnx.helper import make_function, make_operatorsetid, np_dtype_to_tensor_dtype

IR_VERSION = 8  # the first with functions of a model's own
OPSET, ML_OPSET = 18, 3
ML_DOMAIN = "ai.onnx.ml"
STRING, INT64 = int(TensorProto.STRING), int(TensorProto.INT64)


def element_type(dtype: np.dtype[Any]) -> int:
    """Return ONNX's number of a NumPy type."""
    return int(np_dtype_to_tensor_dtype(dtype))


def opsets(*others: str) -> list[OperatorSetIdProto]:
    """Return the imports of ONNX's operators, of its operators of machine learning, and of `others` in version 1."""
    versions = [("", OPSET), (ML_DOMAIN, ML_OPSET), *((domain, 1) for domain in others)]
    return [make_operatorsetid(domain, version) for domain, version in versions]


def function(
    domain: str, name: str, inputs: Sequence[str], outputs: Sequence[str], nodes: Sequence[NodeProto], text: str
) -> FunctionProto:
    """Return a function of the model's own; `text` is its documentation."""
    made = make_function(domain, name, inputs, outputs, nodes, opsets())
    made.doc_string = text
    return made
