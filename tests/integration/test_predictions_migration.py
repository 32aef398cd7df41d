"""The migration of predictions of datasets both ways: nothing that was there is lost."""

from collections.abc import Iterator

import pytest
from alembic import command

from service.store.database import Database
from service.store.migrate import known_revisions
from tests.conftest import Backends
from tests.integration.test_one_table_of_epochs import NOW, move, reflected
from tests.integration.test_versions_migration import everything, schema_of

BEFORE = str(known_revisions()["0017"])


@pytest.fixture
def database(empty_backends: Backends) -> Iterator[Database]:
    opened = Database(empty_backends.database_url)
    move(opened, BEFORE)
    yield opened
    opened.dispose()


def test_tenants_stay_and_predictions_go_on_the_way_back(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(reflected(connection)["tenants"].insert(), {"name": "school", "created_at": NOW})
    with database.read() as connection:
        before, schema = everything(connection), schema_of(connection)
    move(database, "0017")
    with database.begin() as connection:
        tables = reflected(connection)
        assert [row.batch_is_next for row in connection.execute(tables["tenants"].select())] == [False, False]
        zeros = dict.fromkeys(("done", "size", "attempt", "stored_attempt", "deaths", "lost_attempts"), 0)
        names = {"id": "pred_1", "status": "queued", "model_name": "m", "dataset_name": "d", "keep": "[]"}
        rest = {"tenant": 1, "model_version": 1, "dataset_version": 1, "ignored": "[]", "rows": 5, "created_at": NOW}
        row = {"number": 1, **names, **zeros, **rest, "extra": {}, "warnings": []}
        connection.execute(tables["predictions"].insert(), row)
        part = {"prediction": 1, "part": 0, "address": "a" * 64}
        connection.execute(tables["prediction_parts"].insert(), part)
    move(database, BEFORE, command.downgrade)
    with database.read() as connection:
        assert everything(connection) == before
        assert schema_of(connection) == schema
    move(database, "0017")
