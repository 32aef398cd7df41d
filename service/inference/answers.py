"""Writes the answer to a request to infer: JSON, followed by the bytes of the tensors that were asked for as such."""

from collections.abc import Sequence
from typing import Any

import orjson

from service.inference.outputs import OutputTensor
from service.inference.tensors import LENGTH


def write_answer(
    fields: dict[str, Any], tensors: Sequence[OutputTensor], is_indented: bool = False
) -> tuple[bytes, int | None]:
    """Return the body, and the length of its JSON where bytes follow it; `fields` come before the outputs."""
    described, binary = [], list[bytes]()
    for tensor in tensors:
        entry: dict[str, Any] = {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype.name}
        if tensor.binary:
            data = _bytes_of(tensor)
            entry["parameters"] = {"binary_data_size": len(data)}
            binary.append(data)
        else:
            entry["data"] = tensor.values if isinstance(tensor.values, list) else tensor.values.ravel()
        described.append(entry)
    options = orjson.OPT_SERIALIZE_NUMPY | (orjson.OPT_INDENT_2 if is_indented else 0)
    head = orjson.dumps({**fields, "outputs": described}, option=options)
    if not binary:
        return head + b"\n", None
    return b"".join([head, *binary]), len(head)


def _bytes_of(tensor: OutputTensor) -> bytes:
    if not isinstance(tensor.values, list):
        return tensor.values.astype(tensor.datatype.code, copy=False).tobytes()
    texts = [text.encode() for text in tensor.values]
    return b"".join([part for text in texts for part in (LENGTH.pack(len(text)), text)])
