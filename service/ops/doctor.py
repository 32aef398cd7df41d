"""`backprop doctor`: reports the settings, the state of each part of the service, and how to correct faults."""

import os
import platform
import sys

from service.config import Settings
from service.ops.embedded import queue_server
from service.ops.health import readiness
from service.services import open_services

CORRECTIONS = {
    "database": "start the database, or check BACKPROP_DATABASE_URL",
    "migrations": "run `backprop migrate` (or start `backprop serve`, which does)",
    "workers": "start `backprop serve`, or `backprop worker` in addition to the API",
    "queue": "start the queue server, or check BACKPROP_QUEUE_URL; jobs are found without it, a second or two later",
}


def examine(settings: Settings) -> int:
    """Print the report; return 0 when the service is ready, else 1."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    print(f"data folder   {settings.data_dir.absolute()} ({_folder(settings)})")
    print(f"database      {_without_password(settings.resolved_database_url)}")
    print(f"queue         {_queue(settings)}")
    print(f"listening on  {settings.host}:{settings.port}, {settings.resolved_api_processes} API process(es)")
    print(f"workers       {settings.resolved_workers}")
    print()
    status, checks = readiness(open_services(settings))
    for name, check in checks.items():
        print(
            f"{'ok     ' if check['ok'] else 'WRONG  '} {name}" + (f": {check['detail']}" if "detail" in check else "")
        )
        if not check["ok"]:
            print(f"        {CORRECTIONS[name]}")
    print(f"\nall together: {status}")
    sys.stdout.flush()
    return 0 if status == "ready" else 1


def _folder(settings: Settings) -> str:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    return "writable" if os.access(folder, os.W_OK) else "NOT writable: choose another --data-dir"


def _queue(settings: Settings) -> str:
    if settings.queue_url:
        return _without_password(settings.queue_url)
    server = queue_server()
    if server is None:
        return "files in the data folder, as there is no Redis or Valkey server for this platform: jobs start later"
    return f"embedded: {server}"


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}***@{rest.rpartition('@')[2]}" if "@" in rest else url
