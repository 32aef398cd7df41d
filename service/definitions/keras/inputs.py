"""Reads the shape of the inputs, which Keras's documents give in several places and forms."""

import math
from collections.abc import Sequence
from typing import Any

from service.definitions.guessing import show
from service.definitions.keras.pieces import Piece

Tree = dict[str, Any]
WITH_BATCH = ("batch_shape", "batch_input_shape")
WITHOUT_BATCH = ("input_shape", "shape", "input_dim")
OF_INPUTS = (*WITH_BATCH, *WITHOUT_BATCH)
# whole numbers and booleans are the same numbers as floats
INPUT_TYPES = ("float32", "float64", "bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))


def input_layer(config: Piece, pieces: Sequence[Piece]) -> Tree:
    """Check the settings of an InputLayer, if there is one; it has no parameters, so nothing is returned."""
    if pieces[0]["class_name"].value == "InputLayer":
        settings = pieces[0]["config"]
        settings.nothing_but("name", "dtype", "input_dtype", "sparse", "trainable", *OF_INPUTS)
        settings["dtype"].must_be(*INPUT_TYPES, why="inputs are numbers in float32 or float64 here")
    return {}


def read_inputs(config: Piece, pieces: Sequence[Piece]) -> Tree:
    """Return `inputs`, as far as the first layers or `build_input_shape` give it."""
    first = [piece["config"] for piece in pieces[:2] if piece["class_name"].value == "InputLayer"]
    first = [*first, *(piece["config"] for piece in pieces[len(first) : len(first) + 1])]
    given = [(settings[key], key) for settings in first for key in OF_INPUTS if settings[key].is_there]
    if isinstance(config.value, dict) and config["build_input_shape"].is_there:
        given.append((config["build_input_shape"], "batch_shape"))
    sizes = [(shape, _sizes(shape, key in WITH_BATCH)) for shape, key in given]
    flattens = len(pieces) > len(first) - 1 and pieces[len(first) - 1]["class_name"].value == "Flatten"
    for shape, size in sizes:
        if len(size) > 1 and not flattens:
            shape.refuse(f"must have one dimension unless a Flatten layer comes next, got {show(shape.value)}")
        if size != sizes[0][1]:
            shape.refuse(f"is {show(shape.value)}, but {'/'.join(map(str, sizes[0][0].at[-2:]))} says otherwise")
    if not sizes or None in sizes[0][1]:
        return {}
    return {"inputs": sizes[0][0].with_value(math.prod(size for size in sizes[0][1] if size is not None))}


def _sizes(shape: Piece, has_batch: bool) -> list[int | None]:
    """Return the sizes of a row; None for one that is open."""
    value = [shape.value] if type(shape.value) is int else shape.value
    sizes = value[1:] if has_batch and isinstance(value, list) else value
    if not isinstance(sizes, list) or not sizes or not all(size is None or type(size) is int for size in sizes):
        form = "[null, inputs]" if has_batch else "[inputs]"
        shape.refuse(f"must be {form}, got {show(shape.value)}")
    return sizes
