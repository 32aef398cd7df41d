"""Server-sent events: events as they are committed, comments while there are none, and the end of a stream."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import orjson

from service.api.answers import timestamp
from service.api.feed import Feed, Watched
from service.api.waiting import Places
from service.errors import ServiceError
from service.jobs.answers import EventAnswer, EventData
from service.store import events
from service.store.database import Database
from service.store.records import EventRecord, Kind

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 3.0  # how often a silent stream looks whether its key is still valid
RETRY = b"retry: 2000\n\n"
NO_PLACE = b": too many streams are open: this one ends with what there is, and goes on when you come again\n\n"
TOGETHER = 500


def ends(found: Iterable[EventRecord]) -> list[datetime]:
    """Return when jobs ended that these events say have ended."""
    return [event.created_at for event in found if event.kind is Kind.END]


def gap(after: int, through: int, job: str | None) -> EventRecord:
    """Return an event in place of those past `after` that there are not; a client that has it goes on past `through`."""
    instead = "read the state of jobs from `/v1/jobs`"
    if through < after:
        detail = f"no event has an id above {through}, got {after}; if a backup was restored, {instead}"
    else:
        whose = "events" if job is None else f"events of {job}"
        detail = f"{whose} past {after}, up to {through}, are no longer kept: {instead}"
    data = {"after": after, "through": through, "detail": detail}
    return EventRecord(through, job, Kind.GAP, data, datetime.now(UTC))


def describe(event: EventRecord) -> EventAnswer:
    """Describe an event as clients read it."""
    return {
        "id": event.id,
        "object": "event",
        "type": event.kind,
        "job": event.job_id,
        "created_at": event.created_at,
        "data": cast(EventData, event.data),
    }


@dataclass(frozen=True)
class Wanted:
    """What a client asks a stream for.

    Parameters
    ----------
    after
        The id of the last event that the client has.
    kinds
        Of the events it wants; all if there are none. A gap is always sent.
    job
        The id of the job whose events they are; None for all jobs.
    has_ended
        Whether that job has ended, so that there will be no other events than those that exist.
    """

    after: int
    kinds: frozenset[Kind] = frozenset()
    job: str | None = None
    has_ended: bool = False


@dataclass
class Stream:
    """Server-sent events until the job ends or `seconds` have passed.

    When too many other streams are open, the stream ends after the events that exist already.

    The client connects again after `retry` milliseconds and names the last event that it has received.

    Parameters
    ----------
    may_go_on
        Whether the key of the request is still valid.
    announce
        Called with the times of ends before they are sent, so that all processes see the models of those jobs.
    is_held
        Whether the server holds the stream while there is nothing new, so that no thread does.
    """

    database: Database
    feed: Feed
    places: Places
    seconds: float
    wanted: Wanted
    watched: Watched
    may_go_on: Callable[[], bool]
    announce: Callable[[list[datetime]], None]
    is_held: bool = False
    pause: float = 0.0
    wake: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.after = self.wanted.after

    def blocks(self) -> Iterator[bytes]:
        """Yield new events as they are committed, and a comment after every 15 s without one."""
        yield RETRY
        try:
            with self.places.place() as may_wait, self.feed.watching(self.watched):
                yield from self._missing()
                yield from self._blocks(may_wait)
        except ServiceError as error:
            log.warning("an event stream ends: %s", error.detail)
        finally:
            if self.wake is not None:
                self.feed.forget(self.wake)

    def _missing(self) -> Iterator[bytes]:
        """Yield a gap if events that the client lacks are not there any more."""
        with self.database.read() as connection:
            through = events.resumed_after(connection, self.after, self.watched.job)
        if through is not None:
            yield _encode(gap(self.after, through, self.wanted.job))
            self.after = through

    def _blocks(self, may_wait: bool) -> Iterator[bytes]:
        until = time.monotonic() + self.seconds
        while self.may_go_on():
            with self.database.read() as connection:
                found, more = events.list_events(connection, self.after, TOGETHER, self.watched.job)
            if found:
                self.after = found[-1].id
                self.announce(ends(found))
                yield b"".join(_encode(event) for event in found if self._is_wanted(event))
                if self.watched.job is not None and found[-1].kind is Kind.END:
                    return
            if more:
                continue
            if not may_wait:
                yield NO_PLACE
            if not may_wait or self.wanted.has_ended or time.monotonic() >= until:
                return
            yield from self._wait(until)

    def _is_wanted(self, event: EventRecord) -> bool:
        return not self.wanted.kinds or event.kind in self.wanted.kinds

    def _wait(self, until: float) -> Iterator[bytes]:
        """Wait for an event; yield a comment when there is none for long, and end when the key has ended."""
        silent_until = min(until, time.monotonic() + HEARTBEAT_SECONDS)
        while self.may_go_on():
            self.pause = min(CHECK_SECONDS, silent_until - time.monotonic())
            if self.pause <= 0:
                yield b": nothing new\n\n"
                return
            if self.is_held:
                yield b""  # the server asks again when there is something, or after the pause
                self.pause = 0.0
            if self.feed.wait_past(self.after, self.watched, self.pause):
                return

    def when_ready(self, wake: Callable[[], None]) -> float:
        """Call `wake` when there is an event; return after how many seconds the stream has something to say anyway."""
        self.wake = wake
        self.feed.call_past(self.after, self.watched, wake)
        return self.pause


def _encode(event: EventRecord) -> bytes:
    data = orjson.dumps(describe(event), timestamp, orjson.OPT_PASSTHROUGH_DATETIME)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), data)
