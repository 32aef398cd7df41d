"""Where one parameter stands: its layer, its array, its index; and the offsets that follow from sizes alone."""

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
    """Where in the vector of parameters it is."""
    placed = network.layers[place.layer]
    return placed.offset + _within(placed.shapes, place)


def stored_position(network: Network, place: Place) -> int:
    """Where in what is stored it is, counted in numbers: there each layer's running statistics follow it."""
    before = sum(_size(shape) for placed in network.layers[: place.layer] for shape in placed.stored_shapes().values())
    return before + _within(network.layers[place.layer].stored_shapes(), place)


def place_at(network: Network, at: int) -> Place:
    """The parameter that stands at `at` in the vector of parameters."""
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
