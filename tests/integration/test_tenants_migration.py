"""Migration 0011 both ways: what there was belongs to `default`, nothing that refers to it is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, insert, select, text

from service.errors import Conflict
from service.store.database import Database, insert_named
from service.store.jobs import capacity
from service.store.tables import datasets, idempotency, models, networks, tenants
from service.store.tenancy import DEFAULT_TENANT
from tests.conftest import Backends
from tests.integration.test_one_table_of_epochs import CHILDREN, job_row, move, reflected
from tests.integration.test_versions_migration import everything, model_row, schema_of

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LARGE = {"maximum": 1e25, "minimum": -0.0}  # `jsonb` and Python's own reading would change these
OWNED = ("networks", "datasets", "models", "jobs", "idempotency")
JOBS = (1, 2, 7)


@pytest.fixture
def database(empty_backends: Backends) -> Iterator[Database]:
    opened = Database(empty_backends.database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def filled(database: Database) -> Database:
    """A database of before with rows in every table that refers to one which gets a tenant."""
    move(database, "0010")
    with database.begin() as connection:
        tables = reflected(connection)

        def store(table: str, *rows: dict[str, Any]) -> None:
            connection.execute(tables[table].insert(), list(rows))

        network = {"definition": LARGE, "sha256": "0" * 64, "created_at": NOW}
        store("networks", {"number": 3, "name": "n", **network}, {"number": 4, "name": "m", **network})
        store("datasets", {"number": 5, "name": "churn", "last_version": 2, "created_at": NOW})
        content = {"dataset": 5, "contents": LARGE, "sha256": "a" * 64, "created_at": NOW}
        store("dataset_versions", *({"version": each, "address": str(each) * 64, **content} for each in (1, 2)))
        rows = ({name: value for name, value in job_row(number).items() if name != "batches"} for number in JOBS)
        store("jobs", *(row | {"dataset_version": 2, "extra": LARGE} for row in rows))
        for name, values in CHILDREN.items():
            store(name, *({"job": job, **values} | ({"id": job} if name == "events" else {}) for job in JOBS))
        store("models", {"number": 1, "name": "m", "created_at": NOW})
        store("model_versions", *(model_row(version, f"job_{version}") for version in (1, 2)))
        store("idempotency", {"key": "f" * 64, "created_at": NOW, "status": 202, "headers": {}})
    return database


def without_tenants(found: dict[str, list[Any]]) -> dict[str, list[str]]:
    """The rows that there were before, as they were."""
    mine = f"('tenant', '{DEFAULT_TENANT}')"
    plain = {
        name: [row.replace(f", {mine}", "").replace(f"{mine}, ", "") for row in rows] for name, rows in found.items()
    }
    return {name: rows for name, rows in plain.items() if name not in ("tenants", "grants", "alembic_version")}


def test_what_there_was_belongs_to_default_and_all_that_refers_to_it_is_there(filled: Database) -> None:
    with filled.read() as connection:
        before, schema = everything(connection), schema_of(connection)
    move(filled, "0011")
    with filled.read() as connection:
        after = everything(connection)
        assert without_tenants(after) == without_tenants(before)
        assert all(len(after[name]) > 0 for name in (*OWNED, *CHILDREN, "dataset_versions", "model_versions"))
        rows = connection.execute(select(tenants.c.number, tenants.c.name)).all()
        assert [tuple(row) for row in rows] == [(DEFAULT_TENANT, "default")]
        for name in OWNED:
            owners = connection.execute(text(f"SELECT DISTINCT tenant FROM {name}")).scalars().all()
            assert owners == [DEFAULT_TENANT]
    move(filled, "0010", command.downgrade)
    with filled.read() as connection:
        assert schema_of(connection) == schema
        assert without_tenants(everything(connection)) == without_tenants(before)
    move(filled, "0015")  # 0016 adds columns to models
    with filled.read() as connection:
        kept = without_tenants(everything(connection))
        assert all(kept[name] == before[name] for name in ("networks", "datasets", "models"))
    move(filled, "head")
    with filled.read() as connection:
        kept = everything(connection)
        assert all(len(kept[name]) == len(before[name]) for name in ("networks", "datasets", "models"))


def test_foreign_keys_hold_as_before_once_it_is_done(filled: Database) -> None:
    move(filled, "head")
    with filled.begin() as connection:
        connection.execute(text("DELETE FROM jobs WHERE number = 7"))
        connection.execute(text("DELETE FROM models"))
        for name in CHILDREN:
            left = connection.execute(text(f"SELECT DISTINCT job FROM {name} ORDER BY job")).scalars().all()
            assert left == [1, 2]
        assert connection.execute(text("SELECT count(*) FROM model_versions")).scalar() == 0
    with pytest.raises(Conflict), filled.begin() as connection:
        connection.execute(insert(models).values(name="x", tenant=99, created_at=NOW))


def test_names_are_unique_within_a_tenant(filled: Database) -> None:
    move(filled, "head")
    other = add_tenant(filled)
    assert other > DEFAULT_TENANT
    values: dict[Any, dict[str, Any]] = {
        networks: {"definition": {}, "sha256": "0"},
        datasets: {"last_version": 1},
        models: {},
    }
    for tenant, is_new in ((DEFAULT_TENANT, False), (other, True), (other, False)):
        with filled.scoped(tenant).begin() as connection:
            for table, more in values.items():
                name = "churn" if table is datasets else "m"
                assert insert_named(connection, table, name=name, created_at=NOW, **more) is is_new
    with filled.scoped(other).begin() as connection:
        connection.execute(insert(idempotency).values(key="f" * 64, created_at=NOW))
        assert capacity.queue_for(connection, other).queued == 0
    with pytest.raises(Conflict), filled.scoped(other).begin() as connection:
        connection.execute(insert(idempotency).values(key="f" * 64, created_at=NOW))


def test_the_way_down_would_show_everybody_what_other_tenants_have(filled: Database) -> None:
    move(filled, "head")
    add_tenant(filled)
    with pytest.raises(RuntimeError, match="what acme stored; delete them with `backprop tenants delete"):
        move(filled, "0010", command.downgrade)
    with filled.begin() as connection:
        assert names_of(connection) == ["default", "acme"]
        connection.execute(text("DELETE FROM tenants WHERE name = 'acme'"))
    move(filled, "0010", command.downgrade)


def add_tenant(database: Database) -> int:
    with database.begin() as connection:
        number: int = connection.execute(
            insert(tenants).values(name="acme", created_at=NOW).returning(tenants.c.number)
        ).scalar_one()
    return number


def names_of(connection: Connection) -> list[str]:
    return list(connection.execute(select(tenants.c.name).order_by(tenants.c.number)).scalars())
