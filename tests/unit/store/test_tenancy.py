"""The filter by tenant, over the shapes of statements: whatever a statement says, it sees one tenant's rows."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
    union,
    update,
)
from sqlalchemy.exc import StatementError

from service.store.database import Database, clock, insert_named
from service.store.tables import datasets, epochs, events, jobs, metadata, model_versions, models, networks, workers
from service.store.tenancy import OutOfScope, everyone

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ONE, TWO, EMPTY = 1, 2, 3
NAMES = {ONE: ("a", "b"), TWO: ("a", "c", "d"), EMPTY: ()}
OTHER = models.alias()
LATER = model_versions.alias()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Models and datasets of the same names in two tenants, each with one version, and a third tenant without any."""
    opened = Database(f"sqlite:///{tmp_path / 'tenants.sqlite3'}")
    with opened.begin() as connection:
        metadata.create_all(connection)
        tenants = metadata.tables["tenants"]
        rows = [{"number": number, "name": f"t{number}", "created_at": NOW} for number in NAMES]
        connection.execute(insert(tenants), rows)
    for tenant, names in NAMES.items():
        with opened.scoped(tenant).begin() as connection:
            for name in names:
                assert insert_named(connection, models, name=name, created_at=NOW)
                assert not insert_named(connection, models, name=name, created_at=NOW)
                assert insert_named(connection, datasets, name=name, created_at=NOW)
                number = connection.execute(select(models.c.number).where(models.c.name == name)).scalar_one()
                connection.execute(insert(model_versions).values(model=number, version=1, **version_of(tenant)))
    yield opened
    opened.dispose()


def version_of(tenant: int) -> dict[str, Any]:
    documents = {name: {} for name in ("network", "preprocessing", "record")}
    return {
        "job_id": f"job_{tenant}",
        "epoch": 1,
        "precision": "float32",
        "sha256": "0",
        "created_at": NOW,
        **documents,
    }


VERSIONS = select(models.c.name).join(model_versions, model_versions.c.model == models.c.number)
PREBUILT = select(models.c.name).where(models.c.name >= bindparam("least"))
Statement = Callable[[], Any]
READS: dict[str, Statement] = {
    "all columns": lambda: select(models).with_only_columns(models.c.name),
    "a prebuilt statement with parameters": lambda: PREBUILT.params(least=""),
    "an alias": lambda: select(OTHER.c.name),
    "a count": lambda: select(models.c.name).where(select(func.count()).select_from(models).scalar_subquery() > 0),
    "a join": lambda: VERSIONS,
    "a join that begins elsewhere": lambda: (
        select(models.c.name).select_from(model_versions).join(models, models.c.number == model_versions.c.model)
    ),
    "a join of two tables of tenants": lambda: (
        select(models.c.name).select_from(models.join(datasets, datasets.c.name == models.c.name)).distinct()
    ),
    "two tables by a condition": lambda: select(models.c.name).where(models.c.name == datasets.c.name).distinct(),
    "a scalar subquery": lambda: select(models.c.name).where(
        models.c.number <= select(func.max(OTHER.c.number)).scalar_subquery()
    ),
    "a correlated subquery": lambda: VERSIONS.where(
        model_versions.c.version
        == select(func.max(LATER.c.version)).where(LATER.c.model == model_versions.c.model).scalar_subquery()
    ),
    "exists": lambda: select(models.c.name).where(exists().where(OTHER.c.name == models.c.name)),
    "in a subquery": lambda: select(models.c.name).where(models.c.number.in_(select(OTHER.c.number))),
    "a FROM subquery": lambda: select(select(models.c.name).subquery().c.name),
    "a common table expression": lambda: select(select(models.c.name).cte("found").c.name),
    "a union": lambda: union(select(models.c.name), select(datasets.c.name)),
    "a window": lambda: select(
        select(models.c.name, func.row_number().over(order_by=models.c.number)).subquery().c.name
    ),
    "with a lock": lambda: select(models.c.name).with_for_update(of=models),
    "with the database's clock": lambda: select(models.c.name).where(models.c.created_at < clock()),
    "in an order with a limit": lambda: select(models.c.name).order_by(models.c.number.desc()).limit(100),
    "an expanding list": lambda: select(models.c.name).where(models.c.name.in_(["a", "b", "c", "d"])),
    "as text in the columns": lambda: select(literal_column("name")).select_from(models),
}


@pytest.mark.parametrize("shape", READS)
def test_a_query_sees_the_rows_of_the_tenant_alone(database: Database, shape: str) -> None:
    for tenant in (ONE, TWO, EMPTY, TWO, ONE):  # the second time each is compiled already
        with database.scoped(tenant).read() as connection:
            found = connection.execute(READS[shape]()).scalars()
            assert sorted(found) == sorted(NAMES[tenant])
    with database.read() as connection:
        assert set(connection.execute(READS[shape]()).scalars()) == {"a", "b", "c", "d"}


def test_a_join_by_name_takes_no_row_of_another_tenant(database: Database) -> None:
    joined = select(models.c.number, datasets.c.tenant).join(datasets, datasets.c.name == models.c.name)
    with database.scoped(ONE).read() as connection:
        assert {row.tenant for row in connection.execute(joined)} == {ONE}


CHANGES: dict[str, Statement] = {
    "update": lambda: update(models).values(name=models.c.name + "x"),
    "update by name": lambda: update(models).where(models.c.name.in_(["a", "b", "c", "d"])).values(created_at=NOW),
    "update that returns": lambda: update(models).values(created_at=NOW).returning(models.c.name),
    "delete": lambda: delete(models),
    "delete through a subquery": lambda: delete(models).where(models.c.number.in_(select(OTHER.c.number))),
}


@pytest.mark.parametrize("shape", CHANGES)
def test_a_change_touches_the_rows_of_the_tenant_alone(database: Database, shape: str) -> None:
    with database.read() as connection:
        others = connection.execute(select(models).where(models.c.tenant != TWO).order_by(models.c.number)).all()
    for tenant in (EMPTY, TWO):
        with database.scoped(tenant).begin() as connection:
            result = connection.execute(CHANGES[shape]())
            rows = result.all() if result.returns_rows else ()
            assert (len(rows) if result.returns_rows else result.rowcount) == len(NAMES[tenant])
    with database.read() as connection:
        left = connection.execute(select(models).where(models.c.tenant != TWO).order_by(models.c.number)).all()
    assert left == others


def test_many_rows_are_inserted_for_the_tenant(database: Database) -> None:
    values = {"definition": {}, "sha256": "0", "created_at": NOW}
    with database.scoped(TWO).begin() as connection:
        connection.execute(insert(networks), [{"name": name, **values} for name in ("x", "y")])
    with database.read() as connection:
        assert set(connection.execute(select(networks.c.tenant)).scalars()) == {TWO}


def test_a_row_of_no_tenant_is_not_inserted(database: Database) -> None:
    with pytest.raises(StatementError, match="the connection sees all tenants"), database.begin() as connection:
        connection.execute(insert(models).values(name="x", created_at=NOW))


REFUSED: dict[str, Statement] = {
    "text": lambda: text("SELECT name FROM models"),
    "a table by text": lambda: select(table("models", column("name")).c.name),
    "an outer join": lambda: select(models.c.name).join(datasets, datasets.c.name == models.c.name, isouter=True),
    "what refers to jobs": lambda: select(epochs.c.job),
    "its alias": lambda: select(LATER.c.job_id),
    "what refers to jobs, by another column": lambda: select(events).where(events.c.id > 3),
    "in a subquery": lambda: select(models.c.name).where(models.c.number.in_(select(model_versions.c.model))),
    "a change of what refers to jobs": lambda: update(epochs).values(last_epoch=1),
    "a removal of what refers to jobs": lambda: delete(events).where(events.c.id < 3),
}


@pytest.mark.parametrize("shape", REFUSED)
def test_what_cannot_be_limited_to_a_tenant_is_refused(database: Database, shape: str) -> None:
    with pytest.raises(OutOfScope), database.scoped(ONE).begin() as connection:
        connection.execute(REFUSED[shape]())
    with database.begin() as connection:
        connection.execute(REFUSED[shape]())


def test_what_belongs_to_no_tenant_is_seen_by_all(database: Database) -> None:
    with database.scoped(ONE).begin() as connection:
        connection.execute(insert(workers).values(id="w", seen_at=NOW))
        connection.execute(select(workers).where(workers.c.seen_at < clock())).one()


def test_a_block_for_everyone_ends_where_it_ends(database: Database) -> None:
    def names(connection: Connection) -> int:
        return len(connection.execute(select(models.c.name)).all())

    with database.scoped(TWO).read() as connection:
        assert names(connection) == 3
        with everyone(connection):
            assert names(connection) == 5
            with everyone(connection):
                assert names(connection) == 5
            assert names(connection) == 5
        assert names(connection) == 3
        with pytest.raises(RuntimeError, match="in the block"), everyone(connection):
            raise RuntimeError("in the block")
        assert names(connection) == 3


def test_two_scopes_in_one_thread_do_not_meet(database: Database) -> None:
    query = select(models.c.tenant).distinct()
    with (
        database.scoped(ONE).read() as one,
        database.scoped(TWO).read() as two,
        database.read() as both,
    ):
        for _ in range(2):
            assert one.execute(query).scalars().all() == [ONE]
            assert two.execute(query).scalars().all() == [TWO]
            assert sorted(both.execute(query).scalars()) == [ONE, TWO]


def test_a_number_of_a_deleted_tenant_is_not_given_again(database: Database) -> None:
    tenants = metadata.tables["tenants"]
    with database.begin() as connection:
        connection.execute(delete(tenants).where(tenants.c.number == EMPTY))
        connection.execute(insert(tenants).values(name="next", created_at=NOW))
        assert connection.execute(select(func.max(tenants.c.number))).scalar_one() == EMPTY + 1


def test_jobs_belong_to_tenants() -> None:
    owned = {name for name, each in metadata.tables.items() if "tenant" in each.c}
    assert owned >= {"networks", "datasets", "jobs", "models", "idempotency"}
    assert {key.column.table.name for name in owned for key in metadata.tables[name].c.tenant.foreign_keys} == {
        "tenants"
    }
    assert jobs.c.tenant.nullable is False
