"""The background duties of a child: report that it is alive, release the jobs of ended processes, clean up.

Children do this rather than their parent because a process that forks must not have SQLite open: the child would
inherit the belief that locks are held.
"""

import logging
import math
import socket
import threading
import time
from datetime import UTC, datetime

from service import __version__
from service.access.pruning import prune
from service.counts import Total
from service.errors import ServiceError
from service.ops.processes import is_alive
from service.services import Services
from service.store import calibrations, shrinking, totals, workers
from service.store.crashes import Manner
from service.store.jobs import crashes
from service.store.predictions import crashes as prediction_crashes
from service.store.records import JobRecord
from service.store.space import UPLOADS_STOP
from workers.exit_codes import ExitCodes
from workers.process_names import ProcessName

REPORT_SECONDS = 5.0
CHECK_SECONDS = 1.0
EXIT_CODES_SECONDS = 0.1  # how often new exit codes are looked for, which only reads shared memory
UNKNOWN_EXIT_SECONDS = 3.0  # how long to wait for the exit code of an ended process before its jobs are released
STOP_SECONDS = 8.0
COLLECT_SECONDS = 3600.0
SHRINK_SECONDS = 0.25  # of each second
MANY_PAGES = 16_384  # free pages of SQLite's file, 64 MiB, that are given back although space is left

log = logging.getLogger(__name__)


class Housekeeping:
    """The two threads of a child that do its background duties."""

    def __init__(self, services: Services, process: ProcessName, exit_codes: ExitCodes) -> None:
        self.services, self.process, self.exit_codes = services, process, exit_codes
        self.name = str(process)
        self._about = workers.About(socket.gethostname(), datetime.now(UTC), __version__, services.settings.threads)
        self._ended_at: dict[str, float] = {}  # processes found ended, and when they were first found so
        self._waits_for: str | None = None  # why no job is started here, as it was last reported
        self._last_failure = ""  # that was logged
        self._calibration: dict[str, float] | None = None  # that is to be recorded with the next report
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        # a thread of its own: collecting may take longer than a worker may go without reporting
        self._collector = threading.Thread(target=self._collect, name="collector", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._collector.start()

    def stop(self) -> None:
        """Stop the threads and remove this worker from the database."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)
        try:
            with self.services.database.begin() as connection:
                workers.remove_worker(connection, self.name)
            self._report_counts()
        except ServiceError as error:
            log.warning("cannot record that this worker stopped: %s", error.detail)

    def needs_calibration(self) -> bool:
        """Return whether nothing is known, or nothing recent, of how fast this machine trains."""
        with self.services.database.read() as connection:
            return calibrations.is_due(connection, self._fingerprint(), self.services.settings.threads)

    def report_calibration(self, factors: dict[str, float]) -> None:
        """Record what was measured of this machine, with the next report."""
        self._calibration = factors

    def _fingerprint(self) -> str:
        from service.backprop.training.fingerprint import fingerprint  # imported here: only children load NumPy

        return fingerprint(self.services.settings.kernels)

    def _run(self) -> None:
        reported_at = -math.inf
        while not self._stopped.is_set():
            seen = self.exit_codes.count
            try:
                reports = time.monotonic() - reported_at >= REPORT_SECONDS
                if reports:
                    self._report()
                    reported_at = time.monotonic()
                self._free_jobs_of_ended_processes()
                self._free_expired()
                self._look_at_space()
                if reports:
                    self._report_counts()
                self._last_failure = ""
            except ServiceError as error:
                self._log_failure(error.detail)
            except Exception:  # this thread must continue: a worker that does not report counts as ended
                log.exception("housekeeping failed")
            self._wait(seen)

    def _wait(self, seen: int) -> None:
        """Wait a second, or until the parent has recorded another exit code."""
        until = time.monotonic() + CHECK_SECONDS
        while not self._stopped.wait(EXIT_CODES_SECONDS):
            if self.exit_codes.count != seen or time.monotonic() >= until:
                return

    def _log_failure(self, failure: str) -> None:
        """Log a failure of housekeeping unless it is the one before: a full disk would be filled with these."""
        if failure != self._last_failure:
            log.warning("housekeeping fails: %s", failure)
        self._last_failure = failure

    def _look_at_space(self) -> None:
        """Keep the reserve, give free pages back to the disk, and record when jobs begin to wait for space or end."""
        space, database = self.services.space, self.services.database
        space.keep_reserve()
        is_filling = space.shortage(UPLOADS_STOP * space.keep_free_bytes) is not None
        if is_filling or shrinking.free_pages(database) > MANY_PAGES:
            shrinking.shrink(database, SHRINK_SECONDS)
        waits_for = space.waits_for()
        if (waits_for is None) == (self._waits_for is None):
            return
        log.warning("no job goes on here: %s", waits_for) if waits_for else log.info("jobs go on")
        with database.begin() as connection:
            workers.report_space(connection, self.name, waits_for)
        self._waits_for = waits_for

    def _report(self) -> None:
        """Record in the database that this worker is alive, and how it computes."""
        measured, mine = self._calibration, self._fingerprint()
        with self.services.database.begin() as connection:
            workers.report_alive(connection, self.name, mine, self._about)
            if measured is not None:
                calibrations.save(connection, mine, self.services.settings.threads, measured)
        if measured is not None:
            self._calibration = None

    def _report_counts(self) -> None:
        """Add to the database's sums what this process has counted since the last report.

        This is a transaction of its own, as all workers add to the same rows: one that waits there still counts as
        alive. After a lost answer to a commit, the counts of those seconds are added twice.
        """
        sums = self.services.counts.take()
        if not sums:
            return
        try:
            with self.services.database.begin() as connection:
                totals.add(connection, sums)
        except ServiceError:
            self.services.counts.put_back(sums)
            raise

    def _collect(self) -> None:
        """Delete what is no longer needed, at the start and once an hour."""
        from service.jobs.commands import collect  # imported here because only children load NumPy
        from service.predictions.commands import collect as collect_predictions

        while True:
            try:
                collect_predictions(self.services)
                collect(self.services)
                prune(self.services)
            except ServiceError as error:
                log.warning("cannot delete what is no longer needed: %s", error.detail)
            except Exception:  # this thread must continue
                log.exception("deleting what is no longer needed failed")
            if self._stopped.wait(COLLECT_SECONDS):
                return

    def _free_jobs_of_ended_processes(self) -> None:
        """Release the jobs of the worker processes of this PID namespace that have ended.

        Process ids of other namespaces mean nothing here: their jobs are released when the lease expires.
        """
        with self.services.database.read() as connection:
            names = workers.names_in(connection, self.process.namespace)
        gone = [name for name in names if not is_alive(ProcessName.parse(name).pid)]
        self._ended_at = {name: self._ended_at.get(name, time.monotonic()) for name in gone}
        for name in gone:
            known, exit_code = self._exit_of(name)
            if not known:
                continue
            with self.services.database.begin() as connection:
                ended = workers.remove_ended(connection, name, exit_code)
            held = len(ended.jobs) + len(ended.predictions)
            if ended.was_known or held:  # otherwise another child was first
                self.services.counts.add(Total.CRASHES, label=Manner.of(exit_code).value)
            log.warning("process %s has ended (exit code %s); %d job(s) of it are free again", name, exit_code, held)
            self._finish(ended.jobs, held)

    def _exit_of(self, name: str) -> tuple[bool, int | None]:
        """Return whether the jobs of an ended process may be released now, and its exit code if it was recorded."""
        process = ProcessName.parse(name)
        exit_code = self.exit_codes.exit_code(process.pid) if process.parent == self.process.parent else None
        is_late = time.monotonic() - self._ended_at[name] > UNKNOWN_EXIT_SECONDS
        return exit_code is not None or not is_alive(process.parent) or is_late, exit_code

    def _free_expired(self) -> None:
        """Release the jobs and predictions whose lease has expired."""
        with self.services.database.read() as connection:
            if not (crashes.are_expired(connection) or prediction_crashes.are_expired(connection)):
                return
        with self.services.database.begin() as connection:
            freed, predictions = crashes.free_expired(connection), prediction_crashes.free_expired(connection)
        ids = [job.id for job in freed] + [prediction.id for prediction in predictions]
        if ids:
            self.services.counts.add(Total.LEASE_EXPIRATIONS, len(ids))
            log.warning("the lease of %s has expired", ", ".join(ids))
        self._finish(freed, len(ids))

    def _finish(self, freed: list[JobRecord], held: int) -> None:
        """Clean up after released jobs that have ended, and notify the workers where anything is queued again."""
        from service.jobs.commands import tidy  # imported here because only children load NumPy

        for job in freed:
            if job.status.ended:
                tidy(self.services, job)
        if held:
            self.services.doorbell.ring()
