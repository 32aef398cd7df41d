"""Fair share: whether running work should make room for what has waited longer than a turn.

Work is jobs and predictions of whole datasets, which have the priority 0 in what they do to jobs.
"""

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true

from service.store.database import clock
from service.store.jobs import claiming, shares
from service.store.prediction_records import PredictionRecord
from service.store.records import JobRecord, Status
from service.store.tables import jobs as table
from service.store.tables import predictions, tenants, workers
from service.store.tenancy import everyone

Held = JobRecord | PredictionRecord  # what a run holds
RUNNING_JOBS = (table.c.status == Status.RUNNING, table.c.lease_until > clock())
RUNNING_PREDICTIONS = (predictions.c.status == Status.RUNNING, predictions.c.lease_until > clock())


def is_over(
    connection: Connection, held: Held, turn_seconds: float, fingerprint: str | None, running_jobs: int = 0
) -> bool:
    """Return whether this run should make room: it ran for a turn, others waited as long, and none can begin beside it.

    Of its own tenant's waiting jobs those of the same priority or a higher one count, and all waiting predictions; of
    other tenants all count. As many runs make room as wait, those that have run longest first. `running_jobs` is how
    many a tenant may have at once that has no limit of its own: at its limit they wait for each other even while
    workers are free.
    """
    with everyone(connection):
        return _is_over(connection, held, turn_seconds, fingerprint, running_jobs)


def _is_over(
    connection: Connection, held: Held, turn_seconds: float, fingerprint: str | None, running_jobs: int
) -> bool:
    mine = _claimed_at(held)
    if not connection.execute(select(mine < clock(-turn_seconds))).scalar():
        return False
    ours = select(tenants.c.number).where(tenants.c.number == held.tenant)
    at_limit = connection.execute(ours.where(shares.has_room(running_jobs))).first() is None
    places = connection.execute(select(func.count()).select_from(workers).where(claiming.alive_clause())).scalar_one()
    is_full = _count(connection, RUNNING_JOBS, RUNNING_PREDICTIONS) >= places
    if not (is_full or at_limit):
        return False
    waiting = _waiting(connection, held, turn_seconds, fingerprint, running_jobs, is_full, max(places, 1))
    if not waiting:
        return False
    own, others = table.c.tenant == held.tenant, true() if is_full else false()
    lower = or_(and_(own, table.c.priority <= held.priority), and_(~own, others))  # they make room before this one
    beside = or_(predictions.c.tenant == held.tenant, others)
    longer = _count(
        connection,
        (*RUNNING_JOBS, table.c.claimed_at < mine, lower),
        (*RUNNING_PREDICTIONS, predictions.c.claimed_at < mine, beside),
    )
    return longer < waiting


def _claimed_at(held: Held) -> ColumnElement[object]:
    source = table if isinstance(held, JobRecord) else predictions
    return select(source.c.claimed_at).where(source.c.number == held.number).scalar_subquery()


def _waiting(
    connection: Connection,
    held: Held,
    turn_seconds: float,
    fingerprint: str | None,
    running_jobs: int,
    is_full: bool,
    most: int,
) -> int:
    """Return how much work has waited for a turn that this run may make room for; more than `most` is not counted."""
    with_room = select(tenants.c.number).where(shares.has_room(running_jobs))
    own, since = table.c.tenant == held.tenant, clock(-turn_seconds)
    rivals = and_(own, table.c.priority >= held.priority)
    batches = predictions.c.tenant == held.tenant
    if is_full:
        rivals = or_(rivals, and_(~own, table.c.tenant.in_(with_room)))
        batches = or_(batches, predictions.c.tenant.in_(with_room))
    some = (
        select(table.c.number).where(claiming.claimable_by(fingerprint), rivals, table.c.queued_at < since).limit(most),
        select(predictions.c.number)
        .where(predictions.c.status == Status.QUEUED, batches, predictions.c.queued_at < since)
        .limit(most),
    )
    return sum(connection.execute(select(func.count()).select_from(each.subquery())).scalar_one() for each in some)


def _count(
    connection: Connection, of_jobs: tuple[ColumnElement[bool], ...], of_predictions: tuple[ColumnElement[bool], ...]
) -> int:
    queries = (
        select(func.count()).select_from(table).where(*of_jobs),
        select(func.count()).select_from(predictions).where(*of_predictions),
    )
    return sum(connection.execute(query).scalar_one() for query in queries)
