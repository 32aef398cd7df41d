"""Fair share: whether a running job should make room for one that has waited longer than a turn."""

from sqlalchemy import Connection, and_, func, or_, select

from service.store.database import clock
from service.store.jobs import jobs, shares
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table
from service.store.tables import tenants, workers
from service.store.tenancy import everyone


def is_over(
    connection: Connection, job: JobRecord, turn_seconds: float, fingerprint: str | None, running_jobs: int = 0
) -> bool:
    """Return whether this job should make room: it ran for a turn, others waited as long, and none can begin beside it.

    Of its own tenant's waiting jobs those of the same priority or a higher one count, of other tenants all count. As
    many jobs make room as wait, those that have run longest first. `running_jobs` is how many a tenant may have at
    once that has no limit of its own: at its limit its jobs wait for each other even while workers are free.
    """
    with everyone(connection):
        return _is_over(connection, job, turn_seconds, fingerprint, running_jobs)


def _is_over(
    connection: Connection, job: JobRecord, turn_seconds: float, fingerprint: str | None, running_jobs: int
) -> bool:
    mine = select(table.c.claimed_at).where(table.c.number == job.number).scalar_subquery()
    if not connection.execute(select(mine < clock(-turn_seconds))).scalar():
        return False
    own, ours = table.c.tenant == job.tenant, select(tenants.c.number).where(tenants.c.number == job.tenant)
    at_limit = connection.execute(ours.where(shares.has_room(running_jobs))).first() is None
    places = connection.execute(select(func.count()).select_from(workers).where(jobs.alive_clause())).scalar_one()
    running = (table.c.status == Status.RUNNING, table.c.lease_until > clock())
    is_full = connection.execute(select(func.count()).where(*running)).scalar_one() >= places
    if not (is_full or at_limit):
        return False
    with_room = table.c.tenant.in_(select(tenants.c.number).where(shares.has_room(running_jobs)))
    rivals = and_(own, table.c.priority >= job.priority)
    if is_full:
        rivals = or_(rivals, and_(~own, with_room))
    waits = (jobs.claimable_by(fingerprint), rivals, table.c.queued_at < clock(-turn_seconds))
    some = select(table.c.number).where(*waits).limit(max(places, 1)).subquery()
    waiting = connection.execute(select(func.count()).select_from(some)).scalar_one()
    first = and_(own, table.c.priority <= job.priority)  # make room before this one
    first = or_(first, ~own) if is_full else first
    longer = select(func.count()).where(*running, table.c.claimed_at < mine, first)
    return waiting > 0 and connection.execute(longer).scalar_one() < waiting
