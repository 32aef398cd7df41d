"""The migrations make the tables the code works with, on both databases, and may be run again."""

import subprocess
import sys
from importlib.resources import files

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.store.database import Database
from service.store.migrate import check_current, current_revision, known_revisions, migrate, newest_revision
from service.store.tables import metadata
from tests.conftest import Backends


def test_migrated_is_what_the_code_declares(empty_backends: Backends) -> None:
    database = Database(empty_backends.database_url)
    migrate(database)
    migrate(database)
    check_current(database)
    assert current_revision(database) == newest_revision()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_revisions_are_read_as_alembic_reads_them() -> None:
    script = ScriptDirectory(str(files("migrations")))
    assert newest_revision() == script.get_current_head()
    assert known_revisions() == {each.revision: each.down_revision for each in script.walk_revisions()}


def test_a_database_that_is_up_to_date_needs_no_alembic(empty_backends: Backends) -> None:
    database = Database(empty_backends.database_url)
    migrate(database)
    database.dispose()
    program = (
        "import sys; from service.store.database import Database; from service.store.migrate import migrate;"
        "migrate(Database(sys.argv[1])); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, empty_backends.database_url], check=True)
