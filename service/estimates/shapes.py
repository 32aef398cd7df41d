"""What decides the cost of a job: its layers, settings and rows, read from a resolved job and its dataset's columns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.backprop.layers import Layer
from service.backprop.training.settings import TrainingSettings
from service.definitions.build import build_settings, engine_layers
from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.resolved import ResolvedTraining, Splitting
from service.estimates.work import Rows, Sizes, Work, is_compiled, work_of


@dataclass(frozen=True)
class Data:
    """A dataset as far as it decides a cost: its rows, its bytes, and the share of its inputs that are not 0."""

    rows: int
    bytes: int
    density: float
    is_standardized: bool
    is_weighted: bool


@dataclass(frozen=True)
class Machine:
    """What a job would run on: what computes the steps, and threads for one job."""

    kernels: str
    threads: int


@dataclass(frozen=True)
class Shape:
    """A job as far as it decides its cost."""

    layers: tuple[Layer, ...]
    sizes: Sizes
    settings: TrainingSettings
    training: ResolvedTraining
    data: Data
    rows: Rows
    tested: int

    @classmethod
    def of(
        cls,
        network: dict[str, Any],
        training: ResolvedTraining,
        data: Data,
        others: dict[str, int],
        machine: Machine,
    ) -> "Shape":
        """Return the shape of a job; `others` are the rows of the datasets that validate and test, by part."""
        layers = tuple(engine_layers({"layers": [_without_arrays(layer) for layer in network["layers"]]}))
        settings = build_settings(training, None, threads=machine.threads, kernels=machine.kernels)
        counts = _count(training.splitting, data.rows, others)
        numbers = training.preprocessing.numbers
        scaled = data.is_standardized if numbers == "auto" else numbers != "none"
        rows = Rows(
            counts["training"],
            counts["validation"],
            1.0 if scaled else data.density,
            data.is_weighted or training.class_weights is not None,
        )
        return cls(layers, Sizes.of(layers, network["inputs"]), settings, training, data, rows, counts["test"])

    @cached_property
    def work(self) -> Work:
        """The work of one epoch."""
        return work_of(self.layers, self.sizes, self.settings, self.rows)

    @property
    def batch(self) -> int:
        return min(self.settings.batch_size, self.rows.training)

    @cached_property
    def is_compiled(self) -> bool:
        return is_compiled(self.layers, self.settings, self.rows)

    @property
    def itemsize(self) -> int:
        """Bytes of a number in training."""
        return 8 if self.training.precision == "float64" else 4

    @property
    def slots(self) -> int:
        """How many vectors as long as the parameters the optimizer has."""
        return len(self.settings.optimizer.vectors())


def _without_arrays(layer: dict[str, Any]) -> dict[str, Any]:
    """Return a layer without the numbers that it may start from, as these cost nothing in training."""
    return {name: value for name, value in layer.items() if name not in ("weights", "biases")}


def data_of(table: Table) -> Data:
    """Return what a dataset's statistics say of the cost of training on it, without reading a row."""
    inputs = table.having(Role.INPUT)
    widths = [len(column.categories or ()) if column.type is ColumnType.CATEGORY else 1 for column in inputs]
    present = sum(map(_present, inputs))
    return Data(
        table.rows,
        table.bytes,
        present / max(1, sum(widths)),
        any(_is_outside(column, table.scale) for column in inputs),
        bool(table.having(Role.WEIGHT)),
    )


def _present(column: Column) -> float:
    """Return how many of a column's numbers in a row are not 0, at least: one of a category, of numbers their share.

    For numbers that are never negative, E[x]^2 / E[x^2] is at most the share that is not 0 (Cauchy and Schwarz), and
    equal to it where they are 0 or one other number.
    """
    if column.type is ColumnType.CATEGORY or column.minimum != 0.0:
        return 1.0
    mean, deviation = column.mean or 0.0, column.standard_deviation or 0.0
    squares = mean**2 + deviation**2
    return mean**2 / squares if squares > 0 else 0.0


def _is_outside(column: Column, scale: float) -> bool:
    """Return whether numbers of a column lie outside -1 to 1, for which `auto` standardizes all columns."""
    if column.type is ColumnType.CATEGORY:
        return False
    return max(abs(column.minimum or 0.0), abs(column.maximum or 0.0)) > scale


def _count(splitting: Splitting, rows: int, others: dict[str, int]) -> dict[str, int]:
    """Return how many rows train, validate and test, as `service.definitions.rows` counts them."""
    left = sum(end - start for start, end in splitting.training_ranges(rows))
    counts = {"training": 0, "validation": 0, "test": 0}
    for name in ("test", "validation"):
        part = getattr(splitting, name)
        if part is None:
            continue
        if part.dataset is not None:
            counts[name] = others.get(name, 0)
        elif part.rows is not None:
            counts[name] = part.rows[1] - part.rows[0]
        else:
            counts[name] = round(left * part.fraction)
            left -= counts[name]
    return {**counts, "training": max(1, left)}
