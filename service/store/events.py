"""Events: what happened to jobs, recorded in the transaction of the change itself.

Ids come from the row of a counter, which is updated as the last statement before the commit and stays locked until
then. A reader that sees an id can therefore see all lower ones. A database sequence does not guarantee this: of two
transactions, the one with the higher number may commit first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from service.store.database import before_commit
from service.store.records import EventRecord, Kind, Status
from service.store.tables import counters, events, jobs
from service.store.tenancy import everyone

PRUNED_TOGETHER = 10_000
ASKED_TOGETHER = 500
RAISE = (
    update(counters)
    .where(counters.c.name == "events")
    .values(value=counters.c.value + bindparam("by", type_=counters.c.value.type))
    .returning(counters.c.value)
)


@dataclass(frozen=True)
class OwnedEvent:
    """An event with the numbers of the tenant and of the job that it belongs to."""

    tenant: int
    job: int
    event: EventRecord


class _PendingEvents:
    """The events of one transaction; `Database.begin` calls this to insert them just before the commit."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def __call__(self, connection: Connection) -> None:
        last = connection.execute(RAISE, {"by": len(self.rows)}).scalar_one()
        first = last - len(self.rows) + 1
        connection.execute(insert(events), [{"id": first + at, **row} for at, row in enumerate(self.rows)])


def add(connection: Connection, job: int, kind: Kind, data: dict[str, Any]) -> None:
    """Record an event when the transaction commits."""
    acts = before_commit(connection)
    pending = next((act for act in acts if isinstance(act, _PendingEvents)), None)
    if pending is None:
        acts.append(pending := _PendingEvents())
    pending.rows.append({"job": job, "kind": kind.value, "data": data, "created_at": datetime.now(UTC)})


def list_events(
    connection: Connection, after: int, limit: int, job: int | None = None, kinds: Collection[Kind] = ()
) -> tuple[list[EventRecord], bool]:
    """Return events past the id `after`, oldest first, and whether more follow; of some `kinds` if there are any."""
    query = select(events, jobs.c.id.label("job_id")).join(jobs, jobs.c.number == events.c.job)
    query = query.where(events.c.id > after).order_by(events.c.id).limit(limit + 1)
    if job is not None:
        query = query.where(events.c.job == job)
    if kinds:
        query = query.where(events.c.kind.in_([kind.value for kind in kinds]))
    found = [_event(row) for row in connection.execute(query)]
    return found[:limit], len(found) > limit


def resumed_after(connection: Connection, after: int, job: int | None = None) -> int | None:
    """Return the id past which a client goes on that lacks events past `after`; None when it goes on there.

    It is another one when some of those events are no longer kept: events are removed in the order of their ids, so a
    job whose first event is kept misses none; those of all jobs may also be missing because their jobs were deleted.
    And it is the newest id when `after` is beyond that, as after a backup was restored.
    """
    oldest = select(func.min(events.c.id)).scalar_subquery()
    with everyone(connection):
        row = connection.execute(select(counters.c.value, oldest).where(counters.c.name == "events")).one()
    last, kept_from = row[0], row[0] + 1 if row[1] is None else row[1]
    if after > last:
        return int(last)
    if after >= kept_from - 1 or (job is not None and _has_first_event(connection, job)):
        return None
    return int(kept_from - 1)


def _has_first_event(connection: Connection, job: int) -> bool:
    """Return whether the oldest event that is kept of a job is that of its submission."""
    query = select(events.c.kind, events.c.data).join(jobs, jobs.c.number == events.c.job).where(events.c.job == job)
    first = connection.execute(query.order_by(events.c.id).limit(1)).one_or_none()
    return first is not None and first.kind == Kind.STATUS and first.data == status_data(Status.QUEUED, None, 0)


def last_id(connection: Connection) -> int:
    """Return the id of the newest event; 0 before the first."""
    last: int = connection.execute(select(counters.c.value).where(counters.c.name == "events")).scalar_one()
    return last


def newest(connection: Connection, after: int, limit: int) -> list[OwnedEvent]:
    """Return events of all tenants past the id `after`, oldest first, each with the numbers of its tenant and job."""
    owned = select(events, jobs.c.id.label("job_id"), jobs.c.tenant).join(jobs, jobs.c.number == events.c.job)
    rows = connection.execute(owned.where(events.c.id > after).order_by(events.c.id).limit(limit))
    return [OwnedEvent(row.tenant, row.job, _event(row)) for row in rows]


def jobs_left(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of these numbers are those of jobs that have not been deleted, of any tenant."""
    found: set[int] = set()
    with everyone(connection):
        for start in range(0, len(numbers), ASKED_TOGETHER):
            query = select(jobs.c.number).where(jobs.c.number.in_(numbers[start : start + ASKED_TOGETHER]))
            found.update(connection.execute(query).scalars())
    return found


def prune(connection: Connection, older_than: datetime, most: int) -> int:
    """Remove some of the oldest events: those before a moment, and those beyond `most`; return how many."""
    oldest = select(events.c.id, events.c.created_at).order_by(events.c.id).limit(PRUNED_TOGETHER).subquery()
    until = connection.execute(select(func.max(oldest.c.id)).where(oldest.c.created_at < older_than)).scalar() or 0
    until = max(until, last_id(connection) - most)
    through = select(events.c.id).where(events.c.id <= until).order_by(events.c.id).limit(PRUNED_TOGETHER)
    return connection.execute(delete(events).where(events.c.id.in_(through))).rowcount


def status_data(status: str, requested: str | None, attempt: int) -> dict[str, Any]:
    """Return the data of an event of kind `status`."""
    return {"status": str(status), "requested": requested, "attempt": attempt}


def add_warnings(connection: Connection, job: int, warnings: Sequence[dict[str, Any]]) -> None:
    """Record an event for each warning when the transaction commits."""
    for warning in warnings:
        add(connection, job, Kind.WARNING, warning)


def _event(row: Row[Any]) -> EventRecord:
    return EventRecord(row.id, row.job_id, Kind(row.kind), row.data, row.created_at)
