"""The events of a run: its newest epoch, at most four times a second, and each warning once."""

import math
import time
from collections.abc import Sequence
from typing import Any

from service.jobs.summaries import epoch_answer
from service.store import events
from service.store.database import Connection
from service.store.epoch_records import EpochRecord
from service.store.records import JobRecord, Kind

APART_SECONDS = 0.25


class RunEvents:
    """Adds events to the transactions of flushes.

    `add` is called within the transaction, once for each attempt at it; `committed` after the one that succeeded.
    """

    def __init__(self, job: JobRecord) -> None:
        self.job = job
        self.warnings_reported = len(job.warnings)
        self.epoch_reported_at = -math.inf
        self._adds_epoch = False

    def add(
        self, connection: Connection, newest: EpochRecord | None, warnings: Sequence[dict[str, Any]], last: bool
    ) -> None:
        """Add events for new warnings and for the newest epoch.

        The epoch is left out when another was reported less than `APART_SECONDS` ago, unless this flush is the `last`.
        """
        if newest is not None and (last or self._is_due()):
            self._adds_epoch = True
            events.add(connection, self.job.number, Kind.EPOCH, dict(epoch_answer(newest)))
        events.add_warnings(connection, self.job.number, warnings[self.warnings_reported :])

    def committed(self, warnings: Sequence[dict[str, Any]]) -> None:
        """Take into account that the transaction is committed."""
        if self._adds_epoch:
            self.epoch_reported_at, self._adds_epoch = time.monotonic(), False
        self.warnings_reported = len(warnings)

    def _is_due(self) -> bool:
        return time.monotonic() - self.epoch_reported_at >= APART_SECONDS
