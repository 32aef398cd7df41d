"""How a runner talks with the benchmark, so that all of them are alive in one run and take turns.

`python -m benchmarks.peers.<name> WORKLOAD DATA` gets the workload as JSON and the path of an NPZ with X (rows, inputs)
and Y (rows, outputs), float32. It warms up and writes a line: its library's version and what an epoch takes. For each
line with a number of epochs it trains on and writes how many they were, their seconds and the loss after them; an empty
line or the end of its input ends it. Its other output goes to standard error.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

LOSS_ROWS = 10_000  # the loss that shows whether a runner learns is over that many rows at most, outside the time
WARM_UP_SECONDS = 0.2
SMALLEST = 1e-7  # what a logarithm is taken of at least


@dataclass(frozen=True)
class Runner:
    """`run(epochs)` trains on and returns when all is computed; `predict(X)` gives the outputs (rows, outputs).

    Epochs come `step` at a time.
    """

    version: str
    run: Callable[[int], None]
    predict: Callable[[Any], Any]
    step: int = 1


def loss_of(name: str, A: Any, Y: Any) -> float:
    """The mean over rows of a workload's loss, in float64; the same for every runner."""
    A, Y = np.asarray(A, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    if name == "categorical_cross_entropy":
        rows = -(Y * np.log(np.maximum(A, SMALLEST))).sum(axis=1)
    elif name == "quadratic":
        rows = 0.5 * np.square(A - Y).sum(axis=1)
    else:
        rows = np.square(A - Y).mean(axis=1)
    return float(rows.mean())


def warm_up(runner: Runner) -> float:
    """Compile what is compiled, then train ever more epochs until their time can be measured: seconds per epoch."""
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
    os.dup2(2, 1)  # whatever a library prints is no answer
    workload = json.loads(sys.argv[1])
    with np.load(sys.argv[2], allow_pickle=False) as data:
        X, Y = data["X"], data["Y"]
    runner = prepare(workload, X, Y)
    serve(runner, lambda: loss_of(workload["loss"], runner.predict(X[:LOSS_ROWS]), Y[:LOSS_ROWS]), sys.stdin, answers)
    return 0
