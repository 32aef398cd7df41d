"""Loss functions: C of one row, its gradient dC/da, and exact short cuts where an activation cancels it.

Owns the registry LOSSES. Imports NumPy and the registry. Callers hold `arrays.quiet()`.

The loss of a batch is the mean over its rows; what is here is summed over rows (`value`) or by row (`gradient`), and
the caller divides. A = activations and Y = targets are (n_samples, outputs).

**Matched pairs.** For a sigmoid output with a cross-entropy, and softmax with the categorical one, dC/da grows like
1 / a where da/dz falls like a: the product is simply proportional to a - y, but computed factor by factor it is
infinity times zero once a is rounded to 0 or 1. So these losses name the activations in `matched_with`, for which
`matched_value` works on the weighted inputs z and `matched_delta` gives dC/dz outright; both are exact for every z.

**Any other activation** takes the general way, dC/da times da/dz. There the cross-entropies see `a` clipped to
[eps, 1 - eps], eps being the precision's rounding unit (2.2e-16 or 1.2e-7; the categorical one: to at least the smallest
normal number), so value and gradient are finite, and outside of that range the gradient is 0, as that of a clipped
function is.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray, Scratch
from service.backprop.registry import Registry


class Loss(ABC):
    """One loss function."""

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False
    """Whether targets are classes (0 and 1, one-hot) rather than values."""
    fused_with: ClassVar[str | None] = None
    """The only output activation this loss may be used with, or None for any."""
    matched_with: ClassVar[tuple[str, ...]] = ()
    """Output activations for which `matched_value` and `matched_delta` hold."""

    @abstractmethod
    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        """C, summed over the rows."""

    @abstractmethod
    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """Write dC/da of each row into `out`."""

    def matched_value(self, Z: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        """C, summed over the rows, from the weighted inputs of a matched output layer."""
        raise NotImplementedError(f"{self.name} is matched with no activation")

    def matched_delta(self, A: FloatArray, Y: FloatArray, out: FloatArray) -> None:
        """Write dC/dz of each row into `out`, for a matched output layer."""
        raise NotImplementedError(f"{self.name} is matched with no activation")


LOSSES: Registry[Loss] = Registry("loss")


def _total(values: FloatArray) -> float:
    return float(np.add.reduce(values, axis=None))


@LOSSES.register
@dataclass(frozen=True)
class Quadratic(Loss):
    """Half the squared error, summed over the outputs (Nielsen's quadratic cost)."""

    name: ClassVar[str] = "quadratic"

    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        np.subtract(A, Y, out=scratch.full)
        np.multiply(scratch.full, scratch.full, out=scratch.full)
        return 0.5 * _total(scratch.full)

    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.subtract(A, Y, out=out)


@LOSSES.register
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The squared error, averaged over the outputs."""

    name: ClassVar[str] = "mean_squared_error"

    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        np.subtract(A, Y, out=scratch.full)
        np.multiply(scratch.full, scratch.full, out=scratch.full)
        return _total(scratch.full) / A.shape[1]

    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        np.subtract(A, Y, out=out)
        np.multiply(out, 2.0 / A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-(y ln a + (1 - y) ln(1 - a)), summed over the outputs (Nielsen's cross-entropy, for sigmoid outputs)."""

    name: ClassVar[str] = "cross_entropy"
    for_classes: ClassVar[bool] = True
    matched_with: ClassVar[tuple[str, ...]] = ("sigmoid",)

    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        log, other = scratch.full, scratch.spare
        self._clip(A, log)
        np.subtract(1.0, log, out=other)
        np.log(log, out=log)
        np.multiply(log, Y, out=log)
        positive = _total(log)
        np.log(other, out=other)
        np.subtract(1.0, Y, out=log)
        np.multiply(other, log, out=other)
        return -(positive + _total(other))

    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """dC/da = (a - y) / (a (1 - a))."""
        clipped, divisor = scratch.full, scratch.spare
        self._clip(A, clipped)
        np.subtract(1.0, clipped, out=divisor)
        np.multiply(divisor, clipped, out=divisor)
        np.subtract(clipped, Y, out=out)
        np.divide(out, divisor, out=out)
        np.equal(clipped, A, out=clipped)
        np.multiply(out, clipped, out=out)

    def matched_value(self, Z: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        """z (1[z > 0] - y) + ln(1 + exp(-|z|)): the same function of z; no term is negative, so nothing cancels."""
        term = scratch.full
        np.greater(Z, 0.0, out=term)
        np.subtract(term, Y, out=term)
        np.multiply(term, Z, out=term)
        straight = _total(term)
        np.absolute(Z, out=term)
        np.negative(term, out=term)
        np.exp(term, out=term)
        np.log1p(term, out=term)
        return straight + _total(term)

    def matched_delta(self, A: FloatArray, Y: FloatArray, out: FloatArray) -> None:
        """delta = a - y (Nielsen, equation 66 and after)."""
        np.subtract(A, Y, out=out)

    @staticmethod
    def _clip(A: FloatArray, out: FloatArray) -> None:
        epsilon = float(np.finfo(A.dtype).eps)
        np.maximum(A, epsilon, out=out)
        np.minimum(out, 1.0 - epsilon, out=out)


@LOSSES.register
@dataclass(frozen=True)
class BinaryCrossEntropy(CrossEntropy):
    """-(y ln a + (1 - y) ln(1 - a)), averaged over the outputs."""

    name: ClassVar[str] = "binary_cross_entropy"

    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        return super().value(A, Y, scratch) / A.shape[1]

    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        super().gradient(A, Y, out, scratch)
        np.divide(out, A.shape[1], out=out)

    def matched_value(self, Z: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        return super().matched_value(Z, Y, scratch) / Z.shape[1]

    def matched_delta(self, A: FloatArray, Y: FloatArray, out: FloatArray) -> None:
        np.subtract(A, Y, out=out)
        np.divide(out, A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """-(sum over outputs of y ln a), for softmax outputs and targets that add up to 1 in each row."""

    name: ClassVar[str] = "categorical_cross_entropy"
    for_classes: ClassVar[bool] = True
    fused_with: ClassVar[str | None] = "softmax"
    matched_with: ClassVar[tuple[str, ...]] = ("softmax",)

    def value(self, A: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        np.maximum(A, float(np.finfo(A.dtype).tiny), out=scratch.full)
        np.log(scratch.full, out=scratch.full)
        np.multiply(scratch.full, Y, out=scratch.full)
        return -_total(scratch.full)

    def gradient(self, A: FloatArray, Y: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """dC/da = -y / a."""
        np.maximum(A, float(np.finfo(A.dtype).tiny), out=scratch.full)
        np.divide(Y, scratch.full, out=out)
        np.negative(out, out=out)
        np.equal(scratch.full, A, out=scratch.full)
        np.multiply(out, scratch.full, out=out)

    def matched_value(self, Z: FloatArray, Y: FloatArray, scratch: Scratch) -> float:
        """sum of y (ln(sum of exp z) - z), every z taken relative to its row's largest."""
        shifted, powers, column = scratch
        np.maximum.reduce(Z, axis=1, keepdims=True, out=column)
        np.subtract(Z, column, out=shifted)
        np.exp(shifted, out=powers)
        np.add.reduce(powers, axis=1, keepdims=True, out=column)
        np.log(column, out=column)
        np.subtract(column, shifted, out=shifted)
        np.multiply(shifted, Y, out=shifted)
        return _total(shifted)

    def matched_delta(self, A: FloatArray, Y: FloatArray, out: FloatArray) -> None:
        """delta = a - y, softmax's Jacobian having cancelled -y / a."""
        np.subtract(A, Y, out=out)
