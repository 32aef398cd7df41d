"""Whose work a worker claims next: tenants share the workers by their weights, and each orders its own jobs.

Predictions of whole datasets are work as jobs are: a tenant for which both wait gets one of each in turn.

This is start-time fair queueing (Goyal, Vin and Cheng 1996) with jobs as packets. A job that is claimed begins at its
tenant's `pass`, or at the present virtual time if that is later, so that a tenant earns nothing while it has no jobs.
The pass is then raised by 1 / weight. The tenant with the lowest pass is first, and the virtual time is where the job
claimed last began, the largest `claimed_pass`.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select, update

from service.store.records import Status
from service.store.tables import jobs, predictions, tenants

RUNNING_JOBS = "running_jobs"  # in `tenants.limits`
LOCK = 0x636C616D  # "clam", among PostgreSQL's advisory locks; SQLite has one writer at a time anyway

PASS, CLAIMED = tenants.c["pass"], tenants.c.claimed_pass
ORDER = (jobs.c.priority.desc(), jobs.c.queued_at, jobs.c.number)
OTHERS = tenants.alias()


RUNNING = (
    select(func.count()).where(jobs.c.status == Status.RUNNING, jobs.c.tenant == tenants.c.number).scalar_subquery()
    + select(func.count())
    .where(predictions.c.status == Status.RUNNING, predictions.c.tenant == tenants.c.number)
    .scalar_subquery()
)
WAITING_PREDICTION = (
    select(predictions.c.number)
    .where(predictions.c.tenant == tenants.c.number, predictions.c.status == Status.QUEUED)
    .order_by(predictions.c.queued_at)
    .limit(1)
    .correlate(tenants)
    .scalar_subquery()
)


def _most(default: int) -> ColumnElement[int]:
    """Return the limit of running jobs of a row of `tenants`: its own, or that of all."""
    return func.coalesce(tenants.c.limits[RUNNING_JOBS].as_integer(), default)


def has_room(default: int) -> ColumnElement[bool]:
    """Return a condition on a row of `tenants`: that less of its work runs than its limit says, where 0 is none."""
    return or_(_most(default) == 0, _most(default) > RUNNING)


def turns(connection: Connection, free: ColumnElement[bool], running_jobs: int) -> Iterator[int]:
    """Yield the tenants whose turn it is, until the caller has claimed something: commands may hold all of the first's.

    `free` is the condition on jobs that this worker may claim. Claims wait for each other, so that shares and limits
    are exact however many workers there are; a worker for which there is no job does not wait.
    """
    if connection.dialect.name == "postgresql":
        waits = select(predictions.c.number).where(predictions.c.status == Status.QUEUED).exists()
        some = or_(select(jobs.c.number).where(free).exists(), waits)
        if connection.execute(select(func.pg_advisory_xact_lock(LOCK)).where(some)).first() is None:
            return
    busy: list[int] = []
    while True:
        query = select(tenants.c.number).where(_has_work(free), has_room(running_jobs))
        if busy:
            query = query.where(tenants.c.number.not_in(busy))
        tenant: int | None = connection.execute(query.order_by(PASS, tenants.c.number).limit(1)).scalar()
        if tenant is None:
            return
        yield tenant
        busy.append(tenant)


def first_jobs(tenant: int, free: ColumnElement[bool]) -> Iterator[Select[int]]:
    """Yield queries of the number of a tenant's first job, the second for when commands hold all that the first finds.

    The first looks up the highest priority, then the first job with it: each is in the index of the queue, while the
    second sorts all that the tenant has queued.
    """
    mine = (jobs.c.tenant == tenant, free)
    highest = select(jobs.c.priority).where(*mine).order_by(jobs.c.priority.desc()).limit(1).scalar_subquery()
    yield select(jobs.c.number).where(*mine, jobs.c.priority == highest).order_by(*ORDER[1:]).limit(1)
    yield select(jobs.c.number).where(*mine).order_by(*ORDER).limit(1)


def _has_work(free: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition on a row of `tenants`, which both databases answer from the indexes of the queues.

    PostgreSQL would turn an EXISTS into a join of all tenants with all queued jobs.
    """
    some = select(jobs.c.number).where(jobs.c.tenant == tenants.c.number, free).order_by(jobs.c.priority).limit(1)
    return or_(some.correlate(tenants).scalar_subquery().is_not(None), WAITING_PREDICTION.is_not(None))


def batch_is_next(connection: Connection, tenant: int) -> bool:
    """Return whether a tenant's predictions come before its jobs this time, as a job was claimed last."""
    next_one = select(tenants.c.batch_is_next).where(tenants.c.number == tenant)
    return bool(connection.execute(next_one).scalar_one())


def charge(connection: Connection, tenant: int, is_job: bool = True) -> None:
    """Record that a job of a tenant is claimed, or a prediction."""
    now = select(func.max(OTHERS.c.claimed_pass)).scalar_subquery()
    begin = case((now > PASS, now), else_=PASS)
    values = {CLAIMED: begin, PASS: begin + 1.0 / tenants.c.weight, tenants.c.batch_is_next: is_job}
    connection.execute(update(tenants).where(tenants.c.number == tenant).values(values))
