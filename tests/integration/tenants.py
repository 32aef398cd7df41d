"""Requests of several tenants to one application, distinguished by a header in place of keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient

from service.access.principal import Principal, Scope
from service.app import create_app
from service.config import Settings
from service.services import Services
from service.store import tenants
from workers.run.run import run_next_job

HEADER = "X-Tenant-Of-This-Test"


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """The application, in which a request may say which tenant's admin it is from."""
    app = create_app(replace(settings, auth="off"))

    def impersonate() -> None:
        name = request.headers.get(HEADER)
        if name is not None:
            with app.extensions["services"].database.read() as connection:
                number = tenants.number_of(connection, name)
            g.principal = Principal(number, name, frozenset({Scope.ADMIN}))

    app.before_request(impersonate)
    yield app
    app.extensions["services"].database.dispose()


def of_tenant(app: Flask, name: str) -> FlaskClient:
    """A client of an admin of this tenant, which is made if need be."""
    with app.extensions["services"].database.begin() as connection:
        tenants.find_or_add(connection, name)
    client = app.test_client()
    client.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = name
    return client


def number_of(service: Services, name: str) -> int:
    with service.database.read() as connection:
        return tenants.number_of(connection, name)


TRAINING = {"epochs": 2, "seed": 1, "validation": {"fraction": 0.25}}
ROWS = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1], [2, 1], [2, 2], [3, 1], [3, 2]], "targets": [0, 1, 1, 0, 1, 1, 0, 1]}


def body(dataset: Any, **more: Any) -> dict[str, Any]:
    return {"dataset": dataset, "network": {"hidden": [3]}, "training": TRAINING, **more}


def made(client: FlaskClient, name: str, dataset: dict[str, Any] = ROWS) -> None:
    """Store a network and a dataset of that name."""
    assert client.post("/v1/networks", json={"name": name, "hidden": [3]}).status_code in (200, 201)
    answer = client.put(f"/v1/datasets/{name}", json=dataset)
    assert answer.status_code in (200, 201), answer.text


def trained(client: FlaskClient, service: Services, name: str) -> str:
    """Train a model of that name on the dataset of that name; return the id of the job."""
    answer = client.post("/v1/jobs", json=body(name, model=name))
    assert answer.status_code == 202, answer.text
    assert run_next_job(service, "test", lambda: False)
    job = client.get(answer.headers["Location"]).json
    assert job["status"] == "succeeded", job["error"]
    return str(job["id"])


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with application(settings) as made_app:
        yield made_app


@pytest.fixture
def acme(app: Flask) -> FlaskClient:
    return of_tenant(app, "acme")


@pytest.fixture
def other(app: Flask) -> FlaskClient:
    return of_tenant(app, "other")


def ids_of(client: FlaskClient, service: Services) -> dict[str, str]:
    """Store one of everything that a tenant may have; return the ids."""
    made(client, "acme-data", {**ROWS, "targets": [0, 0, 1, 1, 0, 1, 0, 1]})
    made(client, "acme-data")
    job = trained(client, service, "acme-data")
    client.post("/v1/models/acme-data/grants", json={"tenant": "other"})
    batch = client.post("/v1/predictions", json={"model": "acme-data", "dataset": "acme-data"})
    assert batch.status_code == 202, batch.text
    client.post(f"/v1/predictions/{batch.json['id']}:cancel")
    webhook = client.post("/v1/webhooks", json={"url": "https://1.1.1.1/"})
    assert webhook.status_code == 201, webhook.text
    delivery = client.post(f"/v1/webhooks/{webhook.json['id']}:test")
    key = client.post("/v1/keys", json={"scopes": ["read"]})
    share = client.post(f"/v1/jobs/{job}/shares", json={})
    assert key.status_code == share.status_code == 201, (key.text, share.text)
    alias = client.put("/v1/models/acme-data/aliases/stable", json={"version": 1})
    assert alias.status_code == 201, alias.text
    return {
        "/v1/networks/{name}": "acme-data",
        "/v1/datasets/{name}": "acme-data",
        "/v1/models/{name}": "acme-data",
        "/v2/models/{name}": "acme-data",
        "/v2/repository/models/{name}": "acme-data",
        "/v1/jobs/{id}": job,
        "/v1/predictions/{id}": batch.json["id"],
        "/v1/keys/{id}": key.json["id"],
        "/v1/webhooks/{id}": webhook.json["id"],
        "delivery": delivery.json["id"],
        "share": share.json["id"],
        "epoch": "1",
        "other": "2",
        "version": "1",
        "alias": "stable",
        "label": "stable",
        "tenant": "other",
    }
