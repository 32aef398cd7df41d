"""Starts, kills, stops and continues the workers of a load by their process ids."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from chaos.failpoints import Trail
from chaos.worker import Order
from tests.waiting import wait_until

START_SECONDS = 60.0
FORK_SECONDS = 20.0


class Crew:
    """One `chaos.worker` parent and the children it has forked; a context manager that ends all of them."""

    def __init__(self, environment: Mapping[str, str], trail: Trail, log: Path) -> None:
        self.trail, self.log = trail, log
        outer = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROP_")}
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._environment = {**outer, **threads, **environment}
        self._codes: dict[int, int] = {}
        self._started: list[int] = []
        self._changed = threading.Condition()
        self._turn = threading.Lock()  # one start at a time, to match it with its answer

    def __enter__(self) -> "Crew":
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaos.worker", str(self.trail.path)],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parent.parent,
            )
        self._ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="crew", daemon=True)
        self._listener.start()
        assert self._ready.wait(START_SECONDS) and self._process.poll() is None, self.log.read_text()[-4000:]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()  # the parent then kills its children and ends
        self._process.wait(FORK_SECONDS)
        self._listener.join()
        self._process.stdout.close()

    def start(self, order: Order | None = None) -> int:
        """Start a worker; return its process id."""
        with self._turn:
            before = len(self._started)
            self._send(order or Order())
            with self._changed:
                assert self._changed.wait_for(lambda: len(self._started) > before, FORK_SECONDS), "no worker was forked"
                return self._started[-1]

    def send(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a worker, unless it has ended."""
        self._write({"pid": pid, "signal": int(number)})

    def code(self, pid: int) -> int | None:
        """Return the exit code of a worker, minus the number of a signal that ended it; None while it lives."""
        with self._changed:
            return self._codes.get(pid)

    def wait(self, pid: int, seconds: float) -> int | None:
        """Wait until a worker has ended; return its exit code, or None when it still lives after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._codes, seconds)
            return self._codes.get(pid)

    def dismiss(self, pid: int, seconds: float = FORK_SECONDS) -> None:
        """Stop a worker by SIGTERM and wait until it has ended."""
        self.send(pid, signal.SIGTERM)
        assert self.wait(pid, seconds) is not None, f"worker {pid} does not leave, see {self.log}"

    def living(self) -> list[int]:
        """Return the process ids of the workers that have not ended."""
        with self._changed:
            return [pid for pid in self._started if pid not in self._codes]

    def kill_all(self) -> None:
        """End all workers, and wait until they have."""
        for pid in self.living():
            self.send(pid, signal.SIGKILL)
            self.wait(pid, FORK_SECONDS)

    def is_stopped(self, pid: int) -> bool:
        """Return whether a worker is stopped by SIGSTOP."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except FileNotFoundError:
            return False

    def until_stopped(self, pid: int, seconds: float) -> None:
        wait_until(lambda: self.is_stopped(pid), seconds, f"worker {pid} to stand still, see {self.log}")

    def _send(self, order: Order) -> None:
        self._write(order.line())

    def _write(self, line: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(line) + "\n").encode())
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text)
            with self._changed:
                if "ready" in line:
                    self._ready.set()
                elif "started" in line:
                    self._started.append(line["started"])
                else:
                    self._codes[line["ended"]] = line["code"]
                self._changed.notify_all()
        self._ready.set()
