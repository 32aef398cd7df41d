"""Announcements of changed models: no process of this machine predicts with less than a client was answered before."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from service.api.context import model_cache

RECENT = timedelta(seconds=10)  # other processes see by themselves, within a second, what is older


def announce() -> None:
    """Let every process of this machine see models as they are now, as this one has just changed something."""
    directory = model_cache().directory
    if directory is not None:
        directory.announce()


def announce_recent(moments: Iterable[datetime | None]) -> None:
    """Announce if an answer names something that has happened just now: a job's end, a new version, a moved alias."""
    announcer()(moments)


def announcer() -> Callable[[Iterable[datetime | None]], None]:
    """Return `announce_recent` for an answer that goes on after its request, as streams do."""
    directory = model_cache().directory

    def announce_recent(moments: Iterable[datetime | None]) -> None:
        earliest = datetime.now(UTC) - RECENT
        if directory is not None and any(moment is not None and moment > earliest for moment in moments):
            directory.announce()

    return announce_recent
