"""Loss functions C(a, y), averaged over rows, and their gradients by the network's outputs. One class a loss.

Where a loss and an output activation belong together (their product simplifies to a - y), the loss names the activation
in `matched`, and the delta of that pair is computed in the simplified form: the same function, without the division by
a (1 - a) that a saturated unit would make zero. Every other pair goes by the loss's gradient times the activation's
derivative; `a - y` for those would be wrong.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry

LOSSES: "Registry[Loss]" = Registry()


@dataclass(frozen=True)
class Loss:
    """`A` are outputs, `Y` targets, both (rows, outputs). `for_classes`: whole-number targets are read as classes.

    `matched` is the output activation with which the delta simplifies; `fused_with` the one this loss demands.
    """

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False
    matched: ClassVar[str | None] = None
    fused_with: ClassVar[str | None] = None

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        """The loss summed over rows, in float64."""
        raise NotImplementedError

    def gradient(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        """dC/dA of the mean over `rows` rows, written into `out`."""
        raise NotImplementedError

    def matched_delta(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        """dC/dZ of the output layer when its activation is `matched`: (A - Y) / rows, or rows * outputs."""
        np.subtract(A, Y, out=out)
        np.divide(out, self._share(A, rows), out=out)

    def _share(self, A: FloatArray, rows: int) -> float:
        """What a sum over rows and outputs is divided by."""
        return float(rows)


def _squares(A: FloatArray, Y: FloatArray) -> float:
    difference = np.subtract(A, Y, dtype=np.float64).ravel()
    return float(difference @ difference)


def _log(values: FloatArray) -> FloatArray:
    """log in float64, at least -100, as PyTorch has it: a saturated output costs much, not infinitely much."""
    return np.asarray(np.maximum(np.log(values.astype(np.float64)), -100.0))


@LOSSES.register
@dataclass(frozen=True)
class Quadratic(Loss):
    """Half the squared error, summed over outputs: C = 1/2 sum (a - y)^2 (Nielsen; Rumelhart, Hinton and Williams)."""

    name: ClassVar[str] = "quadratic"

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        return 0.5 * _squares(A, Y)

    def gradient(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        np.subtract(A, Y, out=out)
        np.divide(out, rows, out=out)


@LOSSES.register
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The squared error, averaged over outputs: C = 1/m sum (a - y)^2."""

    name: ClassVar[str] = "mean_squared_error"

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        return _squares(A, Y) / float(A.shape[1])

    def gradient(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        np.subtract(A, Y, out=out)
        np.multiply(out, 2.0 / (rows * A.shape[1]), out=out)


@LOSSES.register
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Summed over outputs: C = -sum (y log a + (1 - y) log(1 - a)) (Nielsen, chapter 3). Meant for sigmoid outputs."""

    name: ClassVar[str] = "cross_entropy"
    matched: ClassVar[str | None] = "sigmoid"
    for_classes: ClassVar[bool] = True

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        return -float(np.sum(Y * _log(A) + (1.0 - Y) * _log(1.0 - A)))

    def gradient(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        # a (1 - a) is held away from 0 as PyTorch does, so a saturated output gives a large gradient, never 0 / 0
        np.subtract(A, Y, out=out)
        np.divide(out, np.maximum(A * (1.0 - A), 1e-12) * self._share(A, rows), out=out)


@LOSSES.register
@dataclass(frozen=True)
class BinaryCrossEntropy(CrossEntropy):
    """As `cross_entropy`, but averaged over outputs, as PyTorch's BCELoss. Meant for sigmoid outputs."""

    name: ClassVar[str] = "binary_cross_entropy"

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        return float(super().total(A, Y) / A.shape[1])

    def _share(self, A: FloatArray, rows: int) -> float:
        return float(rows * A.shape[1])


@LOSSES.register
@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """C = -sum y log a, on softmax outputs and classes; fused with softmax on purpose, so that delta is a - y."""

    name: ClassVar[str] = "categorical_cross_entropy"
    for_classes: ClassVar[bool] = True
    matched: ClassVar[str | None] = "softmax"
    fused_with: ClassVar[str | None] = "softmax"

    def total(self, A: FloatArray, Y: FloatArray) -> float:
        return -float(np.sum(Y * _log(A)))

    def gradient(self, A: FloatArray, Y: FloatArray, rows: int, out: FloatArray) -> None:
        np.divide(Y, np.maximum(A, 1e-12), out=out)
        np.divide(out, -float(rows), out=out)
