"""The resources of a running service, opened once in each process and passed to functions as an argument."""

from dataclasses import dataclass, replace

from service.config import Settings
from service.queue import Doorbell
from service.store.blobs.folder import FolderBlobs
from service.store.database import Database


@dataclass(frozen=True)
class Services:
    """Settings, database, blobs and doorbell of one service, for one tenant or, as they are opened, for all."""

    settings: Settings
    database: Database
    blobs: FolderBlobs
    doorbell: Doorbell

    @property
    def tenant(self) -> int | None:
        """The number of the tenant that these are for, None for all."""
        return self.database.tenant

    def scoped(self, tenant: int) -> "Services":
        """Return these resources as one tenant sees them."""
        return replace(self, database=self.database.scoped(tenant))


def open_services(settings: Settings) -> Services:
    """Open the services of these settings; connections are made at their first use."""
    queue_url = settings.queue_url or f"filesystem://{settings.data_dir.absolute() / 'queue'}"
    return Services(
        settings,
        Database(settings.resolved_database_url),
        FolderBlobs(settings.data_dir.absolute() / "blobs"),
        Doorbell(queue_url),
    )
