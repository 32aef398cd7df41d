"""What a process counts for `/metrics` between two reports to the database. Imports nothing of this project."""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum

FLUSH_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MORE = "+Inf"  # the label of what is above the last bucket


class Total(StrEnum):
    """What workers count; the table `totals` has a row for each and its labels, summed over all workers ever."""

    ATTEMPTS = "attempts"  # runs that have claimed a job
    EPOCHS = "epochs"  # trained; an epoch that is computed again after a crash counts again
    SAMPLES = "samples"  # rows trained on, in all epochs
    BATCH_ROWS = "batch_rows"  # of datasets predicted, stored in the result
    FLUSHES = "flushes"  # written, by the upper bound of their bucket
    FLUSH_SECONDS = "flush_seconds"
    LEASE_LOSSES = "lease_losses"  # runs that dropped their work as they had lost the job, or could not store it
    LEASE_EXPIRATIONS = "lease_expirations"  # jobs taken from a worker that did not renew their lease
    DELIVERIES = "deliveries"  # attempts at deliveries to webhooks, by what came of them
    CRASHES = "crashes"  # worker processes found ended that had not said so, by manner


Sums = dict[tuple[str, str], float]  # by name and label


class Counts:
    """Sums of what this process has done and not reported yet; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Sums = {}

    def add(self, total: Total, amount: float = 1.0, label: str = "") -> None:
        """Add to a sum."""
        key = (total.value, label)
        with self._lock:
            self._sums[key] = self._sums.get(key, 0.0) + amount

    def add_flush(self, seconds: float) -> None:
        """Count a flush and how long it took."""
        at = bisect_left(FLUSH_BUCKETS, seconds)
        self.add(Total.FLUSHES, label=f"{FLUSH_BUCKETS[at]:g}" if at < len(FLUSH_BUCKETS) else MORE)
        self.add(Total.FLUSH_SECONDS, seconds)

    def take(self) -> Sums:
        """Return the sums, and begin anew at 0."""
        with self._lock:
            sums, self._sums = self._sums, {}
        return sums

    def put_back(self, sums: Mapping[tuple[str, str], float]) -> None:
        """Add sums again that were taken and could not be reported."""
        with self._lock:
            for key, amount in sums.items():
                self._sums[key] = self._sums.get(key, 0.0) + amount
