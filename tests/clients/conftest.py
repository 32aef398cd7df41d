"""One service for all tests of the Python client, which leave it as it was."""

from collections.abc import Iterator

import pytest

from backprop_client import Client
from tests.integration.service import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, kernels: None) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("client") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[Client]:
    with Client(service.address) as opened:
        yield opened
