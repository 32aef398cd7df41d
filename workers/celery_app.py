"""The worker process: Celery with prefork children, each of which trains one job at a time.

The parent imports no NumPy and opens no database; its children do. A child trains when the doorbell rings, and looks
for itself every few seconds, so a lost message costs no more than that. Each notes that it lives, and gives back the
leases of processes that died.
"""

import logging
import math
import os
import signal
import socket
import threading
import time
from typing import Any

import billiard.pool
from billiard import active_children
from celery import Celery, signals

from service.backprop.kernels import NUMBA, has_numba, resolve
from service.config import Settings
from service.errors import Misconfigured, ServiceError
from service.parts import Parts, open_parts
from service.processes import die_with_parent, is_alive
from service.queue import QUEUE, RUN_NEXT_JOB
from service.store import workers

NOTE_SECONDS = 5.0
WATCH_SECONDS = 1.0
LEAVE_SECONDS = 8.0
GRACE_SECONDS = 1.0
COLLECT_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Child:
    """One prefork child: a lock so that it trains one job at a time, whoever asks."""

    def __init__(self, settings: Settings, parent: int) -> None:
        self.settings = settings
        self.name = f"{socket.gethostname()}:{parent}:{os.getpid()}"
        self.parts = open_parts(settings)
        self.leaving = threading.Event()
        self.busy = threading.Lock()
        self.looker = threading.Thread(target=self._look, name="looker", daemon=True)
        self.keeper = Keeper(self.parts, self.name)

    def start(self) -> None:
        """To be called in the child, once it is there."""
        # billiard resets signals right after this, so that SIGTERM would kill the child in the middle of a batch;
        # this is the child's own copy of the module
        billiard.pool.reset_signals = self._handle_signals
        self.looker.start()
        self.keeper.start()
        threading.Thread(target=self._warm, name="warmer", daemon=True).start()

    def _warm(self) -> None:
        """Load what training needs, so that the first job need not wait for it; it only would."""
        import workers.training_run  # noqa: F401

        if resolve(self.settings.kernels) == NUMBA:
            from service.backprop.compiled.warming import warm

            warm("float32", "float64")

    def _handle_signals(self, **_: Any) -> None:
        """SIGTERM, to this process or to the whole group: store what there is, put the job back, leave."""
        signal.signal(signal.SIGTERM, lambda *_: self.leaving.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def run_jobs(self) -> None:
        """Train what waits, until nothing does or the process is to leave."""
        from workers.training_run import run_next_job  # here, as only children load NumPy

        with self.busy:
            while not self.leaving.is_set() and run_next_job(self.parts, self.name, self.leaving.is_set):
                pass

    def _look(self) -> None:
        """The doorbell may be silent: look for jobs every few seconds while idle."""
        while not self.leaving.wait(self.settings.look_seconds):
            if self.busy.locked():
                continue
            try:
                self.run_jobs()
            except ServiceError as error:
                log.warning("cannot look for jobs: %s", error.detail)
            except Exception:  # the thread must live: it also ends the process when that is asked for
                log.exception("looking for jobs failed")
        with self.busy:
            pass
        # usually the pool ends this process now; if the signal was for this one alone, it has to go by itself
        time.sleep(GRACE_SECONDS)
        self.keeper.stop()
        os._exit(0)

    def leave(self) -> None:
        """Let the looker's job be stored and put back."""
        self.leaving.set()
        if self.busy.acquire(timeout=LEAVE_SECONDS):
            self.busy.release()
        self.keeper.stop()


class Keeper:
    """A child's thread: notes that the child lives, and frees the jobs of processes that died on this machine.

    It is the children's and not the parent's work because a process that forks must not have SQLite open: the child
    would inherit the belief that locks are held.
    """

    def __init__(self, parts: Parts, name: str) -> None:
        self.parts, self.name = parts, name
        self.host = name.split(":", 1)[0]
        self._collected = -math.inf
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(LEAVE_SECONDS)
        try:
            with self.parts.database.begin() as connection:
                workers.forget_worker(connection, self.name)
        except ServiceError as error:
            log.warning("cannot note that this worker left: %s", error.detail)

    def _keep(self) -> None:
        waited = NOTE_SECONDS
        while True:
            try:
                if waited >= NOTE_SECONDS:
                    with self.parts.database.begin() as connection:
                        workers.note_worker(connection, self.name)
                    waited = 0.0
                self._free_jobs_of_the_dead()
                self._collect()
            except ServiceError as error:
                log.warning("cannot note that this worker lives: %s", error.detail)
            except Exception:  # the thread must live: without its notes this worker counts as dead
                log.exception("keeping the workers' notes failed")
            if self._over.wait(WATCH_SECONDS):
                return
            waited += WATCH_SECONDS

    def _collect(self) -> None:
        """At the start and once an hour: what no row points to any more, or not yet as a process died before it did."""
        from service.catalog import collect_orphans  # here, as only children load NumPy

        if time.monotonic() - self._collected > COLLECT_SECONDS:
            self._collected = time.monotonic()
            collect_orphans(self.parts)

    def _free_jobs_of_the_dead(self) -> None:
        with self.parts.database.read() as connection:
            names = workers.names_on(connection, self.host + ":")
        for name in names:
            if not is_alive(int(name.rsplit(":", 1)[1])):
                with self.parts.database.begin() as connection:
                    freed = workers.bury(connection, name)
                log.warning("process %s has died; %d job(s) of it are free again", name, freed)
                self.parts.doorbell.ring()


def make_worker_app(settings: Settings) -> Celery:
    """The Celery application with its one task, and the life of its children."""
    parts = open_parts(settings)
    app = parts.doorbell.celery
    parent = os.getpid()
    children: list[Child] = []

    def begin_child(**_: Any) -> None:
        die_with_parent(parent)
        child = Child(settings, parent)
        children.append(child)
        child.start()

    def end_child(**_: Any) -> None:
        for child in children:
            child.leave()

    def stop_children(**_: Any) -> None:
        for process in active_children():
            if process.pid:
                os.kill(process.pid, signal.SIGTERM)

    @app.task(name=RUN_NEXT_JOB)  # type: ignore[untyped-decorator, unused-ignore]
    def run_next_job() -> None:
        for child in children:
            child.run_jobs()

    signals.worker_process_init.connect(begin_child, weak=False)
    signals.worker_process_shutdown.connect(end_child, weak=False)
    signals.worker_shutting_down.connect(stop_children, weak=False)
    return app


def run_worker(settings: Settings) -> int:
    """Work until told to stop; the exit code."""
    if settings.kernels == NUMBA and not has_numba():
        raise Misconfigured("BACKPROP_KERNELS is numba, but numba and scipy are not installed: pip install numba scipy")
    app = make_worker_app(settings)
    worker = app.Worker(
        concurrency=settings.resolved_workers,
        pool="prefork",
        queues=[QUEUE],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        hostname=f"backprop-{os.getpid()}@{socket.gethostname()}",
        loglevel=settings.log_level.upper(),
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
