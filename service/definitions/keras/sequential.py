"""Reads a Sequential model as a network's record: inputs, layers, and training from regularizers and `compile()`."""

import math
import re
from typing import Any

from service.definitions.base import NAME_PATTERN
from service.definitions.keras.compiled import read_compiled
from service.definitions.keras.document import KerasSequential
from service.definitions.keras.layers import LAYERS, SHARED, Tree
from service.definitions.keras.pieces import Piece, Places, Refused, failed, settle
from service.definitions.validation import show

SHAPES = ("batch_shape", "batch_input_shape")
MADE_UP = r"sequential(_\d+)?"  # a name that Keras generated


def read_sequential(data: Any) -> tuple[Tree, Places]:
    """Return the unvalidated record of a network, and the locations in `data` of its parts.

    Raises
    ------
    pydantic.ValidationError
        With locations in `data`.
    """
    KerasSequential.model_validate(data)
    document = Piece(data)
    refused: list[Refused] = []
    tree = _read(document, refused)
    if refused:
        raise failed(KerasSequential.__name__, refused)
    return settle(tree)


def _read(document: Piece, refused: list[Refused]) -> Tree:
    config = document["config"]
    tree: Tree = {"name": _name(document), "layers": config["layers"].with_value([])}
    training: Tree = {}
    try:
        pieces, inputs = _inputs(config)
        tree |= inputs
    except Refused as fault:
        refused.append(fault)
        pieces = list(config["layers"])
    for piece in pieces:
        try:
            tree["layers"].value.extend(_layer(piece))
        except Refused as fault:
            refused.append(fault)
    for read in (_of_weights, _of_compile):
        try:
            training |= read(document)
        except Refused as fault:
            refused.append(fault)
    if not tree["layers"].value and not refused:
        refused.append(Refused(config["layers"].at, "must hold at least one layer with an output of its own", None))
    return tree | ({"training": training} if training else {})


def _name(document: Piece) -> Piece:
    """Return the name sent along, or the model's own unless Keras generated it or it is not valid here."""
    own = document["config"]["name"]
    if document["name"].is_there or not own.is_there:
        return document["name"]
    is_name = re.fullmatch(NAME_PATTERN, own.value) and not re.fullmatch(MADE_UP, own.value)
    return own if is_name else document["name"]


def _inputs(config: Piece) -> tuple[list[Piece], Tree]:
    """Return the layers that compute, and `inputs` as far as it is given."""
    pieces = list(config["layers"])
    shape = _shape(pieces[0]["config"])
    if pieces[0]["class_name"].value == "InputLayer":
        pieces = pieces[1:]
    if shape is None:
        shape = config["build_input_shape"]
    if not shape.is_there:
        return pieces, {}
    sizes = shape.value[1:] if isinstance(shape.value, list) else []
    if not sizes or not all(isinstance(size, int) or size is None for size in sizes):
        shape.refuse(f"must be [null, inputs], got {show(shape.value)}")
    if len(sizes) > 1 and not (pieces and pieces[0]["class_name"].value == "Flatten"):
        shape.refuse(f"must have one dimension unless a Flatten layer comes next, got {show(shape.value)}")
    return pieces, {} if None in sizes else {"inputs": shape.with_value(math.prod(sizes))}


def _shape(config: Piece) -> Piece | None:
    return next((config[key] for key in SHAPES if config[key].is_there), None)


def _layer(piece: Piece) -> list[Piece]:
    """Return this service's layers for one of Keras's; none for Flatten, as rows are flat here."""
    name, config = piece["class_name"], piece["config"]
    config["trainable"].must_be(True, why="every layer is trained here")
    if name.value == "Flatten":
        config.nothing_but(*SHARED, "data_format")
        config["data_format"].must_be("channels_last")
        return []
    read = name.choose({**LAYERS, "Flatten": None, "InputLayer": None}, "layer")
    if read is None:
        name.refuse("must be the first layer")
    return [config.with_value(read(config))]


def _of_compile(document: Piece) -> Tree:
    compiled = document["compile_config"]
    return read_compiled(compiled) if compiled.is_there else {}


def _of_weights(document: Piece) -> Tree:
    """Return penalties and bounds of the weights, which have to be the same for all dense layers."""
    layers = [layer["config"] for layer in document["config"]["layers"] if layer["class_name"].value == "Dense"]
    found: Tree = {}
    for key, read in (("kernel_regularizer", _penalties), ("kernel_constraint", _max_norm)):
        said = [(layer[key], read(layer[key])) for layer in layers]
        for piece, value in said:
            if value != said[0][1]:
                piece.refuse("must be the same for all Dense layers, as one setting holds for all of them here")
        if said and said[0][1]:
            found |= {ours: said[0][0].with_value(value) for ours, value in said[0][1].items()}
    return {"regularization": found} if found else {}


def _penalties(piece: Piece) -> dict[str, float]:
    """Double l2: Keras adds l2 times the sum of squares to the loss, this service half of it."""
    if not piece.is_there:
        return {}
    name, config = piece.named()
    defaults = name.choose({"L1": (0.01, 0.0), "L2": (0.0, 0.01), "L1L2": (0.0, 0.0)}, "regularizer")
    config.nothing_but("l1", "l2")
    l1, l2 = (config.get(key, default).number() for key, default in zip(("l1", "l2"), defaults, strict=True))
    return {"l1": l1, "l2": 2.0 * l2}


def _max_norm(piece: Piece) -> dict[str, float]:
    if not piece.is_there:
        return {}
    name, config = piece.named()
    name.choose({"MaxNorm": None}, "constraint")
    config.nothing_but("max_value", "axis")
    config["axis"].must_be(0, [0], why="the weights that lead into one unit are what is bounded here")
    return {"max_norm": config.get("max_value", 2).number()}
