"""Removes what nobody needs any more: ended sessions and shares, and the record of changes of long ago."""

from service.services import Services
from service.store import audit, keys


def prune(services: Services) -> None:
    """Remove ended sessions and tokens, and old records of changes, of all tenants."""
    with services.database.begin() as connection:
        keys.prune(connection)
        audit.prune(connection, services.settings.keep_audit_seconds)
