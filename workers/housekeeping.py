"""A child's thread that keeps the notes: that this child lives, which others died, what is to be collected.

It is the children's and not the parent's work because a process that forks must not have SQLite open: the child would
inherit the belief that locks are held.
"""

import logging
import math
import threading
import time

from service.errors import ServiceError
from service.ops.processes import is_alive
from service.services import Services
from service.store import workers
from service.store.jobs import crashes
from service.store.records import JobRecord
from workers.exit_codes import Obituaries

NOTE_SECONDS = 5.0
WATCH_SECONDS = 1.0
LISTEN_SECONDS = 0.1  # how often the parent's obituaries are looked at: memory only
UNSEEN_SECONDS = 3.0  # after which a process that is gone, and whose end nobody saw, is given up
LEAVE_SECONDS = 8.0
COLLECT_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Keeper:
    """Notes that the child lives, gives back the jobs of processes that died, and collects."""

    def __init__(self, services: Services, name: str, obituaries: Obituaries) -> None:
        self.services, self.name, self.obituaries = services, name, obituaries
        self.host, self.parent, _ = name.rsplit(":", 2)
        self._gone: dict[str, float] = {}  # processes that are gone, and since when that is known
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        # apart from the notes: to collect may take longer than a worker counts as living without one
        self._collector = threading.Thread(target=self._collect, name="collector", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._collector.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(LEAVE_SECONDS)
        try:
            with self.services.database.begin() as connection:
                workers.forget_worker(connection, self.name)
        except ServiceError as error:
            log.warning("cannot note that this worker left: %s", error.detail)

    def _keep(self) -> None:
        noted = -math.inf
        while not self._over.is_set():
            seen = self.obituaries.count
            try:
                if time.monotonic() - noted >= NOTE_SECONDS:
                    self._note()
                    noted = time.monotonic()
                self._free_jobs_of_the_dead()
                self._free_expired()
            except ServiceError as error:
                log.warning("cannot keep the workers' notes: %s", error.detail)
            except Exception:  # the thread must live: without its notes this worker counts as dead
                log.exception("keeping the workers' notes failed")
            self._wait(seen)

    def _wait(self, seen: int) -> None:
        """A second, or until the parent has seen one more child die."""
        until = time.monotonic() + WATCH_SECONDS
        while not self._over.wait(LISTEN_SECONDS):
            if self.obituaries.count != seen or time.monotonic() >= until:
                return

    def _note(self) -> None:
        from service.backprop.training.fingerprint import fingerprint  # here, as only children load NumPy

        with self.services.database.begin() as connection:
            workers.note_worker(connection, self.name, fingerprint(self.services.settings.kernels))

    def _collect(self) -> None:
        """At the start and once an hour."""
        from service.jobs.commands import collect  # here, as only children load NumPy

        while True:
            try:
                collect(self.services)
            except ServiceError as error:
                log.warning("cannot collect what is not needed any more: %s", error.detail)
            except Exception:  # the thread must live
                log.exception("collecting what is not needed any more failed")
            if self._over.wait(COLLECT_SECONDS):
                return

    def _free_jobs_of_the_dead(self) -> None:
        with self.services.database.read() as connection:
            names = workers.names_on(connection, self.host + ":")
        gone = [name for name in names if not is_alive(int(name.rsplit(":", 1)[1]))]
        self._gone = {name: self._gone.get(name, time.monotonic()) for name in gone}
        for name in gone:
            known, exit_code = self._end_of(name)
            if not known:
                continue
            with self.services.database.begin() as connection:
                freed = workers.bury(connection, name, exit_code)
            log.warning(
                "process %s has died (exit code %s); %d job(s) of it are free again", name, exit_code, len(freed)
            )
            self._settle(freed)

    def _end_of(self, name: str) -> tuple[bool, int | None]:
        """Whether it is known how a process ended that is gone, and how: after a while it is that nobody saw it."""
        _, parent, pid = name.rsplit(":", 2)
        exit_code = self.obituaries.exit_code(int(pid)) if parent == self.parent else None
        is_late = time.monotonic() - self._gone[name] > UNSEEN_SECONDS
        return exit_code is not None or not is_alive(int(parent)) or is_late, exit_code

    def _free_expired(self) -> None:
        with self.services.database.read() as connection:
            if not crashes.are_expired(connection):
                return
        with self.services.database.begin() as connection:
            freed = crashes.free_expired(connection)
        if freed:
            log.warning("the lease of %s is over", ", ".join(job.id for job in freed))
        self._settle(freed)

    def _settle(self, freed: list[JobRecord]) -> None:
        """Ring for those that wait again, tidy up after those that have ended."""
        from service.jobs.commands import tidy  # here, as only children load NumPy

        for job in freed:
            if job.status.ended:
                tidy(self.services, job)
        if freed:
            self.services.doorbell.ring()
