"""The activations of dense layers, forward and backward, and the generated dispatch over them.

Compiled code cannot look a function up in a table at run time. Each row of the table is therefore compiled into a
branch: if the layer's code is that of the row, its function is called, otherwise the branches of the following rows.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from service.backprop.arrays import FloatArray
from service.backprop.compiled import equations
from service.backprop.compiled.building import compiled

Forward = Callable[[FloatArray, FloatArray, Any, Any], None]
Backward = Callable[[FloatArray, FloatArray, FloatArray, Any, Any], None]


class CompiledActivation(NamedTuple):
    """A row of the table: the name of an activation, A = f(Z) over a batch, and delta = dC/da * f'(z) in place.

    Both functions get arrays (rows, units), the activation's setting, and 1 in the network's precision.
    """

    name: str
    activate: Forward
    activate_back: Backward


def _by_unit(name: str, equation: Callable[..., float], slope: Callable[..., float]) -> CompiledActivation:
    """Return the row of an activation whose outputs each depend on their own weighted input alone."""

    @compiled
    def activate(Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
        z, a = Z.reshape(Z.size), A.reshape(A.size)
        for i in range(z.size):
            a[i] = equation(z[i], p, one)

    @compiled
    def activate_back(Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
        z, a, d = Z.reshape(Z.size), A.reshape(A.size), delta.reshape(delta.size)
        for i in range(z.size):
            d[i] *= slope(z[i], a[i], p, one)

    return CompiledActivation(name, activate, activate_back)


@compiled
def _linear(Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
    """Compute a = z."""
    A[:, :] = Z


@compiled
def _linear_back(Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
    """Compute delta = dC/da."""


@compiled
def _softmax(Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
    """Compute a_j = exp(z_j) / sum_k exp(z_k) in each row."""
    for r in range(Z.shape[0]):
        highest = Z[r].max()
        total = one - one
        for u in range(Z.shape[1]):
            A[r, u] = equations.exponential(Z[r, u] - highest)
        for u in range(Z.shape[1]):
            total += A[r, u]
        for u in range(Z.shape[1]):
            A[r, u] /= total


@compiled
def _softmax_back(Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
    """Compute delta_j = a_j (dC/da_j - sum_k dC/da_k a_k) in each row."""
    for r in range(A.shape[0]):
        total = one - one
        for u in range(A.shape[1]):
            total += delta[r, u] * A[r, u]
        for u in range(A.shape[1]):
            delta[r, u] = A[r, u] * (delta[r, u] - total)


# the most used first, as the branches of earlier rows are tried before
TABLE = (
    _by_unit("sigmoid", equations.sigmoid, equations.sigmoid_slope),
    _by_unit("relu", equations.relu, equations.relu_slope),
    _by_unit("tanh", equations.tanh, equations.tanh_slope),
    CompiledActivation("softmax", _softmax, _softmax_back),
    _by_unit("leaky_relu", equations.leaky_relu, equations.leaky_relu_slope),
    _by_unit("elu", equations.elu, equations.elu_slope),
    _by_unit("selu", equations.selu, equations.selu_slope),
    _by_unit("gelu", equations.gelu, equations.gelu_slope),
    _by_unit("silu", equations.silu, equations.silu_slope),
    _by_unit("softplus", equations.softplus, equations.softplus_slope),
    _by_unit("softsign", equations.softsign, equations.softsign_slope),
    CompiledActivation("linear", _linear, _linear_back),
)
CODES = {activation.name: code for code, activation in enumerate(TABLE)}


def _choice(first: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return the dispatch over the rows of the table from `first` on, forward and backward."""
    forward, backward = TABLE[first].activate, TABLE[first].activate_back
    if first == len(TABLE) - 1:

        @compiled
        def last(activation: int, Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
            forward(Z, A, p, one)

        @compiled
        def last_back(activation: int, Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
            backward(Z, A, delta, p, one)

        return last, last_back
    others, others_back = _choice(first + 1)

    @compiled
    def choose(activation: int, Z: FloatArray, A: FloatArray, p: float, one: float) -> None:
        if activation == first:
            forward(Z, A, p, one)
        else:
            others(activation, Z, A, p, one)

    @compiled
    def choose_back(activation: int, Z: FloatArray, A: FloatArray, delta: FloatArray, p: float, one: float) -> None:
        if activation == first:
            backward(Z, A, delta, p, one)
        else:
            others_back(activation, Z, A, delta, p, one)

    return choose, choose_back


# (code, Z, A, setting, one): A = f(Z); (code, Z, A, delta, setting, one): BP1, BP2, delta = dC/da * f'(z)
activate, activate_back = _choice(0)
