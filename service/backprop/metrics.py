"""Metrics: what a person reads beside the loss. Each is gathered batch by batch. One class a metric."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry

METRICS: "Registry[Metric]" = Registry()


@dataclass(frozen=True)
class Metric:
    """Gathers one sum over rows; `result` makes the metric of it. `scale` turns outputs into the targets' own units."""

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False

    def total(self, A: FloatArray, Y: FloatArray, scale: FloatArray | None) -> float:
        """What these rows add to the sum."""
        raise NotImplementedError

    def result(self, total: float, rows: int) -> float:
        return total / rows


@METRICS.register
@dataclass(frozen=True)
class Accuracy(Metric):
    """The share of rows whose class is right: the largest output, or for one output whether it is at least 0.5."""

    name: ClassVar[str] = "accuracy"
    for_classes: ClassVar[bool] = True

    def total(self, A: FloatArray, Y: FloatArray, scale: FloatArray | None) -> float:
        if A.shape[1] == 1:
            return float(np.count_nonzero((A >= 0.5) == (Y >= 0.5)))
        return float(np.count_nonzero(A.argmax(axis=1) == Y.argmax(axis=1)))


@METRICS.register
@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean distance from the target, over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "mae"

    def total(self, A: FloatArray, Y: FloatArray, scale: FloatArray | None) -> float:
        distance = np.abs(np.subtract(A, Y, dtype=np.float64))
        return float((distance if scale is None else distance * scale).sum() / A.shape[1])


@METRICS.register
@dataclass(frozen=True)
class RootMeanSquaredError(Metric):
    """The root of the mean squared distance from the target, over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "rmse"

    def total(self, A: FloatArray, Y: FloatArray, scale: FloatArray | None) -> float:
        distance = np.subtract(A, Y, dtype=np.float64)
        return float(np.square(distance if scale is None else distance * scale).sum() / A.shape[1])

    def result(self, total: float, rows: int) -> float:
        return float((total / rows) ** 0.5)
