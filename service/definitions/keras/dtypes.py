"""Reads the types of numbers that Keras's layers compute in: all in float32, or all in float64."""

from collections.abc import Sequence
from typing import Any

from service.definitions.guessing import show
from service.definitions.keras.pieces import Piece

POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1")
PRECISIONS = ("float32", "float64")


def read_precision(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Return the training's `precision` where the layers compute in float64; refuse what is neither that nor float32.

    Of layers with the same mistake the first is reported.
    """
    computing = [piece["config"]["dtype"] for piece in pieces if piece["class_name"].value != "InputLayer"]
    found = [(dtype, precision_of(dtype)) for dtype in computing if dtype.is_there]
    for dtype, precision in found:
        if precision != found[0][1]:
            dtype.refuse(f"must be {found[0][1]} as in the layer before: a job has one precision")
    return {"precision": found[0][0].with_value("float64")} if found and found[0][1] == "float64" else {}


def precision_of(dtype: Piece) -> str:
    """Return `float32` or `float64` for a type's name or a policy of Keras, in any of their forms."""
    name = dtype
    if isinstance(dtype.value, dict):
        kind, config = dtype.named()
        if kind.value not in POLICIES:
            dtype.refuse(f"must be float32 or float64, got {show(kind.value)}: quantized layers are not supported here")
        name = config["name"]
    if name.value not in PRECISIONS:
        shown = show(name.value) if name.is_there else "no name"
        dtype.refuse(f"must be float32 or float64, got {shown}: there is no mixed or lower precision here")
    return str(name.value)
