"""The state of each part of the service, for `/readyz`, `/metrics` and `backprop doctor`."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from service.errors import ServiceError
from service.ops.probes import Check, Checks, Probe, ask
from service.services import Services
from service.store import migrate, workers

ANSWER_SECONDS = 0.75  # how long a part may take to answer: `/readyz` is answered within a second
WAYS_OUT = {
    "database": "start the database, or check BACKPROP_DATABASE_URL",
    "workers": "start `backprop serve`, or `backprop worker` in addition to the API",
    "queue": "start the queue server, or check BACKPROP_QUEUE_URL; jobs are found without it, a second or two later",
    "disk": "free space on the disk of the data folder, or check its permissions",
}
UNKNOWN = "not known without the database"


@dataclass(frozen=True)
class Readiness:
    """`ready`, `degraded` (a part is missing that requests can do without) or `unavailable`, and each part's check."""

    status: str
    checks: Checks


class Health:
    """Looks at the parts of one service, on behalf of one process; `more` are parts of that process alone, by name."""

    def __init__(self, services: Services, more: Mapping[str, Callable[[], Check]] | None = None) -> None:
        more = more or {}
        self._more = tuple(more)
        self._probes = [
            Probe("database", partial(_see_database, services), WAYS_OUT["database"]),
            Probe("queue", partial(_see_queue, services), WAYS_OUT["queue"]),
            Probe("disk", partial(_see_disk, services), WAYS_OUT["disk"]),
            *(Probe(name, partial(_see, name, look), WAYS_OUT["database"]) for name, look in more.items()),
        ]

    def readiness(self, seconds: float = ANSWER_SECONDS) -> Readiness:
        """Return the state of every part within `seconds`, whichever of them is frozen."""
        found = ask(self._probes, seconds)
        for name in ("migrations", "workers"):
            found.setdefault(name, Check(False, UNKNOWN))
        checks = {name: found[name] for name in ("database", "migrations", "workers", "queue", "disk", *self._more)}
        if not (checks["database"].ok and checks["migrations"].ok):
            return Readiness("unavailable", checks)
        return Readiness("ready" if all(check.ok for check in checks.values()) else "degraded", checks)


def _see_database(services: Services) -> Checks:
    """Look at the database, at its schema, and at the workers that have reported to it."""
    checks = {"database": _timed(lambda: _reach(services))}
    if not checks["database"].ok:
        return checks
    checks["migrations"] = _timed(lambda: _check_schema(services))
    if checks["migrations"].ok:
        checks["workers"] = _timed(lambda: _count_workers(services))
    return checks


def _see(name: str, look: Callable[[], Check]) -> Checks:
    return {name: _timed(look)}


def _timed(look: Callable[[], Check]) -> Check:
    began = time.monotonic()
    try:
        check = look()
    except ServiceError as error:
        check = Check(False, error.detail)
    return replace(check, seconds=time.monotonic() - began)


def _reach(services: Services) -> Check:
    try:
        services.database.ping()
    except ServiceError:
        return Check(False, f"the database does not answer; {WAYS_OUT['database']}")
    return Check(True)


def _check_schema(services: Services) -> Check:
    migrate.check_current(services.database)
    return Check(True, facts={"revision": migrate.newest_revision()})


def _count_workers(services: Services) -> Check:
    with services.database.read() as connection:
        places = workers.count_alive(connection)
    detail = "" if places else f"no worker is alive; {WAYS_OUT['workers']}"
    return Check(places > 0, detail, facts={"places": places})


def _see_queue(services: Services) -> Checks:
    def see() -> Check:
        if services.doorbell.answers():
            return Check(True)
        return Check(False, f"the queue does not answer; {WAYS_OUT['queue']}")

    return {"queue": _timed(see)}


def _see_disk(services: Services) -> Checks:
    return {"disk": _timed(lambda: _check_disk(services))}


def _check_disk(services: Services) -> Check:
    """Try to write to the data folder, and compare what is free on its disk with what is to be kept free."""
    keep_free_bytes = services.settings.keep_free_bytes
    folder = services.settings.data_dir.absolute()  # what stores first makes it
    folder = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
    except OSError as error:
        detail = f"the data folder {folder} cannot be written ({error.strerror}); {WAYS_OUT['disk']}"
        return Check(False, detail)
    free = services.space.free_bytes()
    if free < keep_free_bytes:
        detail = f"{free:,} bytes are free, fewer than the {keep_free_bytes:,} of BACKPROP_KEEP_FREE_BYTES"
        return Check(False, f"{detail}; {WAYS_OUT['disk']}", facts={"free_bytes": free})
    return Check(True, facts={"free_bytes": free})
