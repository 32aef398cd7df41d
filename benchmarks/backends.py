"""A whole service on either pair of database and queue, with the servers that tests start, for measurements of both."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.integration.service import Service
from tests.servers import Postgres, Redis

EMBEDDED, EXTERNAL = "sqlite+valkey", "postgresql+redis"
PAIRS = (EMBEDDED, EXTERNAL)


@contextmanager
def serving(pair: str, folder: Path, **variables: str) -> Iterator[Service]:
    """Run `backprop serve` with its defaults until the block ends, with servers of its own or on PostgreSQL and Redis.

    It logs to a file in the folder. SIGTERM, such as that of `timeout`, ends it too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ExitStack() as stack:
        if pair == EMBEDDED:
            variables["PATH"] = str(Path(sys.executable).parent)  # where Valkey is
        else:
            database, queue = stack.enter_context(Postgres()), stack.enter_context(Redis())
            variables["BACKPROP_DATABASE_URL"] = database.create_database()
            variables["BACKPROP_QUEUE_URL"] = queue.url
        yield stack.enter_context(Service(folder / "data", **variables))


@contextmanager
def database(pair: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database, which runs until the block ends."""
    if pair == EMBEDDED:
        yield f"sqlite:///{folder / 'backprop.sqlite3'}"
        return
    with Postgres() as server:
        yield server.create_database()
