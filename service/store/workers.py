"""Which workers live: each notes its name every few seconds."""

from sqlalchemy import Connection, delete, func, insert, select, union, update

from service.store.database import clock
from service.store.tables import jobs, workers

ALIVE_SECONDS = 30.0
FORGOTTEN_SECONDS = 3600.0


def note_worker(connection: Connection, name: str) -> None:
    """This process, `host:parent:child`, lives, and trains one job at a time."""
    changed = connection.execute(update(workers).where(workers.c.id == name).values(seen_at=clock()))
    if changed.rowcount == 0:
        connection.execute(insert(workers).values(id=name, seen_at=clock()))
    connection.execute(delete(workers).where(workers.c.seen_at < clock(-FORGOTTEN_SECONDS)))


def forget_worker(connection: Connection, name: str) -> None:
    connection.execute(delete(workers).where(workers.c.id == name))


def living_places(connection: Connection) -> int:
    """How many jobs the living workers can train at once."""
    alive = workers.c.seen_at > clock(-ALIVE_SECONDS)
    return connection.execute(select(func.count()).select_from(workers).where(alive)).scalar_one()


def names_on(connection: Connection, host: str) -> list[str]:
    """The processes of a host that were noted or hold a running job."""
    noted = select(workers.c.id).where(workers.c.id.startswith(host, autoescape=True))
    held = select(jobs.c.worker).where(
        jobs.c.status == "running", jobs.c.worker.startswith(host, autoescape=True), jobs.c.lease_until > clock()
    )
    return list(connection.execute(union(noted, held)).scalars())


def bury(connection: Connection, name: str) -> int:
    """Forget a process that is known to be gone, and end its leases so that its jobs can be taken; how many."""
    forget_worker(connection, name)
    held = (jobs.c.status == "running", jobs.c.worker == name)
    return connection.execute(update(jobs).where(*held).values(lease_until=clock(-1))).rowcount
