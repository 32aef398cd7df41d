"""Which workers live: each notes its name every few seconds."""

from sqlalchemy import Connection, delete, func, insert, select, update

from service.store.database import clock
from service.store.tables import jobs, workers

ALIVE_SECONDS = 30.0


def note_worker(connection: Connection, name: str, places: int) -> None:
    """This worker lives, and trains up to `places` jobs at once."""
    changed = connection.execute(update(workers).where(workers.c.id == name).values(places=places, seen_at=clock()))
    if changed.rowcount == 0:
        connection.execute(insert(workers).values(id=name, places=places, seen_at=clock()))
    connection.execute(delete(workers).where(workers.c.seen_at < clock(-3600)))


def forget_worker(connection: Connection, name: str) -> None:
    connection.execute(delete(workers).where(workers.c.id == name))


def living_places(connection: Connection) -> int:
    """How many jobs the living workers can train at once."""
    alive = workers.c.seen_at > clock(-ALIVE_SECONDS)
    return int(connection.execute(select(func.coalesce(func.sum(workers.c.places), 0)).where(alive)).scalar_one())


def release_dead(connection: Connection, process: str) -> int:
    """End the leases of a process that is known to be gone, so that its jobs can be taken at once; how many."""
    held = (jobs.c.status == "running", jobs.c.worker == process)
    return connection.execute(update(jobs).where(*held).values(lease_until=clock(-1))).rowcount


def holders(connection: Connection, host: str) -> list[str]:
    """The processes on a host that hold a running job, as `host:parent:child`."""
    held = (jobs.c.status == "running", jobs.c.worker.startswith(host, autoescape=True), jobs.c.lease_until > clock())
    return list(connection.execute(select(jobs.c.worker).where(*held).distinct()).scalars())
