"""Measures how fast this machine trains, by short trainings of three small networks. For the worker process.

The result is two factors, for calls and for arithmetic: the machine's seconds divided by those that
`service.estimates.speed` has for another machine.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from service.backprop.activations import Relu, Sigmoid
from service.backprop.layers import Dense
from service.backprop.losses import Quadratic
from service.backprop.network import Network
from service.backprop.optimizers.adam import Adam
from service.backprop.optimizers.base import Optimizer
from service.backprop.optimizers.gradient_descent import SGD
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings
from service.estimates.speed import STEPS, Calibration, seconds_of
from service.estimates.work import Rows, Sizes, work_of

TURN_SECONDS, TURNS = 0.02, 5
WARM_EPOCH = 8  # up to here epochs are measured more often than later, layer by layer
LEAST, MOST = 0.02, 50.0  # what a factor may be
ROUNDS = 8  # of solving for the two factors
EPOCHS = 10_000_000
RUN_LENGTH, DENSITY = 7, 0.2  # of inputs that are not 0, which stand next to each other as in pictures


@dataclass(frozen=True)
class Probe:
    """A training that is measured."""

    inputs: int
    units: tuple[int, ...]
    rows: int
    batch_size: int
    optimizer: Optimizer
    density: float = 1.0


SMALL = Probe(4, (8, 4), 64, 4, SGD())
LARGE = (
    Probe(256, (256, 10), 512, 128, Adam()),
    Probe(784, (32, 10), 400, 50, SGD(), DENSITY),
)


def calibrate(kernels: str, threads: int, should_stop: Callable[[], bool]) -> Calibration | None:
    """Return this machine's calibration; None when it was stopped, as a job has to run."""
    measured = []
    for probe in (SMALL, *LARGE):
        found = _measure(probe, kernels, threads, should_stop)
        if found is None:
            return None
        measured.append(found)
    return _solve(measured[0], measured[1:])


@dataclass(frozen=True)
class Found:
    """The seconds of an epoch that were measured, and the model's seconds of its calls and of its arithmetic."""

    seconds: float
    steps: float
    arithmetic: float


def _solve(small: Found, large: list[Found]) -> Calibration:
    """Return the two factors: that of calls from the small training, where they rule, and that of arithmetic."""
    steps = arithmetic = 1.0
    for _ in range(ROUNDS):
        factors = [_bounded((each.seconds - steps * each.steps) / each.arithmetic) for each in large]
        arithmetic = statistics.geometric_mean(factors)
        steps = _bounded((small.seconds - arithmetic * small.arithmetic) / small.steps)
    return Calibration(steps, arithmetic)


def _bounded(factor: float) -> float:
    return min(MOST, max(LEAST, factor))


def _measure(probe: Probe, kernels: str, threads: int, should_stop: Callable[[], bool]) -> Found | None:
    network, settings, rows = _built(probe, kernels, threads)
    runs = train(network, settings, rows, should_stop=should_stop)
    turns = []
    if _run_until(runs, WARM_EPOCH, 0.0) is None:
        return None
    for _ in range(TURNS):
        seconds = _run_until(runs, 0, TURN_SECONDS)
        if seconds is None:
            return None
        turns.append(seconds)
    layers = [placed.layer for placed in network.layers]
    sizes = Sizes.of(layers, probe.inputs)
    work = work_of(layers, sizes, settings, Rows(probe.rows, 0, probe.density))
    parts = seconds_of(work, kernels, "float32", threads)
    steps = sum(value for name, value in parts.items() if name in STEPS)
    return Found(statistics.median(turns), steps, sum(parts.values()) - steps)


def _run_until(runs: Iterator[EpochRun], epoch: int, seconds: float) -> float | None:
    """Train up to an epoch and for some time; return the seconds per epoch, None when it was stopped."""
    began, count = time.perf_counter(), 0
    for run in runs:
        count += len(run)
        spent = time.perf_counter() - began
        if run.last_epoch >= epoch and spent >= seconds:
            return spent / count
    return None


def _built(probe: Probe, kernels: str, threads: int) -> tuple[Network, TrainingSettings, ArrayRows]:
    draws = np.random.default_rng(1986)
    X = draws.random((probe.rows, probe.inputs), dtype=np.float32)
    if probe.density < 1:
        runs = draws.random((probe.rows, -(-probe.inputs // RUN_LENGTH))) < probe.density
        X[~np.repeat(runs, RUN_LENGTH, axis=1)[:, : probe.inputs]] = 0
    Y = draws.random((probe.rows, probe.units[-1]), dtype=np.float32)
    *hidden, outputs = probe.units
    network = Network(probe.inputs, [*(Dense(units, Relu()) for units in hidden), Dense(outputs, Sigmoid())])
    network.initialize(1)
    settings = TrainingSettings(
        Quadratic(), probe.optimizer, EPOCHS, probe.batch_size, True, 1, threads=threads, kernels=kernels
    )
    return network, settings, ArrayRows(X, Y)
