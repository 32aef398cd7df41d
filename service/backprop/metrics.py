"""Metrics, reported with the loss and accumulated batch by batch. One class for each metric."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.readings import Reading, target_classes
from service.backprop.registry import Registry, setting

METRICS: "Registry[Metric]" = Registry()


@dataclass(frozen=True)
class Metric:
    """Base of metrics: `start` returns a memory, `add` adds rows to it, `result` computes the metric from it.

    The result is NaN when the metric is undefined.
    """

    name: ClassVar[str]
    for_classes: ClassVar[bool] = False
    larger_is_better: ClassVar[bool] = True

    @property
    def key(self) -> str:
        """The name of the metric in answers."""
        return self.name

    def start(self, outputs: int) -> Any:
        """Return the memory before any rows, for a network with that many outputs."""
        return np.zeros(2)

    def arrays(self, memory: Any) -> list[FloatArray]:
        """Return a copy of a memory as arrays that can be stored; `memory` is the inverse."""
        return [memory.copy()]

    def memory(self, arrays: list[FloatArray]) -> Any:
        return arrays[0].copy()

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        """Add rows to the memory: outputs and targets, both (rows, outputs)."""
        raise NotImplementedError

    def series(self, A: FloatArray, Y: FloatArray, reading: Reading) -> FloatArray:
        """Return the metric of each epoch (epochs,); outputs and targets are (epochs, rows, outputs)."""
        results = np.empty(len(A))
        for index, (outputs, targets) in enumerate(zip(A, Y, strict=True)):
            memory = self.start(A.shape[2])
            self.add(memory, outputs, targets, reading)
            results[index] = self.result(memory)
        return results

    def result(self, memory: Any) -> float:
        """Return the metric; by default the mean from a memory of (sum, rows)."""
        return float(memory[0] / memory[1]) if memory[1] else float("nan")


@METRICS.register
@dataclass(frozen=True)
class Accuracy(Metric):
    """The share of rows whose class is right: the largest output, or for one output the side of its threshold."""

    name: ClassVar[str] = "accuracy"
    for_classes: ClassVar[bool] = True

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        memory[0] += np.count_nonzero(reading.classes(A) == target_classes(Y))
        memory[1] += len(A)

    def series(self, A: FloatArray, Y: FloatArray, reading: Reading) -> FloatArray:
        predicted, true = (array.reshape(-1, array.shape[2]) for array in (A, Y))
        return np.asarray((reading.classes(predicted) == target_classes(true)).reshape(len(A), -1).mean(axis=1))


@METRICS.register
@dataclass(frozen=True)
class TopKAccuracy(Metric):
    """The share of rows whose class is among the `k` largest outputs."""

    name: ClassVar[str] = "top_k_accuracy"
    for_classes: ClassVar[bool] = True
    k: int = setting(5, minimum=1, maximum=1000)

    @property
    def key(self) -> str:
        return f"top_{self.k}_accuracy"

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        if A.shape[1] == 1:
            Accuracy().add(memory, A, Y, reading)
            return
        own = A[np.arange(len(A)), target_classes(Y)]
        memory[0] += np.count_nonzero((own[:, None] < A).sum(axis=1) < self.k)
        memory[1] += len(A)


@dataclass(frozen=True)
class ConfusionMatrix(Metric):
    """Counts of rows by true class (row) and predicted class (column).

    It is computed at the end of a job and cannot be chosen as a metric, so it is not registered.
    """

    name: ClassVar[str] = "confusion_matrix"
    for_classes: ClassVar[bool] = True

    def start(self, outputs: int) -> Any:
        return np.zeros((max(outputs, 2), max(outputs, 2)), dtype=np.int64)

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        np.add.at(memory, (target_classes(Y), reading.classes(A)), 1)


@dataclass(frozen=True)
class Scores(Metric):
    """The score of the second of two classes, and whether a row is of it, of all rows in their order.

    Curves are made of it. It cannot be chosen as a metric, so it is not registered.
    """

    name: ClassVar[str] = "scores"
    for_classes: ClassVar[bool] = True

    def start(self, outputs: int) -> Any:
        return []

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        memory.append((A[:, -1].copy(), target_classes(Y) == 1))


@dataclass(frozen=True)
class FromCounts(Metric):
    """Base of metrics averaged over the classes that occur in targets or predictions, with equal weight (macro).

    A class whose share is 0 / 0 counts as 0.
    """

    for_classes: ClassVar[bool] = True

    def start(self, outputs: int) -> Any:
        return np.zeros((3, max(outputs, 2)), dtype=np.int64)  # of each class: correct, true, predicted

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        true, predicted = target_classes(Y), reading.classes(A)
        for counts, classes in zip(memory, (true[true == predicted], true, predicted), strict=True):
            counts += np.bincount(classes, minlength=len(counts))

    def result(self, memory: Any) -> float:
        right, true, predicted = memory
        occurs = (true + predicted) > 0
        shares = self.shares(right[occurs], true[occurs], predicted[occurs])
        return float(np.mean(shares)) if len(shares) else float("nan")

    def shares(self, right: Any, true: Any, predicted: Any) -> Any:
        """Return the metric of each class from the counts of correct predictions, true rows and predicted rows."""
        raise NotImplementedError


@METRICS.register
@dataclass(frozen=True)
class Precision(FromCounts):
    """Of the rows predicted to be of a class, the share that is; averaged over classes."""

    name: ClassVar[str] = "precision"

    def shares(self, right: Any, true: Any, predicted: Any) -> Any:
        return right / np.maximum(predicted, 1)


@METRICS.register
@dataclass(frozen=True)
class Recall(FromCounts):
    """Of the rows of a class, the share that is predicted to be; averaged over classes."""

    name: ClassVar[str] = "recall"

    def shares(self, right: Any, true: Any, predicted: Any) -> Any:
        return right / np.maximum(true, 1)


@METRICS.register
@dataclass(frozen=True)
class F1(FromCounts):
    """The harmonic mean of a class's precision and recall; averaged over classes."""

    name: ClassVar[str] = "f1"

    def shares(self, right: Any, true: Any, predicted: Any) -> Any:
        return 2 * right / np.maximum(true + predicted, 1)


@METRICS.register
@dataclass(frozen=True)
class RocAuc(Metric):
    """The chance that a row of a class gets a larger output for it than a row of another; ties count half.

    With more than two classes each against the rest, averaged over classes that have both. Outputs of all rows are held
    until the epoch ends.
    """

    name: ClassVar[str] = "roc_auc"
    for_classes: ClassVar[bool] = True

    def start(self, outputs: int) -> Any:
        return []

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        memory.append((A.copy(), Y > 0.5))

    def arrays(self, memory: Any) -> list[FloatArray]:
        return [np.concatenate(arrays) for arrays in zip(*memory, strict=True)]

    def memory(self, arrays: list[FloatArray]) -> Any:
        return [tuple(arrays)] if arrays else []

    def result(self, memory: Any) -> float:
        A, Y = (np.concatenate(arrays) for arrays in zip(*memory, strict=True))
        areas = [area for column in range(A.shape[1]) if (area := _area(A[:, column], Y[:, column])) is not None]
        return float(np.mean(areas)) if areas else float("nan")


def _area(scores: FloatArray, positive: FloatArray) -> float | None:
    """Return the Mann-Whitney U statistic divided by the number of pairs; None when there are no pairs."""
    count = int(positive.sum())
    if count in (0, len(positive)):
        return None
    _, place, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2.0)[place]
    return float((ranks[positive].sum() - count * (count + 1) / 2.0) / (count * (len(positive) - count)))


@METRICS.register
@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean distance from the target, over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "mae"
    larger_is_better: ClassVar[bool] = False

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        memory += (np.abs(reading.errors(A, Y)).sum(), A.size)

    def series(self, A: FloatArray, Y: FloatArray, reading: Reading) -> FloatArray:
        return np.asarray(np.abs(reading.errors(A, Y)).mean(axis=(1, 2)))


@METRICS.register
@dataclass(frozen=True)
class RootMeanSquaredError(Metric):
    """The root of the mean squared distance from the target, over rows and outputs, in the targets' own units."""

    name: ClassVar[str] = "rmse"
    larger_is_better: ClassVar[bool] = False

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        memory += (np.square(reading.errors(A, Y)).sum(), A.size)

    def series(self, A: FloatArray, Y: FloatArray, reading: Reading) -> FloatArray:
        return np.asarray(np.sqrt(np.square(reading.errors(A, Y)).mean(axis=(1, 2))))

    def result(self, memory: Any) -> float:
        return float(super().result(memory) ** 0.5)


@METRICS.register
@dataclass(frozen=True)
class R2(Metric):
    """1 - squared errors over the targets' squared distances from their mean; averaged over outputs."""

    name: ClassVar[str] = "r2"

    def start(self, outputs: int) -> Any:
        return np.zeros((4, outputs))  # rows, mean and squares of targets, squared errors

    def add(self, memory: Any, A: FloatArray, Y: FloatArray, reading: Reading) -> None:
        rows, mean = len(Y), Y.mean(axis=0, dtype=np.float64)
        before, shift = memory[0].copy(), mean - memory[1]
        memory[0] += rows
        memory[1] += shift * rows / memory[0]
        memory[2] += np.square(Y - mean).sum(axis=0) + np.square(shift) * before * rows / memory[0]
        memory[3] += np.square(np.subtract(A, Y, dtype=np.float64)).sum(axis=0)

    def result(self, memory: Any) -> float:
        varies = memory[2] > 0
        return float(np.mean(1.0 - memory[3][varies] / memory[2][varies])) if varies.any() else float("nan")
