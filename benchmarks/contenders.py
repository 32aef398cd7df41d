"""The contenders that run in processes: the engine with this Python, the peers with theirs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.standings import ENGINE, JAX, JAX_ORDERED, JAX_SCANNED, SCIKIT_LEARN, TORCH_1, TORCH_2
from benchmarks.workloads import Workload
from service.ops.supervisor import THREAD_VARIABLES

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 10.0
STDERR_BYTES = 8000  # how much of the end of a failed contender's error output is shown


class Died(Exception):
    """A contender ended, or wrote something other than an answer, before it was stopped."""


@dataclass(frozen=True)
class Kind:
    """A column of the table. `threads` are those of BLAS and OpenMP; None leaves them to the library."""

    name: str
    module: str
    threads: int | None = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def instruction(self, workload: Workload) -> dict[str, Any]:
        return workload.instruction(threads=self.threads, **{"scanned": None, "order": "own", **self.options})


def kinds(workload: Workload) -> list[Kind]:
    """Return all contenders except the service, in the order of the table."""
    jax = "benchmarks.peers.jax_epochs"
    every = [
        Kind(ENGINE, "benchmarks.engine"),
        Kind(TORCH_1, "benchmarks.peers.pytorch"),
        Kind(TORCH_2, "benchmarks.peers.pytorch", threads=2),
        Kind(JAX, jax, threads=None),
        Kind(JAX_ORDERED, jax, threads=None, options={"order": "numpy"}),
        Kind(SCIKIT_LEARN, "benchmarks.peers.scikit_learn"),
    ]
    if workload.scanned:
        every.append(Kind(JAX_SCANNED, jax, threads=None, options={"scanned": workload.scanned}))
    return every


def environment(threads: int | None) -> dict[str, str]:
    """Return this process's environment with the number of threads set, or not set for None."""
    left = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    return left if threads is None else {**left, **dict.fromkeys(THREAD_VARIABLES, str(threads))}


class Contender:
    """The process of a runner, which has warmed up when the constructor returns."""

    def __init__(self, name: str, command: list[str], seconds: float, threads: int | None = 1) -> None:
        self.name = name
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            cwd=ROOT,
            env=environment(threads),
        )
        try:
            ready = self._answer("version", "seconds_per_epoch")
        except BaseException:
            self.stop()
            raise
        self.version: str = ready["version"]
        self.epochs = max(1, round(seconds / ready["seconds_per_epoch"]))

    def turn(self) -> tuple[dict[str, float], float]:
        """Train for one turn; return the seconds per epoch and the loss after them."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # the missing answer is reported instead
            self.process.stdin.write(f"{self.epochs}\n")
            self.process.stdin.flush()
        answer = self._answer("epochs", "seconds", "loss")
        return {self.name: answer["seconds"] / answer["epochs"]}, answer["loss"]

    def _answer(self, *fields: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        try:
            answer = json.loads(line)
            return {name: answer[name] for name in fields}
        except (ValueError, KeyError, TypeError):
            raise Died(f"{self.name} {self._end(line)}") from None

    def _end(self, line: str) -> str:
        """Return how a contender ended that did not answer."""
        if line:
            return f"answered {line[:200]!r}"
        code = self.process.wait()
        self.stderr.seek(max(0, self.stderr.seek(0, os.SEEK_END) - STDERR_BYTES))
        return f"ended with {code}:\n{self.stderr.read().decode(errors='replace')}"

    def stop(self) -> None:
        """Let the process end, or kill it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.stderr.close()


def start(kind: Kind, workload: Workload, data: Path, peers: Path, seconds: float) -> Contender:
    """Start a contender whose turns take about `seconds`, and wait until it has warmed up."""
    python = sys.executable if kind.name == ENGINE else str((peers / "bin" / "python").absolute())
    command = [python, "-m", kind.module, json.dumps(kind.instruction(workload)), str(data)]
    return Contender(kind.name, command, seconds, kind.threads)
