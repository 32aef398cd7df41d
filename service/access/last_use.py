"""When keys were last used: noted in memory, written for all of them together by a thread, every half minute.

A request never waits for that. Uses of the last half minute are lost with their process.
"""

import logging
import threading
import time
from datetime import UTC, datetime

from service.errors import ServiceError
from service.store import keys
from service.store.database import Database

WRITE_SECONDS = 30.0

log = logging.getLogger(__name__)


class LastUse:
    """The uses of keys in this process that are still to be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._uses: dict[str, float] = {}
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        database.at_disposal(self._stopped.set)

    def record(self, id: str) -> None:
        """Record that a key is used now."""
        self._uses[id] = time.time()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._turn:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="last use of keys", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Write what was recorded; what cannot be written is tried again with the next."""
        uses = dict[str, float]()
        while self._uses:
            id, at = self._uses.popitem()  # others may record uses meanwhile
            uses[id] = at
        if not uses:
            return
        try:
            with self._database.begin() as connection:
                keys.record_uses(connection, {id: datetime.fromtimestamp(at, UTC) for id, at in uses.items()})
        except ServiceError as error:
            log.warning("cannot write when keys were last used, trying on: %s", error.detail)
            for id, at in uses.items():
                self._uses.setdefault(id, at)

    def _run(self) -> None:
        while not self._stopped.wait(WRITE_SECONDS):
            self.write()
