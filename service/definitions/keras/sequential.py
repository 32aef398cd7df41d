"""Reads a Sequential model as a network's record: inputs, layers, and training from regularizers and `compile()`."""

import re
from typing import Any

from service.definitions.base import NAME_PATTERN
from service.definitions.keras.compiled import read_compiled
from service.definitions.keras.document import KerasSequential
from service.definitions.keras.dtypes import read_precision
from service.definitions.keras.inputs import input_layer, read_inputs
from service.definitions.keras.layers import LAYERS, Tree, layer_of
from service.definitions.keras.pieces import Piece, Places, Refused, failed, settle

MADE_UP = r"sequential(_\d+)?"  # a name that Keras generated


def read_sequential(data: Any) -> tuple[Tree, Places]:
    """Return the unvalidated record of a network, and the locations in `data` of its parts.

    Raises
    ------
    pydantic.ValidationError
        With locations in `data`.
    """
    KerasSequential.model_validate(data)
    refused: list[Refused] = []
    tree = _read(Piece(data), refused)
    if refused:
        raise failed(KerasSequential.__name__, refused)
    return settle(tree)


def _read(document: Piece, refused: list[Refused]) -> Tree:
    listed = layers_of(document)
    layers: list[Any] = []
    tree: Tree = {"name": _name(document), "layers": listed.with_value(layers)}
    training: Tree = {}
    pieces = list(listed)
    for read in (input_layer, read_inputs):
        try:
            tree |= read(document["config"], pieces)
        except Refused as fault:
            refused.append(fault)
    for index, piece in enumerate(pieces):
        try:
            layers.extend(_layer(piece, index))
        except Refused as fault:
            refused.append(fault)
    for settings in (_of_weights, read_precision):
        try:
            training |= settings(pieces)
        except Refused as fault:
            refused.append(fault)
    for more in (_of_compile, _of_model):
        try:
            training |= more(document)
        except Refused as fault:
            refused.append(fault)
    refused += _ours(document, training)
    if not layers and not refused:
        refused.append(Refused(listed.at, "must hold at least one layer with an output of its own", None))
    return tree | ({"training": training} if training else {})


def layers_of(document: Piece) -> Piece:
    """Return the list of layers, which is all of `config` in what Keras 2.0 to 2.2 wrote."""
    config = document["config"]
    return config if isinstance(config.value, list) else config["layers"]


def _name(document: Piece) -> Piece:
    """Return the name sent along, or the model's own unless Keras generated it or it is not valid here."""
    own = document["config"]["name"]
    if document["name"].is_there or not own.is_there:
        return document["name"]
    is_name = re.fullmatch(NAME_PATTERN, own.value) and not re.fullmatch(MADE_UP, own.value)
    return own if is_name else document["name"]


def _layer(piece: Piece, index: int) -> list[Piece]:
    """Return this service's layers for one of Keras's; none for those that only shape rows, which are flat here."""
    name = piece["class_name"]
    read = layer_of(piece)
    if read is LAYERS["InputLayer"] and index > 0:
        name.refuse("must be the first layer")
    tree = read(piece["config"])
    if tree is None:
        return []
    arrays = {key: piece[key] for key in ("weights", "biases") if piece[key].is_there}
    if arrays and tree["type"] != "dense":
        next(iter(arrays.values())).refuse("goes with a Dense layer")
    return [piece["config"].with_value(tree | arrays)]


def _of_compile(document: Piece) -> Tree:
    compiled = document["compile_config"]
    return read_compiled(compiled) if compiled.is_there else {}


def _of_model(document: Piece) -> Tree:
    document["config"]["trainable"].must_be(True, why="every layer is trained here")
    return {}


def _ours(document: Piece, training: Tree) -> list[Refused]:
    """Add the training defaults that this service writes into a document; refuse those that Keras's part has too."""
    refused = []
    for key in document["training"].value if document["training"].is_there else ():
        given = Piece(document["training"].value[key], (*document["training"].at, key))
        if key in training:
            reason = "is given by Keras's part of the document too; leave it out here"
            refused.append(Refused(given.at, reason, given.value))
        training[key] = given
    return refused


def _of_weights(pieces: list[Piece]) -> Tree:
    """Return penalties and bounds of the weights, which have to be the same for all dense layers."""
    layers = [layer["config"] for layer in pieces if layer["class_name"].value == "Dense"]
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
    if min(l1, l2) < 0:
        config.refuse("must not be negative")
    return {"l1": l1, "l2": 2.0 * l2} if l1 or l2 else {}


def _max_norm(piece: Piece) -> dict[str, float]:
    if not piece.is_there:
        return {}
    name, config = piece.named()
    name.choose({"MaxNorm": None}, "constraint")
    config.nothing_but("max_value", "axis")
    config["axis"].must_be(0, [0], why="the weights that lead into one unit are what is bounded here")
    return {"max_norm": config.get("max_value", 2).number()}
