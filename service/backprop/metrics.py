"""Metrics: figures for people, gathered over the batches of an epoch; nothing is differentiated.

Owns the registry METRICS. Imports NumPy and the registry.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.backprop.arrays import FloatArray
from service.backprop.registry import Registry


class Accumulator(ABC):
    """One metric over the rows seen so far."""

    @abstractmethod
    def update(self, A: FloatArray, Y: FloatArray) -> None:
        """Take in activations and targets, both (n_samples, outputs)."""

    @abstractmethod
    def result(self) -> float:
        """The metric of all rows taken in; there must be at least one."""


class Metric(ABC):
    """One metric; `start` begins a new count."""

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False

    @abstractmethod
    def start(self, target_scale: FloatArray | None = None) -> Accumulator:
        """A fresh accumulator.

        `target_scale` (outputs,) is what errors are multiplied by to be in the targets' own units; None is 1.
        """


METRICS: Registry[Metric] = Registry("metric")


class _Hits(Accumulator):
    def __init__(self) -> None:
        self.hits = 0
        self.rows = 0

    def update(self, A: FloatArray, Y: FloatArray) -> None:
        if A.shape[1] == 1:
            right = np.equal(np.greater(A, 0.5), np.greater(Y, 0.5))
        else:
            right = np.equal(A.argmax(axis=1), Y.argmax(axis=1))
        self.hits += int(np.count_nonzero(right))
        self.rows += len(A)

    def result(self) -> float:
        return self.hits / self.rows


@METRICS.register
@dataclass(frozen=True)
class Accuracy(Metric):
    """The share of rows, 0 to 1, whose largest output is the target's; with one output, whether it is above 0.5."""

    name: ClassVar[str] = "accuracy"
    for_classes: ClassVar[bool] = True

    def start(self, target_scale: FloatArray | None = None) -> Accumulator:
        return _Hits()


class _Errors(Accumulator):
    """The sum of absolute or squared errors, in float64."""

    def __init__(self, target_scale: FloatArray | None, squared: bool) -> None:
        self.scale = None if target_scale is None else np.asarray(target_scale, np.float64)
        self.squared = squared
        self.total = 0.0
        self.count = 0

    def update(self, A: FloatArray, Y: FloatArray) -> None:
        errors: NDArray[np.float64] = np.subtract(A, Y, dtype=np.float64)
        if self.scale is not None:
            np.multiply(errors, self.scale, out=errors)
        (np.square if self.squared else np.absolute)(errors, out=errors)
        self.total += float(np.add.reduce(errors, axis=None))
        self.count += errors.size

    def result(self) -> float:
        mean = self.total / self.count
        return sqrt(mean) if self.squared else mean


@METRICS.register
@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean absolute error over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "mae"

    def start(self, target_scale: FloatArray | None = None) -> Accumulator:
        return _Errors(target_scale, squared=False)


@METRICS.register
@dataclass(frozen=True)
class RootMeanSquaredError(Metric):
    """The root of the mean squared error over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "rmse"

    def start(self, target_scale: FloatArray | None = None) -> Accumulator:
        return _Errors(target_scale, squared=True)
