"""The application in this process, on each pair of parts: for tests of what it answers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.services import Parts, open_parts
from service.store.migrate import migrate
from tests.conftest import Parts as Servers
from workers.run.run import run_next_job


@pytest.fixture
def settings(parts: Servers) -> Settings:
    return Settings(data_dir=parts.data_dir, database_url=parts.database_url, queue_url=parts.queue_url)


@pytest.fixture
def service(settings: Settings) -> Iterator[Parts]:
    opened = open_parts(settings)
    migrate(opened.database)
    yield opened
    opened.database.dispose()


@pytest.fixture
def client(settings: Settings, service: Parts) -> Iterator[FlaskClient]:
    app = create_app(settings)
    yield app.test_client()
    app.extensions["parts"].database.dispose()


@pytest.fixture
def train(client: FlaskClient, service: Parts) -> Callable[..., dict[str, Any]]:
    def run(body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        job: dict[str, Any] = client.get(answer.headers["Location"]).json
        assert job["status"] == "succeeded", job["error"]
        return job

    return run
