"""`backprop doctor`: reports the settings, the state of each part of the service, and how to correct faults.

Before the first start and after a stop nothing runs, which is no fault: then it checks what a start needs. It changes
nothing and makes no files.
"""

import fcntl
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.addresses import with_port, without_password
from service.config import Settings
from service.errors import ServiceError
from service.ops.embedded import check_format, queue_server
from service.ops.health import WAYS_OUT, Health
from service.ops.listening import check_port
from service.queue import Doorbell
from service.services import Services, open_services
from service.store.connecting import check_connects
from service.store.database import Database
from service.store.migrate import check_not_newer, current_revision
from service.store.webhooks import claims

CORRECTIONS = {
    "data folder": "choose another --data-dir, or change its permissions",
    "port": "choose another --port, or stop what listens there",
    "schema": "update this release, or choose another --data-dir",
    "queue": WAYS_OUT["queue"],
    "webhooks": "start `backprop worker`, and look into its log; BACKPROP_WEBHOOKS=off there stops deliveries",
}
LATE_SECONDS = 300.0  # that a delivery is due although nothing holds it back
SQLITE = "sqlite:///"
PATIENCE_SECONDS = 20.0  # for a part that hangs


def examine(settings: Settings) -> int:
    """Print the report; return 0 when nothing is wrong, else 1."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    print(f"data folder   {settings.data_dir.absolute()}")
    print(f"database      {without_password(settings.resolved_database_url)}")
    print(f"queue         {_queue(settings)}")
    print(f"listening on  {with_port(settings.host, settings.port)}, {settings.resolved_api_processes} API process(es)")
    print(f"workers       {settings.resolved_workers}")
    print(f"keys          {_keys(settings)}")
    print(f"webhooks      {_webhooks(settings)}")
    print()
    status, is_right = _running(settings) if _is_running(settings) else _at_rest(settings)
    print(f"\nall together: {status}")
    sys.stdout.flush()
    return 0 if is_right else 1


def _keys(settings: Settings) -> str:
    if settings.auth == "off":
        asked = "never asked for"
    elif settings.auth == "required" or settings.needs_a_key_to_start:
        asked = "always asked for"
    else:
        asked = "asked for once the first one was made"
    return f"{asked} (BACKPROP_AUTH={settings.auth}); `backprop keys list` shows them"


def _webhooks(settings: Settings) -> str:
    if settings.webhooks == "off":
        return "stored, and sent by nobody (BACKPROP_WEBHOOKS=off)"
    ranges = settings.webhook_allowed_ranges
    return "sent by the workers to public addresses" + (f", and to {ranges}" if ranges else "")


def late_deliveries(services: Services) -> str | None:
    """Return what is wrong with deliveries to webhooks; None where nothing is, or where the database does not say."""
    try:
        with services.database.read() as connection:
            waiting = claims.backlog(connection)
    except ServiceError:
        return None
    if waiting.oldest_seconds < LATE_SECONDS:
        return None
    return f"{waiting.due} deliveries are due, the oldest for {waiting.oldest_seconds:,.0f} s, and nothing sends them"


def _is_running(settings: Settings) -> bool:
    """Return whether `backprop serve` works on the data folder, or parts may run elsewhere on a shared database."""
    if not _is_embedded(settings):
        return not _is_empty(settings)
    try:
        lock = os.open(settings.data_dir / "serve.lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _is_embedded(settings: Settings) -> bool:
    return settings.resolved_database_url.startswith(SQLITE)


def _is_empty(settings: Settings) -> bool:
    """Return whether the database has no tables yet; one that does not answer may have them."""
    if _is_embedded(settings):
        return not _database_file(settings).exists()
    database = Database(settings.resolved_database_url)
    try:
        return current_revision(database) is None
    except ServiceError:
        return False
    finally:
        database.dispose()


def _running(settings: Settings) -> tuple[str, bool]:
    """Report every part of a service that runs."""
    socket = settings.data_dir.absolute() / "queue" / "socket"
    if not settings.queue_url and socket.exists():
        settings = replace(settings, queue_url=f"unix://{socket}")
    services = open_services(settings)
    found = Health(services).readiness(PATIENCE_SECONDS)
    for name, check in found.checks.items():
        reason = None if check.ok or name != "database" else _fault_of(lambda: check_connects(services.database))
        _report(name, check.ok, reason or check.detail)
    late = late_deliveries(services)
    _report("webhooks", late is None, late or "", CORRECTIONS["webhooks"])
    return found.status, found.status == "ready" and late is None


def _at_rest(settings: Settings) -> tuple[str, bool]:
    """Report what a start needs: a folder that can be written, a port, and a database of this release or none yet."""
    checks = {
        "data folder": _folder_fault(settings),
        "port": _fault_of(lambda: check_port(settings.host, settings.port)),
        "schema": _fault_of(lambda: _check_schema(settings)),
    }
    if settings.queue_url:
        checks["queue"] = None if Doorbell(settings.queue_url).answers() else "does not answer"
    for name, fault in checks.items():
        _report(name, fault is None, fault or "", CORRECTIONS[name])
    if any(checks.values()):
        return "`backprop serve` would not start", False
    state = "nothing has been started here yet" if _is_empty(settings) else "stopped"
    return f"{state}; `backprop serve` starts the service", True


def _report(name: str, is_right: bool, detail: str, way_out: str = "") -> None:
    print(f"{'ok     ' if is_right else 'WRONG  '} {name}" + (f": {detail}" if detail else ""))
    if way_out and not is_right:
        print(f"        {way_out}")


def _fault_of(check: Callable[[], object]) -> str | None:
    try:
        check()
    except ServiceError as error:
        return error.detail
    return None


def _folder_fault(settings: Settings) -> str | None:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder} is a file"
    return None if os.access(folder, os.W_OK) else f"{folder} cannot be written"


def _check_schema(settings: Settings) -> None:
    """Raise an error when the folder or its database is of a newer release; older ones are brought up by a start."""
    if (settings.data_dir / "format.json").exists():
        check_format(settings.data_dir)
    if _is_empty(settings):
        return
    database = Database(settings.resolved_database_url)
    try:
        check_connects(database)
        check_not_newer(database)
    finally:
        database.dispose()


def _database_file(settings: Settings) -> Path:
    return Path(settings.resolved_database_url.removeprefix(SQLITE))


def _queue(settings: Settings) -> str:
    if settings.queue_url:
        return without_password(settings.queue_url)
    server = queue_server()
    if server is None:
        return "files in the data folder, as there is no Redis or Valkey server for this platform: jobs start later"
    return f"embedded: {server}"
