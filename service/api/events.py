"""`/v1/events` and `/v1/jobs/{id}/events`: events of jobs, as a list or as server-sent events."""

from flask import Response, request

from service.api import freshness
from service.api.answers import MAX_LIMIT, listing, real, whole
from service.api.authentication import still_valid
from service.api.context import feed, services, streams
from service.api.event_streams import Stream, Wanted, describe, ends, gap
from service.api.feed import Watched
from service.api.routes import Query, Routes
from service.api.schemas import ListAnswer
from service.errors import Invalid
from service.front.environ import CLIENT, HELD
from service.jobs.event_answers import EventAnswer
from service.store import events
from service.store.database import Connection
from service.store.jobs import jobs
from service.store.records import EventRecord, JobRecord, Kind

routes = Routes("events", "What takes place with jobs, as a list or as server-sent events.")
STREAM = "text/event-stream"
LOOKS_BACK = 1000  # without `after`, a stream of all jobs starts so many events before the newest one
LARGEST_ID = 2**63 - 1
MOST_SECONDS = 10
TYPES = tuple(kind.value for kind in Kind if kind is not Kind.GAP)
QUERY = [
    Query("after", {"type": "integer", "minimum": 0}, "an event's id; a `Last-Event-ID` header takes precedence"),
    Query("limit", {"type": "integer", "minimum": 1, "default": 50}, "of a list; more than 1000 is taken as 1000"),
    Query(
        "types",
        {"type": "array", "items": {"enum": list(TYPES)}},
        "repeatable: events of these types alone; all if left out",
    ),
    Query(
        "epochs_every",
        {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_SECONDS},
        "of a stream: seconds between two times that events are sent; of the `epoch` events of an attempt that have "
        "come meanwhile, the newest alone is sent",
    ),
    Query("stream", {"enum": ["0", "1"]}, "1 for server-sent events, whatever is accepted"),
]
HEADERS = [
    Query("Last-Event-ID", {"type": "integer", "minimum": 0}, "what browsers send for `after` when they connect again")
]
ANSWERS = {200: (ListAnswer[EventAnswer], STREAM), 204: None}


@routes.route("GET", "/v1/jobs/{id}/events", query=QUERY, headers=HEADERS, answers=ANSWERS, problems=(404,))
def list_job_events(id: str) -> Response:
    """List or stream the events of a job, oldest first; a stream is answered with 204 when no more will come."""
    after, limit, kinds, streams, every = _after() or 0, _limit(), _kinds(), _is_stream(), _every()
    with services().database.read(snapshot=True) as connection:
        job = jobs.get_job(connection, id)
        found, more = _read(connection, after, 1 if streams else limit, kinds, job)
    if not streams:
        return _list(found, more)
    if job.status.ended and not found:
        return Response(status=204)
    return _stream(Wanted(after, kinds, job.id, job.status.ended, every), job.number)


@routes.route("GET", "/v1/events", query=QUERY, headers=HEADERS, answers=ANSWERS)
def list_events() -> Response:
    """List or stream the events of all jobs, oldest first."""
    after, limit, kinds, streams, every = _after(), _limit(), _kinds(), _is_stream(), _every()
    with services().database.read(snapshot=True) as connection:
        if streams:
            first = max(0, events.last_id(connection) - LOOKS_BACK) if after is None else after
            return _stream(Wanted(first, kinds, every=every), None)
        if after is None:  # from the oldest that is kept
            return _list(*events.list_events(connection, 0, limit, kinds=kinds))
        return _list(*_read(connection, after, limit, kinds, None))


def _read(
    connection: Connection, after: int, limit: int, kinds: frozenset[Kind], job: JobRecord | None
) -> tuple[list[EventRecord], bool]:
    """Return events past an id, the first of them a gap if some are no longer kept, and whether more follow."""
    number, id = (None, None) if job is None else (job.number, job.id)
    found, more = events.list_events(connection, after, limit, number, kinds)
    through = events.resumed_after(connection, after, number)
    if through is None:
        return found, more
    return [gap(after, through, id), *found][:limit], more or len(found) == limit


def _after() -> int | None:
    """Read the id after which to continue; `Last-Event-ID`, which browsers send, takes precedence over `after`."""
    after = whole("after", 0, minimum=0, maximum=LARGEST_ID) if "after" in request.args else None
    text = request.headers.get("Last-Event-ID")
    if text is None:
        return after
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


def _every() -> float:
    """Read the seconds between two times that a stream sends events; 0 for as they come."""
    if "epochs_every" in request.args and not _is_stream():
        raise Invalid.at("?epochs_every", "goes with a stream: a list has all events")
    return real("epochs_every", 0.0, MOST_SECONDS)


def _kinds() -> frozenset[Kind]:
    wanted = request.args.getlist("types")
    if unknown := [type for type in wanted if type not in TYPES]:
        raise Invalid.at("?types", f"must be of {', '.join(TYPES)}, got {unknown[0][:40]!r}")
    return frozenset(map(Kind, wanted))


def _limit() -> int:
    return whole("limit", 50, minimum=1, maximum=MAX_LIMIT)


def _list(found: list[EventRecord], more: bool) -> Response:
    freshness.announce_recent(ends(found))
    return listing([describe(event) for event in found], more, lambda item: item["id"])


def _stream(wanted: Wanted, job: int | None) -> Response:
    database = services().database
    is_held = CLIENT in request.environ
    stream = Stream(
        database,
        feed(),
        streams(),
        services().settings.stream_seconds,
        wanted,
        Watched(database.tenant, job),
        still_valid(),
        freshness.announcer(),
        is_held,
    )
    if is_held:
        request.environ[HELD] = stream
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(stream.blocks(), mimetype=STREAM, headers=headers)
