"""Which workers are alive: each reports its name and how it computes every few seconds."""

from sqlalchemy import Connection, delete, func, insert, select, union, update

from service.store.database import clock
from service.store.jobs import crashes, jobs
from service.store.records import JobRecord
from service.store.tables import jobs as jobs_table
from service.store.tables import workers
from service.store.tenancy import everyone

REMOVED_AFTER_SECONDS = 3600.0


def report_alive(connection: Connection, name: str, fingerprint: str | None = None) -> None:
    """Record that the process of this name is alive. It trains one job at a time."""
    values = {"seen_at": clock(), "fingerprint": fingerprint}
    changed = connection.execute(update(workers).where(workers.c.id == name).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(workers).values(id=name, **values))
    connection.execute(delete(workers).where(workers.c.seen_at < clock(-REMOVED_AFTER_SECONDS)))


def remove_worker(connection: Connection, name: str) -> None:
    """Remove the row of a process that stops or has ended."""
    connection.execute(delete(workers).where(workers.c.id == name))


def count_alive(connection: Connection) -> int:
    """Return how many workers are alive, each of which trains one job at a time."""
    with everyone(connection):
        return connection.execute(select(func.count()).select_from(workers).where(jobs.alive_clause())).scalar_one()


def report_space(connection: Connection, name: str, waits_for: str | None) -> None:
    """Record why a worker begins no job for want of space, or that it does."""
    connection.execute(update(workers).where(workers.c.id == name).values(waits_for=waits_for))


def all_wait_for(connection: Connection) -> str | None:
    """Return why no living worker begins a job for want of space; None when one does, or none is alive."""
    counted = (func.count(), func.count(workers.c.waits_for), func.min(workers.c.waits_for))
    alive, waiting, reason = connection.execute(select(*counted).where(jobs.alive_clause())).one()
    return reason if alive and alive == waiting else None


def names_in(connection: Connection, namespace: str) -> list[str]:
    """Return the names of processes of a PID namespace that have reported or hold a running job."""
    prefix = namespace + ":"
    reported = select(workers.c.id).where(workers.c.id.startswith(prefix, autoescape=True))
    holding = select(jobs_table.c.worker).where(
        jobs_table.c.status == "running", jobs_table.c.worker.startswith(prefix, autoescape=True)
    )
    return list(connection.execute(union(reported, holding)).scalars())


def remove_ended(connection: Connection, name: str, exit_code: int | None = None) -> list[JobRecord]:
    """Remove the row of a process that has ended and release its jobs; return the jobs in their new state."""
    remove_worker(connection, name)
    return crashes.free_jobs_of(connection, name, exit_code)
