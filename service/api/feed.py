"""A thread that looks for new events on behalf of all event streams of a process; it runs only while streams exist."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import ServiceError
from service.store import events
from service.store.database import Database

LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)


class Feed:
    """Notifies streams that there are events past an id; each stream reads them itself."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._changed = threading.Condition()
        self._streams: Counter[int | None] = Counter()  # by job; None for those of all jobs
        self._last = 0
        self._last_of: dict[int, int] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, job: int | None) -> Iterator[None]:
        """Look for events of a job, or of all jobs, until the end of the block.

        Every event committed after the start of the block is noticed, so a stream reads the existing ones within it,
        then waits.
        """
        with self._changed:
            if self._thread is None:
                self._last = self._look()
                self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
            self._streams[job] += 1
        try:
            yield
        finally:
            with self._changed:
                self._streams[job] -= 1
                if not self._streams[job]:
                    del self._streams[job]
                    self._last_of.pop(job or 0, None)

    def wait_past(self, event: int, job: int | None, seconds: float) -> bool:
        """Wait up to `seconds` for an event past the id `event`; return whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._newest(job) > event, seconds)

    def _newest(self, job: int | None) -> int:
        return self._last if job is None else self._last_of.get(job, 0)

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
                self._last_of |= {job: newest for job, newest in newest.items() if job in self._streams}
                self._changed.notify_all()
