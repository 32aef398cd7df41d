"""Reads a request of the Open Inference Protocol: JSON, or JSON followed by the bytes of tensors.

`Inference-Header-Content-Length` says how long the JSON is; 0 of it means that the body has the bytes of the one input
alone. Unknown fields and parameters are ignored, as the protocol lets clients send such.
"""

from dataclasses import dataclass, field
from typing import Any

from service.datasets.strict_json import parse_json
from service.definitions.base import is_unicode
from service.definitions.guessing import show
from service.errors import Malformed
from service.inference.tensors import Tensor, from_bytes, from_json, read_datatype, read_shape

HEADER = "Inference-Header-Content-Length"
MOST_DIGITS = 12  # of a length


@dataclass(frozen=True)
class RequestedOutput:
    """An output that a request names. `binary` is None where it says nothing; `classes` is 0 without classification."""

    name: str
    binary: bool | None = None
    classes: int = 0


@dataclass(frozen=True)
class InferenceRequest:
    """A request to infer; `outputs` is empty where it names none, `raw` has the body of one without JSON."""

    id: str | None = None
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[RequestedOutput, ...] = ()
    binary_output: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    raw: bytes | None = None


def header_length(text: str | None, body: int) -> int | None:
    """Return the length of the JSON that the header gives, None without the header; `body` is the body's length."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Malformed(f"{HEADER} must be a whole number of bytes, got {show(text[:40])}")
    if int(text) > body:
        raise Malformed(f"{HEADER} is {int(text):,}, and the unpacked body has {body:,} bytes")
    return int(text)


def read_request(body: bytes, header: str | None) -> InferenceRequest:
    """Return the request of a body, with the text of the header `Inference-Header-Content-Length` or None.

    Raises
    ------
    Malformed
        When a field is not what it must be, or lengths do not agree.
    """
    length = header_length(header, len(body))
    if length == 0:
        return InferenceRequest(raw=body, binary_output=True)
    fields = parse_json(body if length is None else body[:length])
    if not isinstance(fields, dict):
        raise Malformed(f"the body must be a JSON object with `inputs`, got {show(fields)}")
    id, parameters = fields.get("id"), _object(fields, "parameters", "the request")
    if id is not None and not (isinstance(id, str) and is_unicode(id)):
        raise Malformed(f"`id` must be a text, got {show(id)}")
    binary = None if length is None else memoryview(body)[length:]
    return InferenceRequest(
        id=id,
        inputs=_inputs(fields.get("inputs"), binary),
        outputs=_outputs(fields.get("outputs")),
        binary_output=_flag(parameters, "binary_data_output", "the request") or False,
        parameters=parameters,
    )


def _inputs(found: object, binary: memoryview | None) -> tuple[Tensor, ...]:
    """Return the tensors of `inputs`, those with `binary_data_size` from the bytes in their order."""
    if not isinstance(found, list) or not found:
        raise Malformed(
            f"`inputs` must be a list of tensors, each with a name, a shape and a datatype, got {show(found)}"
        )
    tensors, at = dict[str, Tensor](), 0
    for index, described in enumerate(found):
        name = _name(described, f"inputs[{index}]")
        where = f"input {show(name)}"
        if name in tensors:
            raise Malformed(f"{where} is there twice")
        size = _size(described, binary, at, where)
        data = None if size is None or binary is None else binary[at : at + size]
        tensors[name] = _tensor(described, name, data, where)
        at += size or 0
    if binary is not None and at != len(binary):
        raise Malformed(
            f"{len(binary) - at:,} bytes are left behind the tensors: their `binary_data_size` sum to {at:,}"
        )
    return tuple(tensors.values())


def _tensor(described: dict[str, Any], name: str, data: memoryview | None, where: str) -> Tensor:
    datatype, shape = read_datatype(described.get("datatype"), where), read_shape(described.get("shape"), where)
    if "shared_memory_region" in _object(described, "parameters", where):
        raise Malformed(f"{where}: shared memory is not read here; send the tensor in the body")
    if data is None:
        if "data" not in described:
            raise Malformed(f"{where} has neither `data` nor the parameter `binary_data_size`")
        return from_json(name, datatype, shape, described["data"], where)
    if described.get("data") is not None:
        raise Malformed(f"{where} has `data` and the parameter `binary_data_size`; send one of them")
    return from_bytes(name, datatype, shape, data, where)


def _size(described: dict[str, Any], binary: memoryview | None, at: int, where: str) -> int | None:
    """Return how many bytes a tensor has behind the JSON; None for one of JSON."""
    size = _object(described, "parameters", where).get("binary_data_size")
    if size is None:
        return None
    if type(size) is not int or size < 0:
        raise Malformed(f"{where}: `binary_data_size` must be a whole number of at least 0, got {show(size)}")
    if binary is None:
        raise Malformed(f"{where}: `binary_data_size` needs the header {HEADER} with the length of the JSON")
    if size > len(binary) - at:
        raise Malformed(f"{where}: `binary_data_size` is {size:,}, and {len(binary) - at:,} bytes are left in the body")
    return size


def _outputs(found: object) -> tuple[RequestedOutput, ...]:
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Malformed(f"`outputs` must be a list of objects with a name, got {show(found)}")
    outputs = dict[str, RequestedOutput]()
    for index, described in enumerate(found):
        name = _name(described, f"outputs[{index}]")
        where = f"output {show(name)}"
        parameters = _object(described, "parameters", where)
        classes = parameters.get("classification", 0)
        if type(classes) is not int or classes < 0:
            raise Malformed(f"{where}: `classification` must be a whole number of classes, got {show(classes)}")
        if "shared_memory_region" in parameters:
            raise Malformed(f"{where}: shared memory is not written here; ask for `binary_data`")
        if name in outputs:
            raise Malformed(f"{where} is there twice")
        outputs[name] = RequestedOutput(name, _flag(parameters, "binary_data", where), classes)
    return tuple(outputs.values())


def _name(described: object, where: str) -> str:
    name = described.get("name") if isinstance(described, dict) else None
    if not isinstance(name, str) or not name:
        raise Malformed(f"`{where}` must be an object with a `name`, got {show(described)}")
    return name


def _object(fields: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = fields.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(f"{where}: `{name}` must be an object, got {show(found)}")
    return found


def _flag(parameters: dict[str, Any], name: str, where: str) -> bool | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{where}: `{name}` must be true or false, got {show(value)}")
    return value
