"""The application in this process, on each pair of backends, for tests of its answers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.services import Services, open_services
from service.store.tenancy import DEFAULT_TENANT
from tests.conftest import Backends
from workers.run.run import run_next_job


@pytest.fixture
def settings(backends: Backends) -> Settings:
    return Settings(data_dir=backends.data_dir, database_url=backends.database_url, queue_url=backends.queue_url)


@pytest.fixture
def service(settings: Settings) -> Iterator[Services]:
    opened = open_services(settings)
    yield opened
    opened.database.dispose()


@pytest.fixture
def default(service: Services) -> Services:
    """The service as the tenant `default` sees it, which is whose a request without keys is."""
    return service.scoped(DEFAULT_TENANT)


@pytest.fixture
def client(settings: Settings, service: Services) -> Iterator[FlaskClient]:
    app = create_app(settings)
    yield app.test_client()
    app.extensions["services"].database.dispose()


@pytest.fixture
def train(client: FlaskClient, service: Services) -> Callable[..., dict[str, Any]]:
    def run(body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        assert run_next_job(service, "test", lambda: False)
        job: dict[str, Any] = client.get(answer.headers["Location"]).json
        assert job["status"] == "succeeded", job["error"]
        return job

    return run
