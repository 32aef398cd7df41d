"""The migration of limits both ways: sizes of what there is are filled in, and nothing that was there is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

from service.store.database import Database
from service.store.migrate import known_revisions
from service.store.tables import dataset_versions, job_sizes, metadata, model_versions, tenants
from tests.conftest import Backends
from tests.integration.test_one_table_of_epochs import CHILDREN, NOW, job_row, move, reflected
from tests.integration.test_versions_migration import everything, model_row, schema_of

BEFORE = str(known_revisions()["0013"])
NETWORK = {"inputs": 2, "layers": [{"type": "dense", "units": 3}, {"type": "batch_normalization"}]}


@pytest.fixture
def filled(empty_backends: Backends) -> Iterator[Database]:
    database = Database(empty_backends.database_url)
    move(database, BEFORE)
    with database.begin() as connection:
        tables = reflected(connection)

        def store(table: str, *rows: dict[str, Any]) -> None:
            connection.execute(tables[table].insert(), list(rows))

        store("datasets", {"number": 5, "name": "churn", "tenant": 1, "last_version": 1, "created_at": NOW})
        content = {"dataset": 5, "version": 1, "sha256": "a" * 64, "address": "a" * 64, "created_at": NOW}
        store("dataset_versions", {"contents": {"bytes": 12_345_678_901}, **content})
        plain = ({name: value for name, value in job_row(number).items() if name != "batches"} for number in (1, 2))
        store("jobs", *(row | {"tenant": 1} for row in plain))
        for name, values in CHILDREN.items():
            store(name, {"job": 1, **values})
        many = {"job": 1, "first_epoch": 10, "last_epoch": 20, "stride": 5, "size": 20_000_000}
        store("parameters", {**many, "bytes": None, "address": "b" * 64})
        store("models", {"number": 1, "name": "m", "tenant": 1, "created_at": NOW})
        blob = {"bytes": None, "address": "b" * 64, "network": NETWORK}
        versions = (model_row(1, "gone") | {"bytes": b"123"}, model_row(2, "job_1") | blob, model_row(3, "gone") | blob)
        for row in versions:
            store("model_versions", row)
    yield database
    database.dispose()


def test_sizes_are_filled_in_and_the_way_back_loses_nothing(filled: Database) -> None:
    with filled.read() as connection:
        before, schema = everything(connection), schema_of(connection)
    move(filled, "0013")
    with filled.read() as connection:
        assert connection.execute(select(dataset_versions.c.size)).scalars().all() == [12_345_678_901]
        sizes = connection.execute(select(job_sizes).order_by(job_sizes.c.job)).all()
        stored = len(CHILDREN["optimizer_states"]["bytes"])
        epochs = CHILDREN["parameters"]["size"] + 3 * 20_000_000 + stored
        assert [tuple(row) for row in sizes] == [(1, 1, epochs, len(CHILDREN["starts"]["bytes"])), (2, 1, 0, 0)]
        versions = select(model_versions.c.size).order_by(model_versions.c.version)
        assert connection.execute(versions).scalars().all() == [3, 20_000_000, (9 + 12) * 4]
        shares = connection.execute(select(tenants.c.limits, tenants.c.weight, tenants.c["pass"])).one()
        assert tuple(shares) == ({}, 1.0, 0.0)
    move(filled, BEFORE, command.downgrade)
    with filled.read() as connection:
        assert schema_of(connection) == schema
        found = everything(connection)
        assert {name: rows for name, rows in found.items() if name != "alembic_version"} == {
            name: rows for name, rows in before.items() if name != "alembic_version"
        }
    move(filled, "head")
    with filled.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        connection.execute(text("DELETE FROM jobs"))
        assert connection.execute(select(job_sizes)).all() == []
