"""Parsing of one parameter in a query: its layer, then `input,unit` of a weight or `unit` of a bias, from 0."""

from service.backprop.inspection.parameter_index import Place
from service.backprop.network import Network
from service.errors import Invalid

BIAS = ("bias", "b")


def weight_or_bias(network: Network, layer: str | None, weight: str | None, bias: str | None) -> Place:
    """Parse `?layer=0&weight=3,2` or `?layer=0&bias=2`."""
    if layer is None:
        raise Invalid.at("?layer", "is missing: the layer's number, from 0")
    if (weight is None) == (bias is None):
        raise Invalid.at("?weight", "give either `weight=input,unit` or `bias=unit`")
    number = _layer(network, layer, "?layer")
    if bias is not None:
        return _place(network, number, "biases", bias.split(","), "?bias")
    return _place(network, number, "weights", (weight or "").split(","), "?weight")


def any_parameter(network: Network, name: str, text: str | None) -> Place:
    """Parse `?x=0,3,2` for a weight, `?x=0,bias,2` for a bias: the layer first."""
    where = f"?{name}"
    if text is None:
        raise Invalid.at(where, "is missing: `layer,input,unit` of a weight or `layer,bias,unit`, counted from 0")
    layer, *index = text.split(",")
    number = _layer(network, layer, where)
    if index and index[0] in BIAS:
        return _place(network, number, "biases", index[1:], where)
    return _place(network, number, "weights", index, where)


def _layer(network: Network, text: str, where: str) -> int:
    number = _whole(text, where)
    if number >= len(network.layers):
        raise Invalid.at(where, f"must be below {len(network.layers)}, the network's layers, got {number}")
    if not network.layers[number].shapes:
        trained = ", ".join(str(placed.index) for placed in network.layers if placed.shapes)
        kind = network.layers[number].layer.name
        raise Invalid.at(where, f"layer {number} is a {kind} and has no parameters; those that have: {trained}")
    return number


def _place(network: Network, layer: int, name: str, index: list[str], where: str) -> Place:
    shape = network.layers[layer].shapes.get(name)
    if shape is None:
        known = ", ".join(f"`{known}`" for known in network.layers[layer].shapes)
        raise Invalid.at(where, f"layer {layer} has no {name}; it has {known}")
    words = {1: "`unit`", 2: "`input,unit`"}[len(shape)]
    if len(index) != len(shape):
        raise Invalid.at(where, f"must be {words} of layer {layer}'s {name}, got {','.join(index)[:40]!r}")
    numbers = tuple(_whole(step, where) for step in index)
    for step, length in zip(numbers, shape, strict=True):
        if step >= length:
            sizes = " x ".join(map(str, shape))
            raise Invalid.at(where, f"must lie within layer {layer}'s {sizes} {name}, counted from 0, got {step}")
    return Place(layer, name, numbers)


def _whole(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Invalid.at(where, f"must be whole numbers from 0, got {text[:40]!r}")
    return int(text)
