"""Runners and the benchmark talk line by line; one that dies says why."""

import io
import json
import sys
from typing import Any

import numpy as np
import pytest

from benchmarks.contenders import Contender, Died, environment
from benchmarks.peers import protocol
from benchmarks.peers.protocol import Runner, loss_of, serve

READY = 'print(\'{"version": "x 1", "seconds_per_epoch": 0.25}\', flush=True)'


def contender(program: str, seconds: float = 1.0) -> Contender:
    return Contender("x", [sys.executable, "-c", program], seconds)


def test_a_contender_takes_its_turns() -> None:
    answer = 'print(\'{"epochs": 4, "seconds": 2.0, "loss": 0.125}\', flush=True)'
    made = contender(f"{READY}\nassert input() == '4'\n{answer}\nassert input() == '4'\n{answer}")
    try:
        assert (made.version, made.epochs) == ("x 1", 4)
        assert made.turn() == made.turn() == ({"x": 0.5}, 0.125)
    finally:
        made.stop()


def test_a_contender_that_ends_at_its_start_reports_its_error() -> None:
    with pytest.raises(Died, match=r"(?s)x ended with 1:.*no such library"):
        contender("raise ImportError('no such library')")


def test_a_contender_that_ends_in_its_turn_reports_its_error() -> None:
    death = "import os, sys\ninput()\nsys.stderr.write('out of luck')\nsys.stderr.flush()\nos._exit(3)"
    made = contender(f"{READY}\n{death}")
    try:
        with pytest.raises(Died, match=r"x ended with 3:\nout of luck"):
            made.turn()
    finally:
        made.stop()


def test_a_contender_that_does_not_answer_as_agreed_is_an_error() -> None:
    with pytest.raises(Died, match="x answered 'hello"):
        contender("print('hello', flush=True)\ninput()")


def test_threads_are_said_or_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert environment(2)["OMP_NUM_THREADS"] == environment(2)["OPENBLAS_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in environment(None)


def serve_lines(step: int, lines: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[dict[str, Any]]]:
    """What a runner was asked to train, and what it answered."""
    monkeypatch.setattr(protocol, "WARM_UP_SECONDS", 0.0)
    trained: list[int] = []
    answers = io.StringIO()
    runner = Runner("x 1", trained.append, lambda X: X, step)
    serve(runner, lambda: 0.5, io.StringIO(lines), answers)
    return trained, [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_runner_warms_up_then_answers_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    trained, (ready, *answers) = serve_lines(1, "3\n5\n\n7\n", monkeypatch)
    assert trained == [1, 1, 3, 5]
    assert set(ready) == {"version", "seconds_per_epoch"}
    assert [(answer["epochs"], answer["loss"]) for answer in answers] == [(3, 0.5), (5, 0.5)]


def test_epochs_are_rounded_up_to_whole_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    trained, (_, answer) = serve_lines(1000, "1001\n", monkeypatch)
    assert trained == [1000, 1000, 2000]
    assert answer["epochs"] == 2000


def test_losses_are_means_over_rows() -> None:
    A, Y = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    assert loss_of("quadratic", A, Y) == pytest.approx(0.5 * (0.5 + 0.125) / 2)
    assert loss_of("mean_squared_error", A, Y) == pytest.approx((0.5 + 0.125) / 4)
    assert loss_of("categorical_cross_entropy", A, Y) == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)
