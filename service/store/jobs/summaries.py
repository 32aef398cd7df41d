"""Lists and summaries of jobs, which read no more than they show, and the positions of queued jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal, not_, or_, select

from service.errors import NotFound
from service.store.job_records import JobSummary
from service.store.jobs import shares
from service.store.jobs.jobs import number_of
from service.store.jobs.rows import COLUMNS, SUMMARY_COLUMNS, job_of, summary_of
from service.store.jobs.searching import has_text
from service.store.records import JobRecord, Listing, Page, Status
from service.store.tables import jobs


class QueueOrder(StrEnum):
    """An order of queued jobs, by their position."""

    FIRST_TO_LAST = "position"
    LAST_TO_FIRST = "-position"


SUMMARY = select(*SUMMARY_COLUMNS).where(jobs.c.id == bindparam("job_id"))
SUMMARIES = select(*SUMMARY_COLUMNS)
WHOLE = select(*COLUMNS)
ORDERS = {
    None: (jobs.c.number.desc(),),
    QueueOrder.FIRST_TO_LAST: shares.ORDER,
    QueueOrder.LAST_TO_FIRST: (jobs.c.priority, jobs.c.queued_at.desc(), jobs.c.number.desc()),
}


def get_summary(connection: Connection, job_id: str) -> JobSummary:
    """Return the summary of a job; raise `NotFound` for one that does not exist."""
    row = connection.execute(SUMMARY, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no job `{job_id}`")
    return summary_of(row)


@dataclass(frozen=True)
class Chosen:
    """Which jobs are listed: of a status, of a model, with these metadata, with a text; None and {} stand for all.

    They come newest first, or, where `queue_order` is not None, in the order in which queued ones are taken: from the
    front or from the back.
    """

    status: str | None
    model: str | None
    metadata: Mapping[str, str]
    search: str | None = None
    queue_order: QueueOrder | None = None


def list_summaries(connection: Connection, page: Page, chosen: Chosen) -> Listing[JobSummary]:
    """Return a page of jobs' summaries."""
    rows = connection.execute(_of_page(SUMMARIES, connection, page, chosen)).all()
    return Listing(tuple(summary_of(row) for row in rows[: page.limit]), len(rows) > page.limit)


def list_jobs(connection: Connection, page: Page, chosen: Chosen) -> Listing[JobRecord]:
    """Return a page of jobs that are read whole; `list_summaries` costs a fraction of it."""
    rows = connection.execute(_of_page(WHOLE, connection, page, chosen)).all()
    return Listing(tuple(job_of(row) for row in rows[: page.limit]), len(rows) > page.limit)


def _of_page(query: Select[Any], connection: Connection, page: Page, chosen: Chosen) -> Select[Any]:
    query = query.order_by(*ORDERS[chosen.queue_order]).limit(page.limit + 1)
    if chosen.status is not None:
        query = query.where(jobs.c.status == chosen.status)
    if chosen.model is not None:
        query = query.where(jobs.c.model_name == chosen.model)
    for key, value in chosen.metadata.items():
        query = query.where(jobs.c.extra[key].as_string() == value)
    if chosen.search is not None:
        query = query.where(has_text(chosen.search))
    position = page.position if page.after is None else number_of(connection, page.after)
    return query if position is None else query.where(_comes_after(connection, position, chosen.queue_order))


def _comes_after(connection: Connection, number: int, queue_order: QueueOrder | None) -> ColumnElement[bool]:
    """Return the condition that a job comes after the one of this number in a list.

    Raises
    ------
    NotFound
        When that one was deleted, and the list is in the order of the queue, in which nothing else says where it was.
    """
    if queue_order is None:
        return jobs.c.number < number
    priority = connection.execute(select(jobs.c.priority).where(jobs.c.number == number)).scalar()
    if priority is None:
        raise NotFound("`after` names a job that was deleted; begin at the first page again")
    ahead = _is_ahead(literal(number, jobs.c.number.type), literal(priority, jobs.c.priority.type))
    return ahead if queue_order is QueueOrder.LAST_TO_FIRST else and_(not_(ahead), jobs.c.number != number)


def _is_ahead(this: ColumnElement[int], priority: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a job is taken before the job `this`, which has that priority."""
    mine = select(jobs.c.queued_at).where(jobs.c.number == this).scalar_subquery()
    earlier = or_(jobs.c.queued_at < mine, and_(jobs.c.queued_at == mine, jobs.c.number < this))
    return or_(jobs.c.priority > priority, and_(jobs.c.priority == priority, earlier))


def _jobs_ahead() -> Select[int]:
    """Return the query of how many queued jobs of a tenant are before its job `this`."""
    ahead = _is_ahead(bindparam("this", type_=jobs.c.number.type), bindparam("priority", type_=jobs.c.priority.type))
    tenant = jobs.c.tenant == bindparam("of_tenant", type_=jobs.c.tenant.type)
    return select(func.count()).where(jobs.c.status == literal(Status.QUEUED.value, jobs.c.status.type), tenant, ahead)


AHEAD = _jobs_ahead()


def positions_of(connection: Connection, found: Sequence[JobSummary]) -> dict[int, int]:
    """Return the positions among their tenant's of those jobs that are queued, by the job's number."""
    queued = [job for job in found if job.status is Status.QUEUED]
    if len(queued) < 2:
        return {job.number: _position_of(connection, job) for job in queued}
    place = func.row_number().over(partition_by=jobs.c.tenant, order_by=shares.ORDER).label("place")
    theirs = jobs.c.tenant.in_({job.tenant for job in queued})
    queue = select(jobs.c.number, place).where(jobs.c.status == Status.QUEUED, theirs).subquery()
    mine = select(queue).where(queue.c.number.in_([job.number for job in queued]))
    return {number: at for number, at in connection.execute(mine)}


def _position_of(connection: Connection, job: JobSummary) -> int:
    """Return a queued job's position among its tenant's, counted from 1."""
    which = {"this": job.number, "priority": job.priority, "of_tenant": job.tenant}
    return connection.execute(AHEAD, which).scalar_one() + 1
