"""Fair share: whether a running job should make room for one that has waited longer than a turn."""

from sqlalchemy import Connection, func, select

from service.store.database import clock
from service.store.jobs import jobs
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table
from service.store.tables import workers
from service.store.tenancy import everyone


def is_over(connection: Connection, job: JobRecord, turn_seconds: float, fingerprint: str | None) -> bool:
    """Return whether this job should make room: it ran for a turn, others waited as long, and no worker is free.

    Only waiting jobs of the same priority or a higher one count. As many jobs make room as wait, those that have run
    longest first. Jobs of all tenants count.
    """
    with everyone(connection):
        return _is_over(connection, job, turn_seconds, fingerprint)


def _is_over(connection: Connection, job: JobRecord, turn_seconds: float, fingerprint: str | None) -> bool:
    mine = select(table.c.claimed_at).where(table.c.number == job.number).scalar_subquery()
    if not connection.execute(select(mine < clock(-turn_seconds))).scalar():
        return False
    places = connection.execute(select(func.count()).select_from(workers).where(jobs.alive_clause())).scalar_one()
    running = (table.c.status == Status.RUNNING, table.c.lease_until > clock())
    if connection.execute(select(func.count()).where(*running)).scalar_one() < places:
        return False
    waits = (jobs.claimable_by(fingerprint), table.c.priority >= job.priority, table.c.queued_at < clock(-turn_seconds))
    some = select(table.c.number).where(*waits).limit(max(places, 1)).subquery()
    waiting = connection.execute(select(func.count()).select_from(some)).scalar_one()
    longer = select(func.count()).where(*running, table.c.claimed_at < mine, table.c.priority <= job.priority)
    return waiting > 0 and connection.execute(longer).scalar_one() < waiting
