"""The parts of a running service, opened together once a process and passed to whoever works with them."""

from dataclasses import dataclass

from service.config import Settings
from service.queue import Doorbell
from service.store.blobs.folder import FolderBlobs
from service.store.database import Database


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    blobs: FolderBlobs
    doorbell: Doorbell


def open_services(settings: Settings) -> Services:
    """Connections are made when they are first used."""
    queue_url = settings.queue_url or f"filesystem://{settings.data_dir.absolute() / 'queue'}"
    return Services(
        settings,
        Database(settings.resolved_database_url),
        FolderBlobs(settings.data_dir.absolute() / "blobs"),
        Doorbell(queue_url),
    )
