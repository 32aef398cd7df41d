"""The six trainings that `make bench-train` compares, and their data."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Body, sgd

ADAM: Body = {"type": "adam", "learning_rate": 0.001}
SIGMOIDS = ("sigmoid", "sigmoid", "quadratic")  # the hidden layers' and the output's activation, the loss
CLASSES = ("relu", "softmax", "categorical_cross_entropy")
VALUES = ("relu", "linear", "mean_squared_error")
XOR_INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_TARGETS = [[0], [1], [1], [0]]
PIXEL_SCALE = 255
THREADS = 2  # of the service and of the engine; JAX takes what there is
TABULAR_ROWS, TABULAR_INPUTS = 200_000, 20

Arrays = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Workload:
    """One training task, done by every contender in float32, shuffled every epoch, from its own random parameters.

    `sizes` are the inputs and the units of each layer; `hidden` and `output` are activations. `epochs` is the length of
    a job of the service, which takes a few seconds. `training_extra` is added to the job's `training`. With `scanned`
    JAX also trains that many epochs in one call.
    """

    key: str
    data: str
    rows: int
    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    optimizer: Body
    batch_size: int
    epochs: int
    training_extra: Mapping[str, Any] = field(default_factory=dict)
    scanned: int | None = None

    @property
    def title(self) -> str:
        """The description of the workload in tables."""
        sizes = "-".join(map(str, self.sizes))
        activations = self.hidden if self.output in (self.hidden, "linear") else f"{self.hidden} {self.output}"
        return f"{sizes} {activations}, batch {self.batch_size}, {self.optimizer['type']}, {self.rows:,} rows"

    def job(self, seed: int) -> Body:
        """Return the body of a job without validation and metrics, with every epoch stored."""
        units = self.sizes[1:]
        activations = [self.hidden] * (len(units) - 1) + [self.output]
        layers = zip(units, activations, strict=True)
        return {
            "dataset": self.data,
            "network": {"layers": [{"type": "dense", "units": count, "activation": name} for count, name in layers]},
            "training": {
                "loss": self.loss,
                "optimizer": self.optimizer,
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "rows": [0, self.rows],
                "seed": seed,
                "validation": None,
                "metrics": [],
                "preprocessing": {"numbers": "none", "targets": "none"},
                **self.training_extra,
            },
        }

    def instruction(self, **options: Any) -> Body:
        """Return what a runner receives; `options` are those of one contender."""
        return {
            "key": self.key,
            "sizes": list(self.sizes),
            "hidden": self.hidden,
            "output": self.output,
            "loss": self.loss,
            "optimizer": self.optimizer,
            "batch_size": self.batch_size,
            **options,
        }


WORKLOADS = (
    Workload("xor", "xor", 4, (2, 4, 1), *SIGMOIDS, sgd(0.5), 4, epochs=500_000, scanned=1000),
    Workload("nielsen", "mnist", 50_000, (784, 30, 10), *SIGMOIDS, sgd(3.0), 10, epochs=40),
    Workload("b3b1", "mnist", 50_000, (784, 16, 16, 10), *SIGMOIDS, sgd(3.0), 100, epochs=80),
    Workload("adam128", "mnist", 60_000, (784, 128, 10), *CLASSES, ADAM, 128, epochs=30),
    Workload("wide", "mnist", 60_000, (784, 512, 512, 10), *CLASSES, ADAM, 128, epochs=8),
    Workload("tabular", "tabular", TABULAR_ROWS, (TABULAR_INPUTS, 64, 64, 1), *VALUES, ADAM, 256, epochs=40),
)


def xor_arrays() -> Arrays:
    return np.array(XOR_INPUTS, dtype=np.float32), np.array(XOR_TARGETS, dtype=np.float32)


def mnist_arrays(path: Path) -> Arrays:
    """Return pixels from 0 to 1, and classes one-hot as ten outputs."""
    with np.load(path, allow_pickle=False) as data:
        pixels, labels = data["x_train"], data["y_train"]
    X = pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(PIXEL_SCALE)
    return X, (labels[:, None] == np.arange(10)).astype(np.float32)


def tabular_arrays() -> Arrays:
    """Return rows of twenty numbers, and a target that is a smooth function of some, with noise; always the same."""
    generator = np.random.default_rng(1986)
    X = generator.standard_normal((TABULAR_ROWS, TABULAR_INPUTS), dtype=np.float32)
    noise = 0.1 * generator.standard_normal(TABULAR_ROWS, dtype=np.float32)
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * np.abs(X[:, 3]) + X[:, 4:].mean(axis=1) + noise
    return X, y[:, None].astype(np.float32)


def arrays_of(data: str, mnist: Path) -> Arrays:
    """Return all inputs and targets of a workload's `data`."""
    makers: dict[str, Callable[[], Arrays]] = {
        "xor": xor_arrays,
        "mnist": lambda: mnist_arrays(mnist),
        "tabular": tabular_arrays,
    }
    return makers[data]()


def as_npz(X: NDArray[Any], y: NDArray[Any]) -> bytes:
    """Return the NPZ archive to upload."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, x=X, y=y)
    return stream.getvalue()
