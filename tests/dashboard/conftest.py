"""One service and one browser for all tests of the dashboard that a test process runs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright

from service.app import create_app
from service.config import Settings
from tests.dashboard.browser import Opened, launched, opened
from tests.integration.service import Service

BROWSER = "browser"  # the fixture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser as long: `make test-long` runs it."""
    for item in items:
        if BROWSER in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.long)


Open = Callable[..., AbstractContextManager[Opened]]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A whole service without keys. It is shared: a test finds its own jobs by their names, whatever else there is."""
    with Service(tmp_path_factory.mktemp("dashboard") / "data") as running:
        yield running


@pytest.fixture
def anonymous(tmp_path: Path) -> FlaskClient:
    """The application in this process, without a database, for what needs none."""
    return create_app(Settings(data_dir=tmp_path)).test_client()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = launched(playwright)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Open:
    """What opens a window of the dashboard: `with open_page(width=390) as view: view.go("?job=...")`."""
    return partial(opened, browser, service.address)


@pytest.fixture(scope="session")
def xor(service: Service) -> dict[str, Any]:
    """A job that has learnt XOR, with a model `xor`."""
    return trained(service, XOR)


@pytest.fixture(scope="session")
def digits(service: Service) -> dict[str, Any]:
    """A job that has learnt some handwritten digits of 8 x 8 pixels, with 20 hidden units."""
    lines = [line.split(",") for line in Path("examples/digits.csv").read_text("utf-8").splitlines()[1:301]]
    pixels = [[float(value) for value in line[:-1]] for line in lines]
    dataset = {"name": "digits", "inputs": pixels, "targets": [int(line[-1]) for line in lines]}
    network = {"hidden": [20]}
    return trained(service, {"network": network, "dataset": dataset, "training": {"epochs": 5, "seed": 1}})


def trained(service: Service, body: dict[str, Any]) -> dict[str, Any]:
    """Train a job to its end and return it."""
    status, job = service.send("POST", "/v1/jobs?wait=60", body)
    assert status in (200, 201), job
    found: dict[str, Any] = job
    return found


XOR: dict[str, Any] = {
    "network": {
        "inputs": 2,
        "layers": [
            {"type": "dense", "units": 3, "activation": "tanh"},
            {"type": "dense", "units": 1, "activation": "sigmoid"},
        ],
    },
    "dataset": {"name": "xor", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    "model": "xor",
    "training": {
        "loss": "quadratic",
        "optimizer": {"type": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        "epochs": 2000,
        "seed": 1,
        "metrics": ["accuracy"],
    },
}
