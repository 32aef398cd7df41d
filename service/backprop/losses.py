"""Loss functions C(a, y) of one row, and their gradients by the network's outputs. One class for each loss.

For some pairs of a loss and an output activation, dC/da * f'(z) simplifies, for example to a - y. The loss names that
activation in `matched`, and delta is computed in the simplified form, which avoids dividing by a (1 - a), which is 0
for a saturated unit. For every other pair, delta is the loss's gradient times the activation's derivative.

The loss of a batch is the weighted sum of the rows' losses, divided by the sum of the weights or by the number of rows
(`over_weights`), as in PyTorch.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry, setting

LOSSES: "Registry[Loss]" = Registry()


@dataclass(frozen=True)
class Loss:
    """Base of loss functions of outputs `A` and targets `T`, both (rows, outputs).

    Attributes
    ----------
    for_classes
        Targets that are whole numbers are read as classes.
    matched
        The output activation with which delta simplifies, or None.
    fused_with
        The only output activation that this loss accepts, or None.
    takes
        The output activations for which this loss is defined; None for all.
    over_weights
        The loss of a batch is divided by the sum of its rows' weights, otherwise by the number of rows.
    threshold
        A single output of at least this value means the second of two classes.
    smooths
        Label smoothing is allowed.
    unit_targets
        Targets lie from 0 to 1 and are never scaled.
    sign_targets
        Targets are signs, -1 and 1 or 0 and 1, and are never scaled.
    class_columns
        Class weights multiply the columns of T, as in PyTorch's CrossEntropyLoss, rather than whole rows.
    """

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False
    matched: ClassVar[str | None] = None
    fused_with: ClassVar[str | None] = None
    takes: ClassVar[tuple[str, ...] | None] = None
    over_weights: ClassVar[bool] = True
    threshold: ClassVar[float] = 0.5
    smooths: ClassVar[bool] = False
    unit_targets: ClassVar[bool] = False
    sign_targets: ClassVar[bool] = False
    class_columns: ClassVar[bool] = False

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        """Return the loss of each row (rows,), in float64."""
        raise NotImplementedError

    def total(self, A: FloatArray, T: FloatArray, weights: FloatArray | None = None) -> float:
        """Return the sum of the rows' losses, each times its weight, in float64."""
        losses = self.rows(A, T)
        return float(losses.sum() if weights is None else losses @ weights)

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        """Write dC/dA of each row into `out`."""
        raise NotImplementedError

    def matched_delta(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        """Write dC/dZ of each row into `out`, for an output layer whose activation is `matched`."""
        raise NotImplementedError

    def smoothing_share(self, outputs: int) -> float:
        """Return the value that label smoothing mixes into every target."""
        return 0.5 if outputs == 1 else 1.0 / outputs


def _difference(A: FloatArray, T: FloatArray) -> FloatArray:
    return np.subtract(A, T, dtype=np.float64)


def _log(values: FloatArray) -> FloatArray:
    """Return the logarithm in float64, at least -100, as PyTorch does: the loss of a saturated output stays finite."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(np.log(values.astype(np.float64)), -100.0))


@LOSSES.register
@dataclass(frozen=True)
class Quadratic(Loss):
    """Half the squared error, summed over outputs: C = 1/2 sum (a - y)^2 (Nielsen; Rumelhart, Hinton and Williams)."""

    name: ClassVar[str] = "quadratic"

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(0.5 * np.square(_difference(A, T)).sum(axis=1))

    def total(self, A: FloatArray, T: FloatArray, weights: FloatArray | None = None) -> float:
        if weights is not None:
            return super().total(A, T, weights)
        difference = _difference(A, T).ravel()
        return float(0.5 * (difference @ difference))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)


@LOSSES.register
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The squared error, averaged over outputs: C = 1/m sum (a - y)^2."""

    name: ClassVar[str] = "mean_squared_error"

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(np.square(_difference(A, T)).mean(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)
        np.multiply(out, 2.0 / A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The distance, averaged over outputs: C = 1/m sum |a - y|; where a is y its derivative is taken as 0."""

    name: ClassVar[str] = "mean_absolute_error"

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(np.abs(_difference(A, T)).mean(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)
        np.sign(out, out=out)
        np.divide(out, A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class Huber(Loss):
    """Averaged over outputs: half the squared error within `delta`, delta (|a - y| - delta / 2) beyond (Huber 1964)."""

    name: ClassVar[str] = "huber"
    delta: float = setting(1.0, above=0, doc="the error from which the loss grows in a straight line")

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        distance = np.abs(_difference(A, T))
        within = np.minimum(distance, self.delta)
        return np.asarray((within * (distance - 0.5 * within)).mean(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)
        np.clip(out, -self.delta, self.delta, out=out)
        np.divide(out, A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Summed over outputs: C = -sum (y log a + (1 - y) log(1 - a)) (Nielsen, chapter 3). Meant for sigmoid outputs."""

    name: ClassVar[str] = "cross_entropy"
    matched: ClassVar[str | None] = "sigmoid"
    takes: ClassVar[tuple[str, ...] | None] = ("sigmoid", "softmax")
    for_classes: ClassVar[bool] = True
    over_weights: ClassVar[bool] = False
    smooths: ClassVar[bool] = True
    unit_targets: ClassVar[bool] = True

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(-(T * _log(A) + (1.0 - T) * _log(1.0 - A)).sum(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        # a (1 - a) is at least 1e-12, as in PyTorch, so that a saturated output has a large gradient instead of 0 / 0
        np.subtract(A, T, out=out)
        np.divide(out, np.maximum(A * (1.0 - A), 1e-12), out=out)

    def matched_delta(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)

    def smoothing_share(self, outputs: int) -> float:
        return 0.5  # every output is a decision between two classes


@LOSSES.register
@dataclass(frozen=True)
class BinaryCrossEntropy(CrossEntropy):
    """As `cross_entropy`, but averaged over outputs, as PyTorch's BCELoss. Meant for sigmoid outputs."""

    name: ClassVar[str] = "binary_cross_entropy"

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(super().rows(A, T) / A.shape[1])

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        super().gradient(A, T, out)
        np.divide(out, A.shape[1], out=out)

    def matched_delta(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.subtract(A, T, out=out)
        np.divide(out, A.shape[1], out=out)


@LOSSES.register
@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """C = -sum y log a, on softmax outputs and classes; fused with softmax on purpose, so that delta is a - y."""

    name: ClassVar[str] = "categorical_cross_entropy"
    for_classes: ClassVar[bool] = True
    matched: ClassVar[str | None] = "softmax"
    fused_with: ClassVar[str | None] = "softmax"
    smooths: ClassVar[bool] = True
    unit_targets: ClassVar[bool] = True
    class_columns: ClassVar[bool] = True

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        return np.asarray(-(T * _log(A)).sum(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.divide(T, np.maximum(A, 1e-12), out=out)
        np.negative(out, out=out)

    def matched_delta(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.multiply(A, T.sum(axis=1, keepdims=True), out=out)  # the sum is 1 unless classes have weights
        np.subtract(out, T, out=out)


@LOSSES.register
@dataclass(frozen=True)
class Hinge(Loss):
    """Averaged over outputs: C = 1/m sum max(0, 1 - s a), with s = 1 where y is above 0, else -1.

    So targets may be -1 and 1, or 0 and 1. Meant for linear or tanh outputs; a single output means the second class
    from 0 on.
    """

    name: ClassVar[str] = "hinge"
    for_classes: ClassVar[bool] = True
    threshold: ClassVar[float] = 0.0
    sign_targets: ClassVar[bool] = True

    def rows(self, A: FloatArray, T: FloatArray) -> FloatArray:
        signs = np.where(T > 0, 1.0, -1.0)
        return np.asarray(np.maximum(1.0 - signs * A.astype(np.float64), 0.0).mean(axis=1))

    def gradient(self, A: FloatArray, T: FloatArray, out: FloatArray) -> None:
        np.greater(T, 0.0, out=out)
        np.multiply(out, 2.0, out=out)
        np.subtract(1.0, out, out=out)  # -s
        np.multiply(out, -(out * A) < 1.0, out=out)
        np.divide(out, A.shape[1], out=out)
