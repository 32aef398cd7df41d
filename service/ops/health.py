"""The state of each part of the service, for `/readyz` and `backprop doctor`."""

from service.errors import ServiceError
from service.services import Services
from service.store import migrate, workers


def readiness(services: Services) -> tuple[str, dict[str, dict[str, object]]]:
    """Return `ready`, `degraded` (no queue or no worker) or `unavailable` (no database), and a check per part."""
    checks: dict[str, dict[str, object]] = {}
    try:
        migrate.check_current(services.database)
        checks["database"] = {"ok": True}
        checks["migrations"] = {"ok": True, "revision": migrate.newest_revision()}
        with services.database.read() as connection:
            places = workers.count_alive(connection)
        checks["workers"] = {"ok": places > 0, "places": places}
    except ServiceError as error:
        checks.setdefault("database", {"ok": False, "detail": error.detail})
        checks.setdefault("migrations", {"ok": False, "detail": error.detail})
        checks.setdefault("workers", {"ok": False, "detail": "not known without the database"})
    checks["queue"] = {"ok": services.doorbell.answers()}
    if not checks["migrations"]["ok"]:
        return "unavailable", checks
    return "ready" if all(check["ok"] for check in checks.values()) else "degraded", checks
