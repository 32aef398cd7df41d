"""Answers to the question that a run asks before each batch: to stop, or to act as if its process had ended."""

from collections.abc import Callable


class Died(BaseException):
    """The process of a run has ended: nothing more is written."""


def die() -> bool:
    raise Died


def after(batches: int, act: Callable[[], bool] = lambda: True) -> Callable[[], bool]:
    """Return a function that acts once it has been called before that many batches."""
    asked = 0

    def ask() -> bool:
        nonlocal asked
        asked += 1
        return asked > batches and act()

    return ask
