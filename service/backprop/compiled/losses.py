"""The error of the output layer, as in `losses.py` and `network.output_error`."""

from collections.abc import Callable

from service.backprop.arrays import FloatArray
from service.backprop.compiled import equations
from service.backprop.compiled.building import compiled

QUADRATIC, MEAN_SQUARED, MEAN_ABSOLUTE, HUBER, CROSS_ENTROPY, BINARY, CATEGORICAL, HINGE = range(8)
LOSSES = {
    "quadratic": QUADRATIC,
    "mean_squared_error": MEAN_SQUARED,
    "mean_absolute_error": MEAN_ABSOLUTE,
    "huber": HUBER,
    "cross_entropy": CROSS_ENTROPY,
    "binary_cross_entropy": BINARY,
    "categorical_cross_entropy": CATEGORICAL,
    "hinge": HINGE,
}


def _each(gradient: Callable[..., float]) -> Callable[..., None]:
    """Return a function that computes delta = dC/da * share for all outputs of all rows."""

    @compiled
    def loop(A: FloatArray, T: FloatArray, delta: FloatArray, p: float, share: float, one: float) -> None:
        for r in range(A.shape[0]):
            for u in range(A.shape[1]):
                delta[r, u] = gradient(A[r, u], T[r, u], p, one) * share

    return loop


_squared, _absolute, _huber = _each(equations.squared), _each(equations.absolute), _each(equations.huber)
_cross_entropy, _hinge = _each(equations.cross_entropy), _each(equations.hinge)
_categorical = _each(equations.categorical)


@compiled
def _softmax_error(A: FloatArray, T: FloatArray, delta: FloatArray, share: float, one: float) -> None:
    """Compute dC/dz of softmax with the categorical cross-entropy."""
    for r in range(A.shape[0]):
        total = one - one
        for u in range(A.shape[1]):
            total += T[r, u]
        for u in range(A.shape[1]):
            delta[r, u] = (A[r, u] * total - T[r, u]) * share


@compiled
def output_error(
    loss: int, simplified: bool, A: FloatArray, T: FloatArray, delta: FloatArray, p: float, share: float, one: float
) -> None:
    """Compute dC/da of the output layer (BP1) times `share`; dC/dz when `simplified`, for a matched pair."""
    outputs = type(one)(A.shape[1])
    if loss == QUADRATIC or (simplified and loss == CROSS_ENTROPY):
        _squared(A, T, delta, p, share, one)
    elif simplified and loss == CATEGORICAL:
        _softmax_error(A, T, delta, share, one)
    elif loss == MEAN_SQUARED:
        _squared(A, T, delta, p, (one + one) / outputs * share, one)
    elif loss == MEAN_ABSOLUTE:
        _absolute(A, T, delta, p, share / outputs, one)
    elif loss == HUBER:
        _huber(A, T, delta, p, share / outputs, one)
    elif loss == CROSS_ENTROPY:
        _cross_entropy(A, T, delta, p, share, one)
    elif loss == BINARY:
        if simplified:
            _squared(A, T, delta, p, share / outputs, one)
        else:
            _cross_entropy(A, T, delta, p, share / outputs, one)
    elif loss == CATEGORICAL:
        _categorical(A, T, delta, p, share, one)
    else:
        _hinge(A, T, delta, p, share / outputs, one)
