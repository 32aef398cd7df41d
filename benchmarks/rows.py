"""The kinds of published results: the published values, the jobs that reproduce them, and the permitted bands."""

from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Band:
    """A range including both ends, and the reason for it, which is printed below the table."""

    low: float
    high: float
    why: str

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:,g} to {self.high:,g}"


@dataclass(frozen=True)
class Row:
    """One published result. `key` names it on the command line; `jobs` differ in their seeds alone."""

    key: str
    network: str
    settings: str
    published: str
    jobs: tuple[Body, ...]


@dataclass(frozen=True)
class Accuracy(Row):
    """Test accuracy in percent, at the best epoch of each seed.

    The band has to hold the highest of the seeds, or, with `every_seed`, each of them. `trained_right` is how many
    training rows have to be right at the last epoch, where that was published.
    """

    band: Band
    every_seed: bool = False
    trained_right: int | None = None


@dataclass(frozen=True)
class Output(Row):
    """The outputs of one neuron for `instance` before the first and after the last epoch; all digits must agree."""

    instance: tuple[float, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Lengths(Row):
    """The length of the error vector of each hidden layer at the first step, the mean over the seeds.

    Each length, and each ratio of neighbours, may be off by `factor`.
    """

    lengths: tuple[float, ...]
    factor: float


@dataclass(frozen=True)
class Sweeps(Row):
    """How many seeds learn the task, and the median of the sweeps that those needed."""

    band: Band
    least_solved: int


def seeded(body: Body, seeds: int) -> tuple[Body, ...]:
    """Return the same job with the seeds 1 to `seeds`."""
    return tuple({**body, "training": {**body["training"], "seed": seed}} for seed in range(1, seeds + 1))


def dense(units: int, activation: str, weights: Any, biases: Any) -> Body:
    """Return one dense layer with its initializers."""
    return {
        "type": "dense",
        "units": units,
        "activation": activation,
        "initializer": weights,
        "bias_initializer": biases,
    }


def sgd(learning_rate: float, momentum: float = 0.0) -> Body:
    return {"type": "sgd", "learning_rate": learning_rate, "momentum": momentum}
