"""The place of one parameter: its layer, array and index, and its position in the parameter vector."""

import math
from dataclasses import dataclass

from service.backprop.network import Network


@dataclass(frozen=True)
class Place:
    """One parameter: `name` is `weights` or `biases`, `index` counts from 0 (input, unit), or unit alone."""

    layer: int
    name: str
    index: tuple[int, ...]


def position(network: Network, place: Place) -> int:
    """Return the position of a parameter in the vector `network.parameters`."""
    placed = network.layers[place.layer]
    return placed.offset + _within(placed.shapes, place)


def stored_position(network: Network, place: Place) -> int:
    """Return the position of a parameter in `network.stored_vector()`, which includes running statistics."""
    before = sum(_size(shape) for placed in network.layers[: place.layer] for shape in placed.stored_shapes().values())
    return before + _within(network.layers[place.layer].stored_shapes(), place)


def place_at(network: Network, at: int) -> Place:
    """Return the place of the parameter at position `at` in the vector `network.parameters`."""
    placed = next(layer for layer in network.layers if layer.offset <= at < layer.offset + layer.size)
    left = at - placed.offset
    for name, shape in placed.shapes.items():
        if left < _size(shape):
            return Place(placed.index, name, _unravelled(left, shape))
        left -= _size(shape)
    raise IndexError(at)


def _within(shapes: dict[str, tuple[int, ...]], place: Place) -> int:
    offset = 0
    for name, shape in shapes.items():
        if name == place.name:
            index = 0
            for step, length in zip(place.index, shape, strict=True):
                index = index * length + step
            return offset + index
        offset += _size(shape)
    raise KeyError(place.name)


def _unravelled(at: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index: list[int] = []
    for length in reversed(shape):
        at, step = divmod(at, length)
        index.insert(0, step)
    return tuple(index)


def _size(shape: tuple[int, ...]) -> int:
    return math.prod(shape)
