"""The migration of aliases both ways, with versions of every origin: lineage is filled in and no version is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from service.store.database import Database
from service.store.migrate import known_revisions
from service.store.tables import counters, metadata, model_aliases, model_versions, models
from tests.conftest import Backends
from tests.integration.test_one_table_of_epochs import NOW, job_row, move, reflected
from tests.integration.test_versions_migration import everything, model_row, schema_of

BEFORE = str(known_revisions()["0016"])


@pytest.fixture
def filled(empty_backends: Backends) -> Iterator[Database]:
    database = Database(empty_backends.database_url)
    move(database, BEFORE)
    with database.begin() as connection:
        tables = reflected(connection)
        for number in (1, 2):
            row = {name: value for name, value in job_row(number).items() if name != "batches"}
            row |= {"tenant": 1, "dataset_name": "iris", "dataset_version": number}
            connection.execute(tables["jobs"].insert().values(row))
        for number, name in enumerate(("named", "job_2", "empty"), 1):
            values = {"number": number, "name": name, "tenant": 1, "created_at": NOW}
            connection.execute(tables["models"].insert().values(values))
        known = {"dataset_name": "churn", "dataset_version": 3}
        for row in (model_row(1, "job_1"), model_row(2, "gone"), model_row(4, "job_1") | known):
            connection.execute(tables["model_versions"].insert().values(row))
        connection.execute(tables["model_versions"].insert().values(model_row(1, "job_2") | {"model": 2}))
    yield database
    database.dispose()


def rows_of(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns[:2]))]


def test_lineage_is_filled_in_and_the_way_back_loses_no_version(filled: Database) -> None:
    with filled.read() as connection:
        before, schema = everything(connection), schema_of(connection)
    move(filled, "head")
    lineage = [model_versions.c[name] for name in ("model", "version", "origin", "job_id", "epoch")]
    assert rows_of(filled, *lineage) == [
        (1, 1, "job", "job_1", 1),
        (1, 2, "job", "gone", 1),
        (1, 4, "job", "job_1", 1),
        (2, 1, "job", "job_2", 1),
    ]
    trained_on = ("model", "version", "dataset_name", "dataset_version")
    assert rows_of(filled, *(model_versions.c[name] for name in trained_on)) == [
        (1, 1, "iris", 1),
        (1, 2, None, None),
        (1, 4, "churn", 3),
        (2, 1, "iris", 2),
    ]
    listed = rows_of(filled, models.c.number, models.c.name, models.c.listed, models.c.last_version)
    assert listed == [(1, "named", True, 4), (2, "job_2", False, 1), (3, "empty", True, 0)]
    with filled.begin() as connection:
        assert connection.execute(select(counters.c.value).where(counters.c.name == "models")).scalar() == 0
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        outside = model_row(5, "job_1") | {"origin": "import", "job_id": None, "epoch": None}
        connection.execute(model_versions.insert().values(outside))
        alias = {"name": "champion", "previous_version": 4, "moved_at": NOW, "revision": 2}
        connection.execute(model_aliases.insert().values(model=1, version=5, **alias))
    move(filled, BEFORE, command.downgrade)
    with filled.read() as connection:
        assert schema_of(connection) == schema
        after = everything(connection)
        assert {name for name in before if after[name] != before[name]} == {"model_versions"}
        assert len(after["model_versions"]) == 5
        imported = text("SELECT job_id, epoch FROM model_versions WHERE version = 5")
        assert tuple(connection.execute(imported).one()) == ("imported", 0)
    move(filled, "head")
    assert rows_of(filled, *lineage)[3] == (1, 5, "import", None, None)
    assert rows_of(filled, model_aliases.c.model, model_aliases.c.name) == []


def test_a_model_goes_with_its_versions_and_aliases_but_no_version_goes_from_under_an_alias(filled: Database) -> None:
    move(filled, "head")
    with filled.begin() as connection:
        alias = {"name": "champion", "moved_at": NOW, "revision": 1}
        connection.execute(model_aliases.insert().values(model=1, version=4, **alias))
    with pytest.raises(Exception, match="another request made the same thing"), filled.begin() as connection:
        connection.execute(model_versions.delete().where(model_versions.c.version == 4))
    with filled.begin() as connection:
        connection.execute(models.delete().where(models.c.number == 1))
        assert connection.execute(select(model_aliases)).all() == []
        assert len(connection.execute(select(model_versions.c.version)).all()) == 1
