"""Server-sent events: events as they are committed, comments while there are none, and the end of a stream."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import orjson

from service.api.feed import CHECK_SECONDS, Feed, Recent, Watched
from service.api.waiting import Places
from service.definitions.base import timestamp
from service.errors import ServiceError
from service.jobs.event_answers import EventAnswer, EventData
from service.store import events
from service.store.database import Connection, Database
from service.store.records import EventRecord, Kind

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
RETRY = b"retry: 2000\n\n"
NO_PLACE = b": too many streams are open: this one ends with what there is, and goes on when you come again\n\n"
TOGETHER = 500
BETWEEN_ATTEMPTS = frozenset({Kind.STATUS, Kind.END})


def ends(found: Iterable[EventRecord]) -> list[datetime]:
    """Return when jobs ended that these events say have ended."""
    return [event.created_at for event in found if event.kind is Kind.END]


def gap(after: int, through: int, job: str | None) -> EventRecord:
    """Return what a client gets in place of events past `after` that there are not; it goes on past `through`."""
    instead = "read the state of jobs from `/v1/jobs`"
    if through < after:
        detail = f"no event has an id above {through}, got {after}; if a backup was restored, {instead}"
    else:
        whose = "events" if job is None else f"events of {job}"
        detail = f"{whose} past {after}, up to {through}, are no longer kept: {instead}"
    data = {"after": after, "through": through, "detail": detail}
    return EventRecord(through, job, Kind.GAP, data, datetime.now(UTC))


def superseded(found: Iterable[EventRecord]) -> set[int]:
    """Return the ids of those epochs that are followed, among these events, by a newer one of the same attempt."""
    newest: dict[str | None, int] = {}
    passed_over: set[int] = set()
    for event in found:
        if event.kind in BETWEEN_ATTEMPTS:
            newest.pop(event.job_id, None)
        elif event.kind is Kind.EPOCH:
            if event.job_id in newest:
                passed_over.add(newest[event.job_id])
            newest[event.job_id] = event.id
    return passed_over


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
    every
        The seconds between two times that events are sent; then those epochs are left out that are `superseded`.
    """

    after: int
    kinds: frozenset[Kind] = frozenset()
    job: str | None = None
    has_ended: bool = False
    every: float = 0.0


@dataclass
class Stream:
    """Server-sent events until the job ends or is deleted, or `seconds` have passed.

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
    due: float = 0.0  # when events may be sent again
    is_early: bool = False  # there are events, and it is waited until they are due

    def __post_init__(self) -> None:
        self.after, self.silent_since = self.wanted.after, time.monotonic()

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
            yield encode(gap(self.after, through, self.wanted.job))
            self.after = through

    def _blocks(self, may_wait: bool) -> Iterator[bytes]:
        until = time.monotonic() + self.seconds
        with self.database.read() as connection:
            found, more = self._stored(connection)
        while self._goes_on():
            if found:
                yield self._taken(found)
                if self._ends_with(found):
                    return
            if not more:
                if not may_wait:
                    yield NO_PLACE
                if not may_wait or self.wanted.has_ended or time.monotonic() >= until:
                    return
                yield from self._wait(until)
                yield from self._wait_until_due(until)
            recent = self._recent()
            if recent is None:
                with self.database.read() as connection:
                    found, more = self._stored(connection)
            else:
                found, more = recent, False

    def _stored(self, connection: Connection) -> tuple[list[Recent], bool]:
        """Read events past those that the client has from the database; return them, and whether more follow."""
        found, more = events.list_events(connection, self.after, TOGETHER, self.watched.job)
        passed_over = superseded(found) if self.wanted.every else ()
        return [Recent(event, encode(event)) for event in found if event.id not in passed_over], more

    def _recent(self) -> list[Recent] | None:
        """Return events past those that the client has from memory; None if they are not all there."""
        found = self.feed.recent(self.watched, self.after)
        if not found or not self.wanted.every:
            return found
        passed_over = superseded(recent.event for recent in found)
        return [recent for recent in found if recent.event.id not in passed_over]

    def _taken(self, found: list[Recent]) -> bytes:
        """Return events as the client is sent them, and go on past them."""
        self.after = found[-1].event.id
        self.silent_since = time.monotonic()
        self.due = self.silent_since + self.wanted.every
        self.announce(ends(recent.event for recent in found))
        kinds = self.wanted.kinds
        return b"".join(recent.encoded for recent in found if not kinds or recent.event.kind in kinds)

    def _ends_with(self, found: list[Recent]) -> bool:
        return self.watched.job is not None and found[-1].event.kind is Kind.END

    def _goes_on(self) -> bool:
        """Return whether the key is still valid and the job still exists.

        A client that connects again gets a 401 or a 404 otherwise.
        """
        return self.may_go_on() and not self.feed.is_deleted(self.watched)

    def _wait(self, until: float) -> Iterator[bytes]:
        """Wait for an event; yield a comment when there is none for long, and end when the stream may not go on."""
        self.silent_since = time.monotonic()
        while self._goes_on():
            now = time.monotonic()
            self.pause = min(until, self.silent_since + HEARTBEAT_SECONDS) - now
            if self.pause <= 0:
                yield b": nothing new\n\n"
                return
            if self.is_held:
                yield b""  # the server asks again when there is something, or after the pause
            if self.feed.wait_past(self.after, self.watched, 0.0 if self.is_held else min(CHECK_SECONDS, self.pause)):
                return

    def _wait_until_due(self, until: float) -> Iterator[bytes]:
        """Wait until events may be sent again, or until the stream may not go on."""
        try:
            while self._goes_on() and (pause := min(until, self.due) - time.monotonic()) > 0:
                self.is_early, self.pause = self.is_held, min(CHECK_SECONDS, pause)
                if self.is_held:
                    yield b""
                else:
                    time.sleep(self.pause)
        finally:
            self.is_early = False

    def at_once(self) -> bytes | None:
        """Return what has come since a wait began; None if that takes more than to look into memory."""
        if time.monotonic() < self.due:
            return None
        found = self._recent()
        if self.wake is None or not found or any(recent.event.kind is Kind.END for recent in found):
            return None
        data = self._taken(found)
        self.feed.call_past(self.after, self.watched, self.may_go_on, self.wake)
        return data

    def when_ready(self, wake: Callable[[], None]) -> float:
        """Call `wake` when there is an event; return after how many seconds the stream has something to say anyway."""
        self.wake = wake
        if self.is_early:
            return self.pause
        self.feed.call_past(self.after, self.watched, self.may_go_on, wake)
        return self.pause


def encode(event: EventRecord) -> bytes:
    """Write an event as streams send it."""
    data = orjson.dumps(describe(event), timestamp, orjson.OPT_PASSTHROUGH_DATETIME)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), data)
