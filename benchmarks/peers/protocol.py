"""The protocol between a runner and the benchmark, with which all runners stay alive and take turns.

`python -m benchmarks.peers.<name> WORKLOAD DATA` gets the workload as JSON and the path of an NPZ with X (rows, inputs)
and Y (rows, outputs), float32. It warms up and writes a line with its library's version and the seconds of an epoch.
For each line with a number of epochs it continues training and writes their number, their seconds and the loss after
them; an empty line or the end of its input ends it. Its other output goes to standard error.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

LOSS_ROWS = 10_000  # the loss, which is not timed, is computed on that many rows at most
WARM_UP_SECONDS = 0.2
SMALLEST = 1e-7  # the least argument of a logarithm


@dataclass(frozen=True)
class Runner:
    """A contender that is ready to train.

    `run(epochs)` continues training and returns when the computation is complete; `predict(X)` returns the outputs
    (rows, outputs). The number of epochs must be a multiple of `step`.
    """

    version: str
    run: Callable[[int], None]
    predict: Callable[[Any], Any]
    step: int = 1


def loss_of(name: str, A: Any, Y: Any) -> float:
    """Return the mean loss of a workload over rows, in float64; the same function for every runner."""
    A, Y = np.asarray(A, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    if name == "categorical_cross_entropy":
        rows = -(Y * np.log(np.maximum(A, SMALLEST))).sum(axis=1)
    elif name == "quadratic":
        rows = 0.5 * np.square(A - Y).sum(axis=1)
    else:
        rows = np.square(A - Y).mean(axis=1)
    return float(rows.mean())


def warm_up(runner: Runner) -> float:
    """Train once to compile, then more and more epochs until their time can be measured; return seconds per epoch."""
    runner.run(runner.step)
    epochs = runner.step
    while (seconds := timed(runner, epochs)) < WARM_UP_SECONDS:
        epochs *= 2
    return seconds / epochs


def timed(runner: Runner, epochs: int) -> float:
    began = time.perf_counter()
    runner.run(epochs)
    return time.perf_counter() - began


def serve(runner: Runner, loss: Callable[[], float], lines: IO[str], answers: IO[str]) -> None:
    """Take turns until the input ends."""
    _answer(answers, {"version": runner.version, "seconds_per_epoch": warm_up(runner)})
    for line in lines:
        if not line.strip():
            return
        epochs = -(-int(line) // runner.step) * runner.step
        seconds = timed(runner, epochs)
        _answer(answers, {"epochs": epochs, "seconds": seconds, "loss": loss()})


def _answer(answers: IO[str], body: dict[str, Any]) -> None:
    answers.write(json.dumps(body) + "\n")
    answers.flush()


def main(prepare: Callable[[dict[str, Any], Any, Any], Runner]) -> int:
    """Run a runner from start to end; `prepare(workload, X, Y)` makes it ready to train."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output printed by a library must not be taken for an answer
    workload = json.loads(sys.argv[1])
    with np.load(sys.argv[2], allow_pickle=False) as data:
        X, Y = data["X"], data["Y"]
    runner = prepare(workload, X, Y)
    serve(runner, lambda: loss_of(workload["loss"], runner.predict(X[:LOSS_ROWS]), Y[:LOSS_ROWS]), sys.stdin, answers)
    return 0
