"""Decides when a run flushes: often enough for clients to follow it, and rarely enough to cost little time."""

import math
import time

FLUSH_SECONDS = 0.25
FLUSH_SHARE = 0.02  # the wait between flushes grows until they take at most this share of the time, or to 5 s
LONGEST_WAIT_SECONDS = 5.0
WITHIN_SECONDS = 60.0  # in an epoch that takes longer, the state is stored this often
BUFFER_BYTES = 2 * 1024 * 1024  # a cancel or pause waits for the rest of such a flush, and on SQLite all other writers
COPIED_BYTES = 32 * 1024 * 1024  # training waits while a larger state is written, to save the memory of a copy


class FlushPolicy:
    """Decides from the time and the cost of earlier flushes whether the next one is due."""

    def __init__(self) -> None:
        self.started_at = time.monotonic()
        self.flushed_at = -math.inf
        self.cost_seconds = 0.0
        self.blocks = False  # the state is large: training waits for each flush

    def set_state_size(self, state_bytes: int) -> None:
        """Decide whether training waits for flushes of a state of this size, or continues next to a copy of it."""
        self.blocks = state_bytes > COPIED_BYTES

    def record(self, cost_seconds: float) -> None:
        """Record that a flush has just ended, and how long it took."""
        self.cost_seconds, self.flushed_at = cost_seconds, time.monotonic()

    @staticmethod
    def is_full(buffered_bytes: int) -> bool:
        """Return whether so much is buffered that it must be written now."""
        return buffered_bytes > BUFFER_BYTES

    def is_due(self) -> bool:
        """Return whether to flush after an epoch."""
        longest = WITHIN_SECONDS if self.blocks else LONGEST_WAIT_SECONDS
        wait = min(max(FLUSH_SECONDS, self.cost_seconds / FLUSH_SHARE), longest)
        return time.monotonic() - self.flushed_at >= wait

    def is_due_within_epoch(self) -> bool:
        """Return whether the last flush is so long ago that the state is to be stored within the epoch."""
        return time.monotonic() - max(self.flushed_at, self.started_at) >= WITHIN_SECONDS
