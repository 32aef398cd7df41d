"""The resources of a running service, opened once in each process and passed to functions as an argument."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from service.config import Settings
from service.counts import Counts
from service.queue import Doorbell
from service.store.blobs.folder import FolderBlobs
from service.store.database import Connection, Database
from service.store.space import Space

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Settings, database, blobs, doorbell and disk space of one service, for one tenant or, as opened, for all.

    `counts` is what this process counts.
    """

    settings: Settings
    database: Database
    blobs: FolderBlobs
    doorbell: Doorbell
    space: Space
    counts: Counts

    def ending(self, command: Callable[[Connection], T]) -> T:
        """Run a command that ends or removes something in a transaction; a full disk has a reserve for it."""

        def transact() -> T:
            with self.database.begin() as connection:
                return command(connection)

        return self.space.spend(transact)

    @property
    def tenant(self) -> int | None:
        """The number of the tenant that these are for, None for all."""
        return self.database.tenant

    def scoped(self, tenant: int) -> "Services":
        """Return these resources as one tenant sees them."""
        return replace(self, database=self.database.scoped(tenant), blobs=self.blobs.scoped(tenant))


def open_services(settings: Settings) -> Services:
    """Open the services of these settings; connections are made at their first use."""
    queue_url = settings.queue_url or f"filesystem://{settings.data_dir.absolute() / 'queue'}"
    folder = settings.data_dir.absolute()
    database, blobs = Database(settings.resolved_database_url), FolderBlobs(folder / "blobs")
    space = Space(database, blobs, folder, settings.keep_free_bytes)
    return Services(settings, database, blobs, Doorbell(queue_url), space, Counts())
