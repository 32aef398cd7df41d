"""A thread that looks for new events on behalf of all event streams of a process; it runs only while streams exist."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.errors import ServiceError
from service.store import events
from service.store.database import Database

LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """What a stream has: the events of one job, or of all jobs of a tenant."""

    tenant: int | None
    job: int | None = None


class Feed:
    """Notifies streams that there are events past an id; each stream reads them itself."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._changed = threading.Condition()
        self._streams: Counter[Watched] = Counter()
        self._last = 0
        self._last_of: dict[Watched, int] = {}
        self._thread: threading.Thread | None = None
        self._sleepers: dict[Callable[[], None], tuple[int, Watched]] = {}

    @contextmanager
    def watching(self, watched: Watched) -> Iterator[None]:
        """Look for events until the end of the block.

        Every event committed after the start of the block is noticed, so a stream reads the existing ones within it,
        then waits.
        """
        with self._changed:
            if self._thread is None:
                self._last = self._look()
                self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
            self._streams[watched] += 1
        try:
            yield
        finally:
            with self._changed:
                self._streams[watched] -= 1
                if not self._streams[watched]:
                    del self._streams[watched]
                    self._last_of.pop(watched, None)

    def wait_past(self, event: int, watched: Watched, seconds: float) -> bool:
        """Wait up to `seconds` for an event past the id `event`; return whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._last_of.get(watched, 0) > event, seconds)

    def call_past(self, event: int, watched: Watched, wake: Callable[[], None]) -> None:
        """Call `wake` once, when there is an event past the id `event`, which may be now."""
        with self._changed:
            if self._last_of.get(watched, 0) <= event:
                self._sleepers[wake] = (event, watched)
                return
        wake()

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call `wake` any more."""
        with self._changed:
            self._sleepers.pop(wake, None)

    def _look(self) -> int:
        with self.database.read() as connection:
            return events.last_id(connection)

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._changed:
                if not self._streams:
                    self._thread = None
                    return
            try:
                self._look_for_events()
            except ServiceError as error:
                log.warning("cannot look for events: %s", error.detail)
            except Exception:  # the thread must continue: streams wait for it
                log.exception("looking for events failed")

    def _look_for_events(self) -> None:
        with self.database.read() as connection:
            last = events.last_id(connection)
            newest = events.last_ids(connection, self._last) if last > self._last else {}
        if last > self._last:
            with self._changed:
                self._last = last
                for (tenant, job), newest_of_job in newest.items():
                    for watched in (Watched(tenant, job), Watched(tenant)):
                        if watched in self._streams:
                            self._last_of[watched] = max(newest_of_job, self._last_of.get(watched, 0))
                self._changed.notify_all()
                awake = [
                    wake for wake, (event, watched) in self._sleepers.items() if self._last_of.get(watched, 0) > event
                ]
                for wake in awake:
                    del self._sleepers[wake]
            for wake in awake:
                wake()
