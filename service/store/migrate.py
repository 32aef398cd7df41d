"""Migrates the database to this code's schema, and checks whether it has that schema.

Alembic is imported only when there is a migration to run: every start and every `/readyz` checks, few migrate.
"""

import re
from functools import cache
from importlib.resources import as_file, files

from sqlalchemy import column, inspect, select, table

from service.errors import Misconfigured, Unavailable
from service.store.database import Database

VERSIONS = "alembic_version"
REVISION = re.compile(r'^(down_revision|revision) = (?:"(\w+)"|None)$', re.MULTILINE)


def migrate(database: Database) -> None:
    """Run the migrations that are missing; safe when several processes do so at once.

    Raises
    ------
    Misconfigured
        When the database was made by a newer release.
    """
    check_not_newer(database)
    if current_revision(database) != newest_revision():
        _upgrade(database)


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    with as_file(files("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["database"] = database
        command.upgrade(config, "head")


def current_revision(database: Database) -> str | None:
    """Return the revision that Alembic has recorded in the database; None before the first migration."""
    with database.read() as connection:
        if not inspect(connection).has_table(VERSIONS):
            return None
        found = connection.execute(select(column("version_num")).select_from(table(VERSIONS))).scalar()
        return None if found is None else str(found)


def newest_revision() -> str:
    """Return the last revision of this release."""
    known = known_revisions()
    (newest,) = known.keys() - known.values()
    return newest


@cache
def known_revisions() -> dict[str, str | None]:
    """Return this release's revisions, each with its predecessor, as read from the migrations' source."""
    found = {}
    for file in files("migrations").joinpath("versions").iterdir():
        if file.name.endswith(".py"):
            named = {name: revision or None for name, revision in REVISION.findall(file.read_text(encoding="utf-8"))}
            if "revision" in named:
                found[str(named["revision"])] = named["down_revision"]
    return found


def check_not_newer(database: Database) -> None:
    """Raise `Misconfigured` when the database was made by a newer release."""
    revision = current_revision(database)
    if revision is not None and revision not in known_revisions():
        raise Misconfigured(
            f"the database is of a newer release (schema {revision}); this one knows {newest_revision()}: update it"
        )


def check_current(database: Database) -> None:
    """Raise `Unavailable` or `Misconfigured` when the database does not have this code's schema."""
    check_not_newer(database)
    revision, newest = current_revision(database), newest_revision()
    if revision != newest:
        raise Unavailable(f"the database's schema is {revision}, this release needs {newest}: run `backprop migrate`")
