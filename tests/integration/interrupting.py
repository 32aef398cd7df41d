"""What tests ask of a run before its batches: to stop, or to act as if its process were gone."""

from collections.abc import Callable


class Died(BaseException):
    """A run's process is gone: nothing more is written."""


def die() -> bool:
    raise Died


def after(batches: int, act: Callable[[], bool] = lambda: True) -> Callable[[], bool]:
    """Asked before every batch: acts when that many were asked for."""
    asked = 0

    def ask() -> bool:
        nonlocal asked
        asked += 1
        return asked > batches and act()

    return ask
