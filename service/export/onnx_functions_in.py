"""Functions of an ONNX model that this service has written: taken only where they are what their documentation says."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from onnx import FunctionProto, ModelProto

from service.backprop.activations import ACTIVATIONS
from service.definitions.choices import build
from service.errors import Invalid
from service.export.onnx_functions import DOMAIN, NORMALIZATIONS, activation_function, normalization_function
from service.export.onnx_preprocessing import input_function, output_function
from service.export.stored_fitted import checked_preprocessing
from service.preprocessing.fit import Preprocessing


@dataclass(frozen=True)
class OwnFunction:
    """What a function computes: an activation or a normalization by its record, or preprocessing or the answer."""

    record: dict[str, Any]
    preprocessing: Preprocessing | None = None


def own_functions(model: ModelProto) -> dict[str, OwnFunction]:
    """Return this service's functions in a model by name; raise `Invalid` for one that was changed."""
    return {function.name: _read(function) for function in model.functions if function.domain == DOMAIN}


def _read(function: FunctionProto) -> OwnFunction:
    try:
        record = json.loads(function.doc_string, parse_constant=_refuse)
        dtype = np.dtype({"float32": np.float32, "float64": np.float64}[record.pop("precision")])
        own, made = _remade(function.name, record, dtype)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise _changed(function) from None
    if made.SerializeToString(deterministic=True) != function.SerializeToString(deterministic=True):
        raise _changed(function)
    return own


def _remade(name: str, record: dict[str, Any], dtype: np.dtype[Any]) -> tuple[OwnFunction, FunctionProto]:
    """Return what a record says, and the function that this service writes for it."""
    kind = record["type"]
    if kind == "preprocessing":
        fitted = checked_preprocessing({key: value for key, value in record.items() if key != "type"})
        write = input_function if name == "preprocessing" else output_function
        return OwnFunction(record, fitted), write(fitted, dtype)
    if kind in NORMALIZATIONS:
        return OwnFunction(record), normalization_function(name, record, dtype)
    return OwnFunction(record), activation_function(name, build(ACTIVATIONS, record), dtype)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _changed(function: FunctionProto) -> Invalid:
    return Invalid(
        f"function `{function.name[:80]}` is not as this release of the service writes it; export the model again, or "
        "send its parameters as safetensors with `?network=`"
    )
