"""The service's resources, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.config import Settings
from service.services import Services, open_services
from service.store.migrate import check_current, migrate


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Open the service's resources; an embedded database is made if need be, as `backprop serve` would make it."""
    services = open_services(settings)
    try:
        if services.database.is_sqlite:
            migrate(services.database)
        check_current(services.database)
        yield services
    finally:
        services.database.dispose()
