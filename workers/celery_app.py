"""The worker process: Celery with prefork children, each of which trains one job at a time.

The parent imports no NumPy and opens no database; its children do. A child trains when the doorbell rings, and looks
for itself every few seconds, so a lost message costs no more than that. Each notes that it lives, and gives back the
leases of processes that died.
"""

import logging
import os
import signal
import socket
import threading
import time
from typing import Any

import billiard.pool
from billiard import active_children
from celery import Celery, signals

from service.backprop.training.kernels import NUMBA, has_numba, resolve
from service.config import Settings
from service.errors import Misconfigured, ServiceError
from service.ops.processes import die_with_parent
from service.queue import QUEUE, RUN_NEXT_JOB
from service.services import open_services
from workers.celery_internals import ConsumerWithoutQueue, pool_that_notes
from workers.exit_codes import Obituaries
from workers.housekeeping import LEAVE_SECONDS, Keeper

GRACE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Child:
    """One prefork child: a lock so that it trains one job at a time, whoever asks."""

    def __init__(self, settings: Settings, parent: int, obituaries: Obituaries) -> None:
        self.settings = settings
        self.name = f"{socket.gethostname()}:{parent}:{os.getpid()}"
        self.services = open_services(settings)
        self.leaving = threading.Event()
        self.busy = threading.Lock()
        self.looker = threading.Thread(target=self._look, name="looker", daemon=True)
        self.keeper = Keeper(self.services, self.name, obituaries)

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
        import workers.run.run  # noqa: F401

        if resolve(self.settings.kernels) == NUMBA:
            from service.backprop.compiled.warming import warm

            warm("float32", "float64")

    def _handle_signals(self, **_: Any) -> None:
        """SIGTERM, to this process or to the whole group: store what there is, put the job back, leave."""
        signal.signal(signal.SIGTERM, lambda *_: self.leaving.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def run_jobs(self) -> None:
        """Train what waits, until nothing does or the process is to leave."""
        from workers.run.run import run_next_job  # here, as only children load NumPy

        with self.busy:
            try:
                while not self.leaving.is_set() and run_next_job(self.services, self.name, self.leaving.is_set):
                    pass
            except ServiceError as error:  # Celery would tell it at length; the next look is soon
                log.warning("cannot look for jobs: %s", error.detail)

    def _look(self) -> None:
        """The doorbell may be silent: look for jobs every few seconds while idle."""
        while not self.leaving.wait(self.settings.look_seconds):
            if self.busy.locked():
                continue
            try:
                self.run_jobs()
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


def make_worker_app(settings: Settings, obituaries: Obituaries) -> Celery:
    """The Celery application with its one task, and the life of its children."""
    services = open_services(settings)
    app = services.doorbell.celery
    parent = os.getpid()
    children: list[Child] = []

    def begin_child(**_: Any) -> None:
        die_with_parent(parent)
        child = Child(settings, parent, obituaries)
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
    obituaries = Obituaries()
    app = make_worker_app(settings, obituaries)
    worker = app.Worker(
        concurrency=settings.resolved_workers,
        pool=pool_that_notes(obituaries),
        consumer_cls=ConsumerWithoutQueue,
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
