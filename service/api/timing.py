"""The header `Server-Timing` of predictions: how long their steps took (W3C, Server Timing)."""

import time

NAME = "Server-Timing"


class Timing:
    """Measures the steps of one prediction, one after the other."""

    __slots__ = ("_last", "_steps")

    def __init__(self) -> None:
        self._steps: list[tuple[str, float]] = []
        self._last = time.perf_counter()

    def end(self, step: str) -> None:
        """End a step, which began where the one before ended."""
        now = time.perf_counter()
        self._steps.append((step, now - self._last))
        self._last = now

    @property
    def nanoseconds(self) -> list[int]:
        """How long each step took that has ended."""
        return [int(seconds * 1e9) for _, seconds in self._steps]

    @property
    def header(self) -> str:
        """The header's value, in milliseconds: `parse;dur=0.021, predict;dur=0.034, encode;dur=0.006`."""
        return ", ".join([f"{step};dur={seconds * 1e3:.3f}" for step, seconds in self._steps])
