"""Removes what nobody needs any more: ended sessions and shares, and records and deliveries of long ago."""

from service.services import Services
from service.store import audit, keys
from service.store.webhooks import deliveries


def prune(services: Services) -> None:
    """Remove ended sessions and tokens, and old records of changes and deliveries, of all tenants."""
    with services.database.begin() as connection:
        keys.prune(connection)
        audit.prune(connection, services.settings.keep_audit_seconds)
    pruned = 1
    while pruned:  # in short transactions, as there may be very many
        with services.database.begin() as connection:
            pruned = deliveries.prune(connection, services.settings.keep_deliveries_seconds)
