"""No process of this machine answers a prediction with less than another process has already told a client."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from service.api.context import model_cache

RECENT = timedelta(seconds=10)  # other processes see by themselves, within a second, what is older


def see_models() -> None:
    """Let every process of this machine see models as they are now: this one has just changed something."""
    directory = model_cache().directory
    if directory is not None:
        directory.announce()


def tell(moments: Iterable[datetime | None]) -> None:
    """Do that if an answer names something that has happened just now: a job's end, a new version, a moved alias."""
    teller()(moments)


def teller() -> Callable[[Iterable[datetime | None]], None]:
    """Return `tell` for an answer that goes on after its request, as streams do."""
    directory = model_cache().directory

    def tell(moments: Iterable[datetime | None]) -> None:
        earliest = datetime.now(UTC) - RECENT
        if directory is not None and any(moment is not None and moment > earliest for moment in moments):
            directory.announce()

    return tell
