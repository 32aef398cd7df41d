"""Failpoints: a process that reaches a named point for the n-th time ends itself by SIGKILL or stops by SIGSTOP.

Each time is recorded in the trail, as is every write that a fence permits to a run that does not own its job.
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, select

from chaos import hooks
from service.services import Services
from service.store.tables import jobs

KILL, STOP = "kill", "stop"
STOP_SECONDS = 5.0
SIGNALS = {KILL: signal.SIGKILL, STOP: signal.SIGSTOP}
UNRECORDED = frozenset({"batch"})  # reached too often to be recorded each time


@dataclass(frozen=True)
class Failpoint:
    """What a process does when it reaches `point` for the `occurrence`-th time: `act`."""

    point: str
    occurrence: int = 1
    act: str = KILL

    def __str__(self) -> str:
        return f"{self.act} at {self.point}, occurrence {self.occurrence}"


class Trail:
    """A file of JSON lines that all processes of a load append to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, **line: Any) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, (json.dumps({"pid": os.getpid(), **line}) + "\n").encode())
        finally:
            os.close(descriptor)

    def lines(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                yield json.loads(line)

    def reached(self, pid: int | None = None) -> Counter[str]:
        """Return how often each point was reached, by one process or by all."""
        lines = (line for line in self.lines() if "reached" in line and pid in (None, line["pid"]))
        return Counter(line["reached"] for line in lines)

    def trespasses(self) -> list[tuple[str, str]]:
        """Return writes of runs that did not own their job: the job, and a description."""
        return [(line["job"], line["trespass"]) for line in self.lines() if "trespass" in line]

    def fences_opened(self) -> int:
        return sum("fence" in line for line in self.lines())


class Points:
    """The points of this process, of which at most one has a failpoint."""

    def __init__(self, trail: Trail, armed: Failpoint | None) -> None:
        self.trail, self.armed = trail, armed
        self._occurrences: Counter[str] = Counter()
        self._turn = threading.Lock()
        self._writes = threading.local()
        self._gate = threading.Lock()  # before each write
        self._open = 0  # writes that have started

    def watch(self, services: Services) -> None:
        """Record every write of this process from now on."""
        engine = services.database.engine
        hooks.wrap(*hooks.BEGINS, self._before_begin)
        event.listen(engine, "commit", self._commits)
        event.listen(engine, "rollback", self._rolls_back)
        commit = engine.dialect.do_commit

        def then_committed(connection: Any) -> None:
            commit(connection)
            self._close()
            label, self._writes.label = getattr(self._writes, "label", None), None
            if label is not None:
                self.reach(f"{label} {hooks.COMMITTED}")

        engine.dialect.do_commit = then_committed  # type: ignore[method-assign, assignment]
        for label, module, name in hooks.CALLS:
            hooks.wrap(module, name, lambda function, label=label: self._around(function, label))  # type: ignore[misc]
        for name in hooks.FENCES:
            hooks.wrap(hooks.FENCES_MODULE, name, self._fence)

    def reach(self, point: str) -> None:
        with self._turn:
            self._occurrences[point] += 1
            armed = self.armed
            is_it = armed is not None and armed.point == point and self._occurrences[point] == armed.occurrence
            if point.split()[0] not in UNRECORDED or is_it:
                self.trail.add(reached=point)
        if is_it:
            assert armed is not None
            self._befall(armed.act)

    def _befall(self, act: str) -> None:
        """Kill or stop this process between writes of its threads, as SQLite's lock would block all other processes."""
        with self._gate:
            deadline = time.monotonic() + STOP_SECONDS
            while act == STOP and self._open and time.monotonic() < deadline:
                time.sleep(0.001)
            # to this thread: a signal to the process may be handled by another one while this one continues
            signal.pthread_kill(threading.get_ident(), SIGNALS[act])

    def _before_begin(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` wrapped to reach its point before it begins a transaction, while it holds no lock."""

        @wraps(function)
        def begin(*args: Any) -> Any:
            if label := hooks.writer():
                self.reach(f"{label} {hooks.BEGINNING}")
            with self._gate:
                self._open += 1
            self._writes.started = True
            return function(*args)

        return begin

    def _commits(self, connection: Connection) -> None:
        self._writes.label = None
        if connection.get_execution_options().get("writes") and (label := hooks.writer()):
            self.reach(f"{label} {hooks.WRITTEN}")
            self._writes.label = label

    def _rolls_back(self, _: Connection) -> None:
        self._close()

    def _close(self) -> None:
        """Mark this thread's write as ended, if it had started one."""
        if getattr(self._writes, "started", False):
            self._writes.started = False
            self._open -= 1

    def _around(self, function: Callable[..., Any], label: str) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*args: Any, **more: Any) -> Any:
            self.reach(f"{label} {hooks.BEFORE}")
            answer = function(*args, **more)
            self.reach(f"{label} {hooks.AFTER}")
            return answer

        return wrapped

    def _fence(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a fence wrapped to record runs that it permits although the row of the job has another owner."""

        @wraps(function)
        def wrapped(connection: Connection, job: Any, *args: Any, **more: Any) -> Any:
            row = connection.execute(select(jobs.c.attempt, jobs.c.status).where(jobs.c.number == job.number)).first()
            answer = function(connection, job, *args, **more)
            if answer:
                self.trail.add(fence=function.__name__)
                if row is None or (row.attempt, row.status) != (job.attempt, "running"):
                    now = "gone" if row is None else f"{row.status} in attempt {row.attempt}"
                    words = f"{function.__name__} let attempt {job.attempt} write when the job was {now}"
                    self.trail.add(trespass=words, job=job.id)
            return answer

        return wrapped
