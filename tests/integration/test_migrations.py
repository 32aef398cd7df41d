"""The migrations make the tables the code works with, on both databases, and may be run again."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from service.store.database import Database
from service.store.migrate import check_current, current_revision, migrate, newest_revision
from service.store.tables import metadata
from tests.conftest import Parts


def test_migrated_is_what_the_code_declares(parts: Parts) -> None:
    database = Database(parts.database_url)
    migrate(database)
    migrate(database)
    check_current(database)
    assert current_revision(database) == newest_revision()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.dispose()
