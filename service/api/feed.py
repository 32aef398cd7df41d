"""A thread that looks for new events on behalf of all event streams of a process; it runs only while streams exist.

It reads and encodes each event once for all streams, and wakes a few streams at a time, so that other requests find a
turn between them.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

from service.errors import ServiceError
from service.store import events
from service.store.database import Database
from service.store.events import OwnedEvent
from service.store.records import EventRecord

LOOK_SECONDS = 0.1
TOGETHER = 500
# events that are held for each job, or for each tenant all of whose jobs are watched; a stream further behind asks the
# database
MOST_RECENT, MOST_RECENT_OF_ALL = 50, 500
CHECK_SECONDS = 3.0  # how often it is asked whether a stream that waits may go on
WOKEN_TOGETHER = 10
WOKEN_PAUSE_SECONDS = 0.002

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """What a stream has: the events of one job, or of all jobs of a tenant."""

    tenant: int | None
    job: int | None = None


@dataclass(frozen=True)
class _Sleeper:
    """A stream that waits for an event past an id, as long as it may."""

    event: int
    watched: Watched
    may_go_on: Callable[[], bool]

    @property
    def is_over(self) -> bool:
        try:
            return not self.may_go_on()
        except ServiceError:  # the stream meets the same one, and says so as it ends
            return True


@dataclass(frozen=True)
class Recent:
    """An event as it was read, and as streams send it."""

    event: EventRecord
    encoded: bytes


@dataclass
class _Recents:
    """The newest events of what is watched, in order: all past the id `since`."""

    since: int
    most: int
    events: deque[Recent] = field(default_factory=deque)

    @property
    def last(self) -> int:
        return self.events[-1].event.id if self.events else self.since

    def add(self, recent: Recent) -> None:
        self.events.append(recent)
        if len(self.events) > self.most:
            self.since = self.events.popleft().event.id


class Feed:
    """Notifies streams that there are events past an id, and holds the newest ones for them.

    Parameters
    ----------
    encode
        Writes an event as streams send it.
    """

    def __init__(self, database: Database, encode: Callable[[EventRecord], bytes]) -> None:
        self.database, self.encode = database, encode
        self._changed = threading.Condition()
        self._streams: Counter[Watched] = Counter()
        self._last = 0
        self._recents: dict[Watched, _Recents] = {}
        self._thread: threading.Thread | None = None
        self._sleepers: dict[Callable[[], None], _Sleeper] = {}
        self._checked_at = 0.0
        self._deleted: set[Watched] = set()  # of what is watched, the jobs that there are no more

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
            most = MOST_RECENT_OF_ALL if watched.job is None else MOST_RECENT
            self._recents.setdefault(watched, _Recents(self._last, most))
        try:
            yield
        finally:
            with self._changed:
                self._streams[watched] -= 1
                if not self._streams[watched]:
                    del self._streams[watched]
                    self._recents.pop(watched, None)
                    self._deleted.discard(watched)

    def recent(self, watched: Watched, after: int) -> list[Recent] | None:
        """Return the events past the id `after` that were noticed; None if they are not all held any more."""
        with self._changed:
            recents = self._recents.get(watched)
            if recents is None or after < recents.since:
                return None
            if after >= recents.last:
                return []
            return list(takewhile(lambda recent: recent.event.id > after, reversed(recents.events)))[::-1]

    def is_deleted(self, watched: Watched) -> bool:
        """Return whether a job that is watched was deleted, some seconds ago at most."""
        return watched in self._deleted

    def wait_past(self, event: int, watched: Watched, seconds: float) -> bool:
        """Wait up to `seconds` for an event past the id `event`; return whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._has_past(event, watched), seconds)

    def call_past(self, event: int, watched: Watched, may_go_on: Callable[[], bool], wake: Callable[[], None]) -> None:
        """Call `wake` once, when there is an event past the id `event`, which may be now, or when it may not go on."""
        with self._changed:
            if not self._has_past(event, watched):
                self._sleepers[wake] = _Sleeper(event, watched, may_go_on)
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
                self._check_sleepers()
            except ServiceError as error:
                log.warning("cannot look for events: %s", error.detail)
            except Exception:  # the thread must continue: streams wait for it
                log.exception("looking for events failed")

    def _has_past(self, event: int, watched: Watched) -> bool:
        recents = self._recents.get(watched)
        return recents is not None and recents.last > event

    def _look_for_events(self) -> None:
        """Read the events since the last look, until there are no more, and wake the streams that wait for them."""
        with self.database.read() as connection:
            if (last := events.last_id(connection)) == self._last:
                return
            found = events.newest(connection, self._last, TOGETHER)
        ids = [owned.event.id for owned in found]
        newest = ids[-1] if len(found) == TOGETHER else max([last, *ids])  # none is found where their jobs are deleted
        with self._changed:
            self._last = newest
            for owned in found:
                self._add(owned)
            self._changed.notify_all()
            sleepers = self._sleepers.items()
            awake = [wake for wake, sleeper in sleepers if self._has_past(sleeper.event, sleeper.watched)]
            for wake in awake:
                del self._sleepers[wake]
        _wake(awake)

    def _check_sleepers(self) -> None:
        """Wake the streams that may not go on, or whose job was deleted, every few seconds."""
        if time.monotonic() - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = time.monotonic()
        with self._changed:
            watched = [each for each in self._streams if each.job is not None]
        self._look_for_deleted(watched)
        with self._changed:
            sleepers = list(self._sleepers.items())
        _wake([wake for wake, sleeper in sleepers if self.is_deleted(sleeper.watched) or sleeper.is_over])

    def _look_for_deleted(self, watched: Sequence[Watched]) -> None:
        """Find out which jobs that are watched there are no more."""
        if not watched:
            return
        with self.database.read() as connection:
            left = events.jobs_left(connection, [each.job for each in watched if each.job is not None])
        with self._changed:
            self._deleted.update(each for each in watched if each.job not in left and each in self._streams)

    def _add(self, owned: OwnedEvent) -> None:
        watching = [self._recents.get(Watched(owned.tenant, job)) for job in (owned.job, None)]
        if any(recents is not None for recents in watching):
            recent = Recent(owned.event, self.encode(owned.event))
            for recents in watching:
                if recents is not None:
                    recents.add(recent)


def _wake(sleepers: Sequence[Callable[[], None]]) -> None:
    """Wake some at a time: what thousands of streams send at once would delay every other answer meanwhile."""
    for start in range(0, len(sleepers), WOKEN_TOGETHER):
        if start:
            time.sleep(WOKEN_PAUSE_SECONDS)
        for wake in sleepers[start : start + WOKEN_TOGETHER]:
            wake()
