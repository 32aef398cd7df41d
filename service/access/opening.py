"""Whether the service may start where others than this machine reach it."""

from service.config import Settings
from service.errors import Misconfigured
from service.store import keys
from service.store.database import Database
from service.store.migrate import check_current, current_revision


def check_open(settings: Settings, database: Database) -> None:
    """Raise `Misconfigured` when others can reach the service, no key is there, and it was not said that none is meant.

    The database is asked only in that case.
    """
    if not settings.needs_a_key_to_start:
        return
    if current_revision(database) is not None:
        check_current(database)
        with database.read() as connection:
            if keys.ever_made(connection):
                return
    raise Misconfigured(
        f"listening on {settings.host} lets everybody who reaches this machine train and delete, as there is no key "
        "yet: make one with `backprop keys create --scopes admin`, set BACKPROP_AUTH=off to say that none is meant to "
        "be asked for, or --host 127.0.0.1"
    )
