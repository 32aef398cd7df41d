"""When a run flushes: often enough to be followed, and seldom enough to cost next to nothing. Knows the clock only."""

import math
import time

FLUSH_SECONDS = 0.25
FLUSH_SHARE = 0.02  # flushes are stretched until they cost at most this share of the time, or come every 5 s
LONGEST_WAIT_SECONDS = 5.0
WITHIN_SECONDS = 60.0  # an epoch that takes longer has its state stored on the way
BUFFER_BYTES = 8 * 1024 * 1024
COPIED_BYTES = 32 * 1024 * 1024  # a larger state is written before training goes on, for want of memory for a copy


class FlushPolicy:
    """Decides from the time and the cost of earlier flushes whether the next one is due."""

    def __init__(self) -> None:
        self.started_at = time.monotonic()
        self.flushed_at = -math.inf
        self.cost_seconds = 0.0
        self.blocks = False  # the state is large: training waits for each flush

    def set_state_size(self, state_bytes: int) -> None:
        """Decide whether a state of this size is copied, so that training goes on while it is written."""
        self.blocks = state_bytes > COPIED_BYTES

    def record(self, cost_seconds: float) -> None:
        """Take into account that a flush has just ended."""
        self.cost_seconds, self.flushed_at = cost_seconds, time.monotonic()

    @staticmethod
    def is_full(buffered_bytes: int) -> bool:
        """Whether so much is buffered that it cannot wait."""
        return buffered_bytes > BUFFER_BYTES

    def is_due(self) -> bool:
        """Whether to flush after an epoch."""
        longest = WITHIN_SECONDS if self.blocks else LONGEST_WAIT_SECONDS
        wait = min(max(FLUSH_SECONDS, self.cost_seconds / FLUSH_SHARE), longest)
        return time.monotonic() - self.flushed_at >= wait

    def is_due_within_epoch(self) -> bool:
        """Whether an epoch takes so long that its state is to be stored on the way."""
        return time.monotonic() - max(self.flushed_at, self.started_at) >= WITHIN_SECONDS
