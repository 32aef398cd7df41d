"""The worker process: Celery with prefork children, each of which trains one job at a time.

The parent imports no NumPy and opens no database; its children do. A child looks for jobs when a message arrives and
by itself every few seconds, so a lost message delays a job by no more than that. Each child reports that it is alive
and releases the jobs of processes that ended.
"""

import logging
import os
import signal
import socket
import threading
import time
from typing import Any

from celery import Celery, signals

from service.backprop.training.kernels import NUMBA, has_numba, resolve
from service.config import Settings
from service.errors import Misconfigured, ServiceError
from service.ops.processes import die_with_parent
from service.queue import QUEUE, RUN_NEXT_JOB
from service.services import open_services
from workers.celery_internals import (
    ConsumerWithoutQueue,
    child_pids,
    handle_signals_in_child,
    leave_logging_alone,
    pool_that_records,
)
from workers.delivery_process import DeliveryProcess
from workers.exit_codes import ExitCodes
from workers.housekeeping import STOP_SECONDS, Housekeeping
from workers.process_names import ProcessName, pid_namespace
from workers.shutting_down import ShuttingDown

GRACE_SECONDS = 1.0
CALIBRATE_SECONDS = 2.0  # after the start, which is busy, and between attempts
RING_SECONDS = 0.5  # how long a process that ends waits until the other workers are notified of the job it released

log = logging.getLogger(__name__)


class Child:
    """One prefork child, with a lock so that it trains one job at a time, whichever thread asks for it."""

    def __init__(
        self, settings: Settings, namespace: str, parent: int, exit_codes: ExitCodes, shutting_down: ShuttingDown
    ) -> None:
        self.settings, self.shutting_down = settings, shutting_down
        process = ProcessName(namespace, parent, os.getpid())
        self.name = str(process)
        self.services = open_services(settings)
        self.stopping = threading.Event()
        self.busy = threading.Lock()
        self.poller = threading.Thread(target=self._poll, name="poller", daemon=True)
        self.housekeeping = Housekeeping(self.services, process, exit_codes)

    def start(self) -> None:
        """Start the child's threads; to be called in the child after the fork."""
        handle_signals_in_child(self._handle_signals)
        self.poller.start()
        self.housekeeping.start()
        threading.Thread(target=self._warm, name="warmer", daemon=True).start()

    def _warm(self) -> None:
        """Import and compile what training needs, so that the first job does not wait for it."""
        import workers.run.run  # noqa: F401

        if resolve(self.settings.kernels) == NUMBA:
            from service.backprop.compiled.warming import warm

            warm("float32", "float64")
        self._calibrate()

    def _calibrate(self) -> None:
        """Measure how fast this machine trains, for estimates, unless that is known; a job that begins comes first."""
        from service.estimates.calibration import calibrate

        while not self.stopping.wait(CALIBRATE_SECONDS):
            try:
                if not self.housekeeping.needs_calibration():
                    return
                if self.busy.locked():
                    continue
                threads = self.settings.threads
                found = calibrate(resolve(self.settings.kernels), threads, lambda: self.busy.locked())
            except ServiceError as error:
                log.warning("this machine is not measured for estimates yet: %s", error.detail)
                continue
            if found is not None:
                self.housekeeping.report_calibration(found.to_json())
                return

    def _handle_signals(self) -> None:
        """Install signal handlers: on SIGTERM, the state of training is stored and the job released before the exit."""
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def is_stopping(self) -> bool:
        """Return whether this process is to stop, or its parent, which then ends with all its children."""
        return self.stopping.is_set() or self.shutting_down.is_set()

    def run_jobs(self) -> None:
        """Train queued jobs one after the other, until none is left or the process is to stop."""
        from workers.run.run import run_next_job  # imported here because only children load NumPy

        with self.busy:
            try:
                while not self.is_stopping() and run_next_job(self.services, self.name, self.is_stopping):
                    pass
            except ServiceError as error:  # Celery would log a traceback, and jobs are looked for again soon
                log.warning("cannot look for jobs: %s", error.detail)

    def _poll(self) -> None:
        """Look for jobs every few seconds while idle, as messages may be lost."""
        while not self.stopping.wait(self.settings.look_seconds):
            if self.busy.locked():
                continue
            try:
                self.run_jobs()
            except Exception:  # this thread must continue: it also ends the process when requested
                log.exception("looking for jobs failed")
        with self.busy:
            pass
        # usually the pool ends this process now; if the signal was for this process alone, it exits by itself
        time.sleep(GRACE_SECONDS)
        self.housekeeping.stop()
        self.services.doorbell.settle(RING_SECONDS)
        os._exit(0)

    def stop(self) -> None:
        """Wait until the state of the running job is stored and the job is released."""
        self.stopping.set()
        if self.busy.acquire(timeout=STOP_SECONDS):
            self.busy.release()
        self.housekeeping.stop()
        self.services.doorbell.settle(RING_SECONDS)


def make_worker_app(
    settings: Settings, exit_codes: ExitCodes, shutting_down: ShuttingDown, deliveries: DeliveryProcess
) -> Celery:
    """Return the Celery application with its one task and the signal handlers that start and stop its children."""
    services = open_services(settings)
    app = services.doorbell.celery
    namespace, parent = pid_namespace(), os.getpid()
    children: list[Child] = []

    def start_child(**_: Any) -> None:
        die_with_parent(parent)
        os.nice(settings.niceness)  # the API, the database and everything else on the machine go before training
        child = Child(settings, namespace, parent, exit_codes, shutting_down)
        children.append(child)
        child.start()

    def stop_child(**_: Any) -> None:
        for child in children:
            child.stop()

    def stop_children(**_: Any) -> None:
        shutting_down.set()  # first: a child that ends at once is not to be replaced
        deliveries.stop()
        for pid in child_pids():
            os.kill(pid, signal.SIGTERM)

    @app.task(name=RUN_NEXT_JOB)  # type: ignore[untyped-decorator, unused-ignore]
    def run_next_job() -> None:
        for child in children:
            child.run_jobs()

    signals.worker_process_init.connect(start_child, weak=False)
    signals.worker_process_shutdown.connect(stop_child, weak=False)
    signals.worker_shutting_down.connect(stop_children, weak=False)
    return app


def run_worker(settings: Settings) -> int:
    """Run the worker until a signal stops it; return the exit code."""
    if settings.kernels == NUMBA and not has_numba():
        raise Misconfigured("BACKPROP_KERNELS is numba, but numba and scipy are not installed: pip install numba scipy")
    leave_logging_alone()
    exit_codes, shutting_down = ExitCodes(), ShuttingDown()
    deliveries = DeliveryProcess(settings.webhooks == "on")
    app = make_worker_app(settings, exit_codes, shutting_down, deliveries)
    worker = app.Worker(
        concurrency=settings.resolved_workers,
        pool=pool_that_records(exit_codes, shutting_down, deliveries.keep),
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
    deliveries.wait()
    return int(worker.exitcode or 0)
