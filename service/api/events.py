"""`/v1/events` and `/v1/jobs/{id}/events`: events of jobs, as a list or as server-sent events."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import orjson
from flask import Response, request

from service.api import freshness
from service.api.answers import MAX_LIMIT, listing, timestamp, whole
from service.api.authentication import still_valid
from service.api.context import feed, services, streams
from service.api.feed import Feed, Watched
from service.api.routes import Query, Routes
from service.api.schemas import ListAnswer
from service.api.waiting import Places
from service.errors import Invalid, ServiceError
from service.front.environ import CLIENT, HELD
from service.jobs.answers import EventAnswer, EventData
from service.store import events
from service.store.database import Database
from service.store.jobs import jobs
from service.store.records import EventRecord, JobRecord, Kind

log = logging.getLogger(__name__)

routes = Routes("events")
STREAM = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 3.0  # how often a silent stream looks whether its key is still valid
RETRY = b"retry: 2000\n\n"
TOGETHER = 500
LOOKS_BACK = 1000  # without `after`, a stream of all jobs starts so many events before the newest one
LARGEST_ID = 2**63 - 1
QUERY = [
    Query("after", {"type": "integer", "minimum": 0}, "an event's id; a `Last-Event-ID` header takes precedence"),
    Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "of a list; more than 1000 is taken as 1000"),
    Query("stream", {"enum": ["0", "1"]}, "1 for server-sent events, whatever is accepted"),
]
ANSWERS = {200: (ListAnswer[EventAnswer], STREAM), 204: None}


@routes.route("GET", "/v1/jobs/{id}/events", query=QUERY, answers=ANSWERS, problems=(404,))
def list_job_events(id: str) -> Response:
    """List or stream the events of a job, oldest first; a stream is answered with 204 when no more will come."""
    after, limit, streams = _after(), _limit(), _is_stream()
    with services().database.read() as connection:
        job = jobs.get_job(connection, id)
        found, more = events.list_events(connection, after or 0, 1 if streams else limit, job.number)
    if not streams:
        return _list(found, more)
    if job.status.ended and not found:
        return Response(status=204)
    return _stream(after or 0, job)


@routes.route("GET", "/v1/events", query=QUERY, answers=ANSWERS)
def list_events() -> Response:
    """List or stream the events of all jobs, oldest first."""
    after, limit, streams = _after(), _limit(), _is_stream()
    with services().database.read() as connection:
        if streams:
            return _stream(max(0, events.last_id(connection) - LOOKS_BACK) if after is None else after, None)
        return _list(*events.list_events(connection, after or 0, limit))


def _after() -> int | None:
    """Read the id after which to continue; `Last-Event-ID`, which browsers send, takes precedence over `after`."""
    text = request.headers.get("Last-Event-ID")
    if text is None:
        return whole("after", 0, minimum=0, maximum=LARGEST_ID) if "after" in request.args else None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(f"Last-Event-ID must be an event's id, got {text[:40]!r}")
    return int(text)


def _is_stream() -> bool:
    wanted = request.args.get("stream")
    if wanted is not None and wanted not in ("0", "1"):
        raise Invalid.at("?stream", f"must be 0 or 1, got {wanted[:40]!r}")
    accepted = request.accept_mimetypes
    streams = accepted[STREAM] > accepted["application/json"] if wanted is None else wanted == "1"
    if streams and "limit" in request.args:
        raise Invalid.at("?limit", "goes with a list: a stream has all events")
    return streams


def _limit() -> int:
    return whole("limit", 50, minimum=1, maximum=MAX_LIMIT)


def _list(found: list[EventRecord], more: bool) -> Response:
    freshness.announce_recent(ends(found))
    return listing([describe(event) for event in found], more, lambda item: item["id"])


def ends(found: Iterable[EventRecord]) -> list[datetime]:
    """Return when jobs ended that these events say have ended."""
    return [event.created_at for event in found if event.kind is Kind.END]


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


def _stream(after: int, job: JobRecord | None) -> Response:
    database = services().database
    watched = Watched(database.tenant, None if job is None else job.number)
    is_held = CLIENT in request.environ
    stream = Stream(
        database,
        feed(),
        streams(),
        services().settings.stream_seconds,
        after,
        watched,
        still_valid(),
        freshness.announcer(),
        is_held,
    )
    if is_held:
        request.environ[HELD] = stream
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream.blocks(), mimetype=STREAM, headers=headers)


@dataclass
class Stream:
    """Server-sent events until the job ends or `seconds` have passed.

    When too many other streams are open, the stream ends after the events that exist already.

    The client connects again after `retry` milliseconds and names the last event that it has received.

    Parameters
    ----------
    after
        The id of the last event that the client has.
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
    after: int
    watched: Watched
    may_go_on: Callable[[], bool]
    announce: Callable[[list[datetime]], None]
    is_held: bool = False
    pause: float = 0.0
    wake: Callable[[], None] | None = None

    def blocks(self) -> Iterator[bytes]:
        """Yield new events as they are committed, and a comment after every 15 s without one."""
        yield RETRY
        try:
            with self.places.place() as may_wait, self.feed.watching(self.watched):
                yield from self._blocks(may_wait)
        except ServiceError as error:
            log.warning("an event stream ends: %s", error.detail)
        finally:
            if self.wake is not None:
                self.feed.forget(self.wake)

    def _blocks(self, may_wait: bool) -> Iterator[bytes]:
        until = time.monotonic() + self.seconds
        while self.may_go_on():
            with self.database.read() as connection:
                found, more = events.list_events(connection, self.after, TOGETHER, self.watched.job)
            if found:
                self.after = found[-1].id
                self.announce(ends(found))
                yield b"".join(map(_encode, found))
                if self.watched.job is not None and found[-1].kind is Kind.END:
                    return
            if more:
                continue
            if not may_wait or time.monotonic() >= until:
                return
            yield from self._wait(until)

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
