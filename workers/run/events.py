"""The events of a run: its newest epoch, at most four times a second, and each warning once."""

import math
import time
from collections.abc import Sequence
from typing import Any

from service.jobs.views import epoch_answer
from service.store import events
from service.store.database import Connection
from service.store.records import EpochRecord, JobRecord, Kind

APART_SECONDS = 0.25


class Telling:
    """What was told. `note` is called within a flush's transaction, each time it is tried, `noted` once it is done."""

    def __init__(self, job: JobRecord) -> None:
        self.job = job
        self.warnings_told = len(job.warnings)
        self.epoch_told_at = -math.inf
        self._tells_epoch = False

    def note(
        self, connection: Connection, newest: EpochRecord | None, warnings: Sequence[dict[str, Any]], last: bool
    ) -> None:
        """Tell the newest epoch, unless one was told just now and more will come, and the new warnings."""
        if newest is not None and (last or self._is_due()):
            self._tells_epoch = True
            events.add(connection, self.job.number, Kind.EPOCH, dict(epoch_answer(newest)))
        events.add_warnings(connection, self.job.number, warnings[self.warnings_told :])

    def noted(self, warnings: Sequence[dict[str, Any]]) -> None:
        """The transaction is committed."""
        if self._tells_epoch:
            self.epoch_told_at, self._tells_epoch = time.monotonic(), False
        self.warnings_told = len(warnings)

    def _is_due(self) -> bool:
        return time.monotonic() - self.epoch_told_at >= APART_SECONDS
