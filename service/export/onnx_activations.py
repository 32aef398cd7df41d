"""Activations as ONNX nodes that compute what `service.backprop.activations` does, in float32 and in float64.

ONNX has operators for most of them, but those of onnxruntime are less exact in float32 (its Sigmoid of -17.8 is wrong
by a factor of 4) and, but for Sigmoid, Tanh, Relu and Softmax, lack float64. `docs/decisions/0053` has measurements.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from service.backprop import erf
from service.backprop.activations import (
    SELU_ALPHA,
    SELU_SCALE,
    Activation,
    Elu,
    LeakyRelu,
)
from service.export.onnx_nodes import Nodes

FLOAT64 = np.dtype(np.float64)
OPERATORS = {"relu": "Relu", "linear": "Identity"}  # exact as ONNX has them
# of float32 networks too: the operators of float32 lose digits here, or in gelu's left tail have none at all
IN_FLOAT64 = frozenset({"tanh", "elu", "selu", "gelu", "softplus"})
LAST_AXIS = [1]


def write_activation(nodes: Nodes, activation: Activation, z: str) -> str:
    """Add the nodes that compute an activation of `z`; return the name of the result."""
    if activation.name in OPERATORS:
        return nodes.add(OPERATORS[activation.name], z)
    if activation.name not in IN_FLOAT64:
        return WRITERS[activation.name](nodes, activation, z)
    result = WRITERS[activation.name](nodes.wide(), activation, nodes.cast(z, FLOAT64))
    return nodes.cast(result, nodes.dtype)


def _tanh(nodes: Nodes, _: Any, z: str) -> str:
    return nodes.add("Tanh", z)


def _sigmoid(nodes: Nodes, _: Any, z: str) -> str:
    most = 88.0 if nodes.dtype.itemsize == 4 else 709.0  # exp of more overflows
    exp = nodes.add("Exp", nodes.add("Min", nodes.add("Neg", z), nodes.constant(most)))
    return nodes.add("Reciprocal", nodes.add("Add", exp, nodes.constant(1.0)))


def _leaky_relu(nodes: Nodes, activation: LeakyRelu, z: str) -> str:
    return nodes.add("Max", z, nodes.add("Mul", z, nodes.constant(activation.slope)))


def _expm1(nodes: Nodes, x: str) -> str:
    """Compute exp(x) - 1 for x of at most 0 as Kahan does: (u - 1) x / log(u) with u = exp(x), and x where u is 1."""
    x = nodes.add("Max", x, nodes.constant(-700.0))  # exp(x) - 1 of less is -1
    one = nodes.constant(1.0)
    u = nodes.add("Exp", x)
    quotient = nodes.add("Div", nodes.add("Mul", nodes.add("Sub", u, one), x), nodes.add("Log", u))
    return nodes.add("Where", nodes.add("Equal", u, one), x, quotient)


def _elu(nodes: Nodes, activation: Elu, z: str) -> str:
    zero = nodes.constant(0.0)
    below = nodes.add("Mul", _expm1(nodes, nodes.add("Min", z, zero)), nodes.constant(activation.alpha))
    return nodes.add("Where", nodes.add("Greater", z, zero), z, below)


def _selu(nodes: Nodes, _: Any, z: str) -> str:
    return nodes.add("Mul", _elu(nodes, Elu(SELU_ALPHA), z), nodes.constant(SELU_SCALE))


def _silu(nodes: Nodes, _: Any, z: str) -> str:
    return nodes.add("Mul", _sigmoid(nodes, _, z), z)


def _softplus(nodes: Nodes, _: Any, z: str) -> str:
    """Compute max(z, 0) + log(1 + u) with u = exp(-|z|); as Kahan does, log(1 + u) is u log(w) / (w - 1), w = 1 + u."""
    one = nodes.constant(1.0)
    u = nodes.add("Exp", nodes.add("Neg", nodes.add("Abs", z)))
    w = nodes.add("Add", u, one)
    quotient = nodes.add("Div", nodes.add("Mul", u, nodes.add("Log", w)), nodes.add("Sub", w, one))
    log1p = nodes.add("Where", nodes.add("Equal", w, one), u, quotient)
    return nodes.add("Add", log1p, nodes.add("Max", z, nodes.constant(0.0)))


def _softsign(nodes: Nodes, _: Any, z: str) -> str:
    return nodes.add("Div", z, nodes.add("Add", nodes.add("Abs", z), nodes.constant(1.0)))


def _softmax(nodes: Nodes, _: Any, z: str) -> str:
    axis = nodes.constant(LAST_AXIS, np.int64)
    exp = nodes.add("Exp", nodes.add("Sub", z, nodes.add("ReduceMax", z, axis, keepdims=1)))
    return nodes.add("Div", exp, nodes.add("ReduceSum", exp, axis, keepdims=1))


def _gelu(nodes: Nodes, _: Any, z: str) -> str:
    """Compute z (1 + erf(z / sqrt(2))) / 2."""
    probability = nodes.add("Add", _erf(nodes, nodes.add("Div", z, nodes.constant(np.sqrt(2.0)))), nodes.constant(1.0))
    return nodes.add("Mul", z, nodes.add("Mul", probability, nodes.constant(0.5)))


def _erf(nodes: Nodes, x: str) -> str:
    """Compute the error function by the approximations of `service.backprop.erf`, each where it holds."""
    one = nodes.constant(1.0)
    size = nodes.add("Min", nodes.add("Abs", x), nodes.constant(erf.LARGEST))
    square = nodes.add("Mul", size, size)
    near = nodes.add("Mul", size, _ratio(nodes, erf.NEAR, square))
    exp = nodes.add("Exp", nodes.add("Neg", square))
    middle = nodes.add("Sub", one, nodes.add("Mul", exp, _ratio(nodes, erf.MIDDLE, size)))
    squares = nodes.add("Div", one, square)
    tail = nodes.add(
        "Sub",
        nodes.constant(1.0 / np.sqrt(np.pi)),
        nodes.add("Mul", squares, _ratio(nodes, erf.FAR, squares)),
    )
    far = nodes.add("Sub", one, nodes.add("Mul", exp, nodes.add("Div", tail, size)))
    beyond = nodes.add("Where", nodes.add("Greater", size, nodes.constant(erf.LARGE)), far, middle)
    result = nodes.add("Where", nodes.add("Greater", size, nodes.constant(erf.SMALL)), beyond, near)
    return nodes.add("Mul", result, nodes.add("Sign", x))


def _ratio(nodes: Nodes, coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: str) -> str:
    """Compute the ratio of two polynomials of `x` by Horner's rule."""
    values = []
    for polynomial in coefficients:
        value = nodes.constant(polynomial[0])
        for coefficient in polynomial[1:]:
            value = nodes.add("Add", nodes.add("Mul", value, x), nodes.constant(coefficient))
        values.append(value)
    return nodes.add("Div", *values)


WRITERS: dict[str, Callable[[Nodes, Any, str], str]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "softmax": _softmax,
}
