"""Migration 0009 both ways, with jobs that use several versions of a dataset: none loses its rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, delete, inspect, select, text

from service.store.database import Database
from service.store.tables import dataset_versions, datasets, jobs, metadata, model_versions
from tests.conftest import Backends
from tests.integration.test_one_table_of_epochs import job_row, move, reflected

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LARGE = {"columns": [], "maximum": 1e25, "minimum": -0.0}  # `jsonb` and Python's own reading would change these
OLD = {  # name, content and jobs as the release before has them
    "churn": {"sha256": "a" * 64, "address": "1" * 64},
    "held": {"sha256": "b" * 64, "address": "2" * 64},
}


@pytest.fixture
def database(empty_backends: Backends) -> Iterator[Database]:
    opened = Database(empty_backends.database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def filled(database: Database) -> Database:
    """A database of before, with two datasets and three jobs: one has a dataset that was deleted."""
    move(database, "0008")
    with database.begin() as connection:
        tables = reflected(connection)
        for name, content in OLD.items():
            values = {"name": name, "contents": LARGE, "created_at": NOW, **content}
            connection.execute(tables["datasets"].insert().values(values))
        for number, used in enumerate((("churn", "held"), ("churn", None), ("gone", "gone"))):
            row = {name: value for name, value in job_row(number + 1).items() if name != "batches"}
            row |= {"dataset_name": used[0], "validation_name": used[1]}
            connection.execute(tables["jobs"].insert().values(row))
            events = {"job": number + 1, "id": number + 1, "kind": "end", "data": {}, "created_at": NOW}
            connection.execute(tables["events"].insert().values(events))
        connection.execute(tables["models"].insert().values(number=1, name="m", created_at=NOW))
        for version, job in enumerate(("job_2", "job_deleted"), 1):
            connection.execute(tables["model_versions"].insert().values(model_row(version, job)))
    return database


def model_row(version: int, job: str) -> dict[str, Any]:
    documents = {name: {} for name in ("network", "preprocessing", "record")}
    plain = {"epoch": 1, "precision": "float32", "sha256": "0" * 64, "bytes": b"", "created_at": NOW}
    return {"model": 1, "version": version, "job_id": job, **documents, **plain}


def everything(connection: Connection) -> dict[str, list[Any]]:
    """The rows of each table, as text where a type's reading might change them, whatever the order of columns."""
    found = {}
    for name in inspect(connection).get_table_names():
        rows = connection.execute(text(f"SELECT * FROM {name}")).mappings()
        found[name] = sorted(repr(sorted((key, str(value)) for key, value in row.items())) for row in rows)
    return found


def schema_of(connection: Connection) -> Any:
    inspector = inspect(connection)
    return {
        name: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)),
            sorted(str(constraint) for constraint in inspector.get_unique_constraints(name)),
            inspector.get_pk_constraint(name),
            sorted(str(index) for index in inspector.get_indexes(name)),
            sorted(str(key) for key in inspector.get_foreign_keys(name)),
        )
        for name in inspector.get_table_names()
    }


def add_version(connection: Connection, name: str, version: int, letter: str) -> None:
    number = connection.execute(select(datasets.c.number).where(datasets.c.name == name)).scalar_one()
    values = {"contents": {**LARGE, "version": version}, "sha256": letter * 64, "address": letter * 64}
    moment = NOW + timedelta(days=version)
    connection.execute(dataset_versions.insert().values(dataset=number, version=version, created_at=moment, **values))
    connection.execute(datasets.update().where(datasets.c.number == number).values(last_version=version))


def use(connection: Connection, job: int, **columns: Any) -> None:
    connection.execute(jobs.update().where(jobs.c.number == job).values(columns))


def uses_of(connection: Connection) -> list[tuple[Any, ...]]:
    columns = (jobs.c.dataset_name, jobs.c.dataset_version, jobs.c.validation_name, jobs.c.validation_version)
    return [tuple(row) for row in connection.execute(select(*columns).order_by(jobs.c.number))]


def versions_of(connection: Connection) -> dict[tuple[str, int], str]:
    """The first letter of the content's hash by name and version."""
    query = select(datasets.c.name, dataset_versions.c.version, dataset_versions.c.sha256, datasets.c.last_version)
    query = query.join(datasets, datasets.c.number == dataset_versions.c.dataset)
    return {(row.name, row.version): row.sha256[0] for row in connection.execute(query)}


def test_what_there_was_is_version_1(filled: Database) -> None:
    move(filled, "0009")
    with filled.read() as connection:
        assert versions_of(connection) == {("churn", 1): "a", ("held", 1): "b"}
        assert uses_of(connection) == [("churn", 1, "held", 1), ("churn", 1, None, None), ("gone", 1, "gone", 1)]
        contents = connection.execute(select(dataset_versions.c.contents)).scalars().all()
        assert [repr(content) for content in contents] == [repr(LARGE)] * 2
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 3
        columns = (model_versions.c.dataset_name, model_versions.c.dataset_version)
        found = connection.execute(select(*columns).order_by(model_versions.c.version)).all()
        assert [tuple(row) for row in found] == [("churn", 1), (None, None)]


def test_the_schema_is_what_the_code_declares_and_down_again_what_it_was(filled: Database) -> None:
    with filled.read() as connection:
        schema, before = schema_of(connection), everything(connection)
    move(filled, "head")
    with filled.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    move(filled, "0008", command.downgrade)
    with filled.read() as connection:
        assert schema_of(connection) == schema
        after = everything(connection)
        assert {name for name in before if name != "alembic_version" and after[name] != before[name]} == set()


def test_versions_that_jobs_use_survive_the_way_down_and_up(filled: Database) -> None:
    move(filled, "0009")
    with filled.begin() as connection:
        for version, letter in ((2, "c"), (3, "d"), (5, "e")):
            add_version(connection, "churn", version, letter)
        add_version(connection, "held", 2, "f")
        use(connection, 1, dataset_version=3, validation_version=2)
        use(connection, 2, dataset_version=5, validation_name="churn", validation_version=1)
        before = versions_of(connection)
    move(filled, "0008", command.downgrade)
    with filled.read() as connection:
        tables = reflected(connection)
        old = tables["datasets"]
        rows = connection.execute(select(old.c.name, old.c.sha256, old.c.contents)).all()
        assert {row.name: row.sha256[0] for row in rows} == {
            "churn": "e",
            "churn@3": "d",
            "churn@1": "a",
            "held": "f",
        }
        assert all(repr(row.contents["minimum"]) == "-0.0" and row.contents["maximum"] == 1e25 for row in rows)
        columns = (tables["jobs"].c.dataset_name, tables["jobs"].c.validation_name)
        assert [tuple(row) for row in connection.execute(select(*columns).order_by(tables["jobs"].c.number))] == [
            ("churn@3", "held"),
            ("churn", "churn@1"),
            ("gone", "gone"),
        ]
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == 3
    move(filled, "0009")
    with filled.read() as connection:
        # what no job uses is gone; the latest has a number above those that stayed
        assert versions_of(connection) == {("churn", 1): "a", ("churn", 3): "d", ("churn", 4): "e", ("held", 1): "f"}
        assert uses_of(connection)[:2] == [("churn", 3, "held", 1), ("churn", 4, "churn", 1)]
        columns = (datasets.c.name, datasets.c.last_version)
        last = {row.name: row.last_version for row in connection.execute(select(*columns))}
        assert last == {"churn": 4, "held": 1}
    assert before.keys() > {("churn", 1), ("churn", 3)}


def test_older_versions_are_joined_where_their_name_was_deleted_meanwhile(filled: Database) -> None:
    move(filled, "0009")
    with filled.begin() as connection:
        for version, letter in ((2, "c"), (3, "d")):
            add_version(connection, "churn", version, letter)
        use(connection, 2, dataset_version=2)
    move(filled, "0008", command.downgrade)
    with filled.begin() as connection:
        old = reflected(connection)["datasets"]
        connection.execute(delete(old).where(old.c.name == "churn"))
    move(filled, "0009")
    with filled.read() as connection:
        assert versions_of(connection) == {("churn", 1): "a", ("churn", 2): "c", ("held", 1): "b"}
        assert uses_of(connection)[:2] == [("churn", 1, "held", 1), ("churn", 2, None, None)]


def test_a_version_whose_name_would_be_too_long_is_not_dropped(filled: Database) -> None:
    name = "x" * 63
    move(filled, "0009")
    with filled.begin() as connection:
        stored = reflected(connection)["datasets"]
        connection.execute(stored.insert().values(name=name, last_version=0, created_at=NOW))
        add_version(connection, name, 1, "c")
        add_version(connection, name, 2, "d")
        use(connection, 1, dataset_name=name, dataset_version=1)
    with pytest.raises(RuntimeError, match=f"version 1 of dataset `{name}` cannot become a dataset of its own"):
        move(filled, "0008", command.downgrade)
    with filled.read() as connection:
        assert (name, 1) in versions_of(connection)
