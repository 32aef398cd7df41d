"""One application on SQLite for all cases of a module: each case asks a question of its own and leaves little."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.services import Services, open_services
from tests.servers import Redis


@pytest.fixture(scope="module")
def settings(migrated_sqlite: Path, valkey_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data_dir = tmp_path_factory.mktemp("data")
    shutil.copy(migrated_sqlite, data_dir)
    valkey_server.start()
    url = f"sqlite:///{data_dir / migrated_sqlite.name}"
    return Settings(data_dir=data_dir, database_url=url, queue_url=valkey_server.url)


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Services]:
    opened = open_services(settings)
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="module")
def client(settings: Settings, service: Services) -> Iterator[FlaskClient]:
    app = create_app(settings)
    yield app.test_client()
    app.extensions["services"].database.dispose()
