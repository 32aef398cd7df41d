"""Brings the database to this code's schema, and tells when it is not there."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from service.errors import Misconfigured, Unavailable
from service.store.database import Database


def migrate(database: Database) -> None:
    """Run what is missing; several processes at once are safe. `Misconfigured` when the database is newer."""
    check_not_newer(database)
    with as_file(files("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["database"] = database
        command.upgrade(config, "head")


def current_revision(database: Database) -> str | None:
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    with as_file(files("migrations")) as folder:
        return str(_script(str(folder)).get_current_head())


def check_not_newer(database: Database) -> None:
    """Raise `Misconfigured` when the database was made by a newer release."""
    revision = current_revision(database)
    with as_file(files("migrations")) as folder:
        try:
            if revision is not None:
                _script(str(folder)).get_revision(revision)
        except CommandError:
            raise Misconfigured(
                f"the database is of a newer release (schema {revision}); this one knows {newest_revision()}: update it"
            ) from None


def check_current(database: Database) -> None:
    """Raise when the schema is not this code's."""
    check_not_newer(database)
    revision, newest = current_revision(database), newest_revision()
    if revision != newest:
        raise Unavailable(f"the database's schema is {revision}, this release needs {newest}: run `backprop migrate`")


def _script(folder: str) -> ScriptDirectory:
    return ScriptDirectory(folder)
