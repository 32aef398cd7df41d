"""What a client still sends of a request that was refused: it is read and forgotten, so that the client sees why.

Many clients send the whole body before they read anything. If the connection were closed meanwhile, they would report a
broken pipe in place of the answer.
"""

from service.front.limits import Limits


class Drain:
    """How long a connection is still read after its last answer, in seconds of the event loop's clock."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._until = now + limits.drain_seconds
        self._idle_seconds = limits.drain_idle_seconds
        self._last = now

    def forget(self, now: float) -> None:
        """Record that bytes came, which are forgotten."""
        self._last = now

    def is_over(self, now: float) -> bool:
        """Return whether the client has sent nothing for a while, or has sent for long enough."""
        return now > self._until or now - self._last > self._idle_seconds
