"""`python -m chaos.worker`: a parent that forks workers on demand, each of which may get a failpoint.

It takes the place of Celery's parent process: it imports what training needs once, forks, and records how its children
end. It reads orders as JSON lines from its input and writes the results to its output. Children do what those of the
service do: the same housekeeping, the same `run_next_job`.
"""

import json
import logging
import os
import select
import signal
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from chaos import hooks, mutants
from chaos.failpoints import Failpoint, Points, Trail
from service.backprop.training.kernels import NUMBA, resolve
from service.config import Settings, read_settings
from service.errors import ServiceError
from service.services import open_services
from workers.exit_codes import ExitCodes
from workers.housekeeping import Housekeeping
from workers.process_names import ProcessName, pid_namespace
from workers.run.run import run_next_job

LISTEN_SECONDS = 0.02

log = logging.getLogger("chaos.worker")


@dataclass(frozen=True)
class Order:
    """A worker to start: its failpoint, and how it differs from an ordinary one.

    Without `trains` it does only housekeeping, without `keeps` only training; with `once` it ends after one job. With
    `whole` it flushes between epochs only.
    """

    failpoint: Failpoint | None = None
    mutant: str | None = None
    trains: bool = True
    keeps: bool = True
    once: bool = False
    whole: bool = False
    lease_seconds: float | None = None

    def line(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, line: dict[str, Any]) -> "Order":
        failpoint = line["failpoint"]
        return cls(**{**line, "failpoint": None if failpoint is None else Failpoint(**failpoint)})


def work(settings: Settings, trail: Trail, exit_codes: ExitCodes, order: Order) -> NoReturn:
    """Run one forked worker until it ends."""
    leaving: list[int] = []  # not an Event, whose lock may be held by the thread that the handler interrupts
    signal.signal(signal.SIGTERM, lambda number, _: leaving.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if order.lease_seconds is not None:
        settings = replace(settings, lease_seconds=order.lease_seconds)
    services = open_services(settings)
    if order.whole:
        hooks.store_whole_epochs_only()
    if order.mutant is not None:
        mutants.MUTANTS[order.mutant]()
    Points(trail, order.failpoint).watch(services)
    process = ProcessName(pid_namespace(), os.getppid(), os.getpid())
    housekeeping = Housekeeping(services, process, exit_codes)
    if order.keeps:
        housekeeping.start()
    while not leaving:
        try:
            if order.trains and run_next_job(services, str(process), lambda: bool(leaving)):
                if order.once:
                    break
                continue
        except ServiceError as error:
            log.warning("cannot look for jobs: %s", error.detail)
        time.sleep(settings.look_seconds)
    if order.keeps:
        housekeeping.stop()
    os._exit(0)


class Parent:
    """Forks workers, forwards signals to them, and reports which have ended."""

    def __init__(self, settings: Settings, trail: Trail) -> None:
        self.settings, self.trail = settings, trail
        self.exit_codes = ExitCodes()
        self.children: set[int] = set()

    def run(self) -> None:
        """Obey orders until the input ends, then kill all children."""
        self.report(ready=os.getpid())
        waiting = b""
        while True:
            readable, _, _ = select.select([0], [], [], LISTEN_SECONDS)
            self.reap()
            if not readable:
                continue
            data = os.read(0, 65536)
            if not data:
                break
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                self.obey(json.loads(line))
        for child in self.children:
            os.kill(child, signal.SIGKILL)

    def obey(self, line: dict[str, Any]) -> None:
        if "signal" in line:
            if line["pid"] in self.children:  # otherwise it has been reaped, and its id may be in use again
                os.kill(line["pid"], line["signal"])
            return
        child = os.fork()
        if not child:
            try:
                work(self.settings, self.trail, self.exit_codes, Order.of(line))
            except BaseException:
                log.exception("a worker failed")
                os._exit(1)
        self.children.add(child)
        self.report(started=child)

    def reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self.children.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            self.exit_codes.add(pid, code)
            self.report(ended=pid, code=code)

    def report(self, **line: Any) -> None:
        os.write(1, (json.dumps(line) + "\n").encode())


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    hooks.check()
    hooks.quicken()
    settings = read_settings(os.environ)
    if resolve(settings.kernels) == NUMBA:
        from service.backprop.compiled.warming import warm

        warm("float32", "float64")
    Parent(settings, Trail(Path(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
