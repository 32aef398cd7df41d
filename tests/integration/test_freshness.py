"""No API process answers with less than another one has told; without the database, warm predictions go on."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings
from service.models import loading
from service.models.directory import AWAY_SECONDS
from service.models.warming import Warmer
from service.services import Services
from service.store.changes import _ServerWatch
from tests.integration.contract import XOR, problem
from tests.servers import Postgres, Redis
from tests.waiting import wait_until
from workers.run.run import run_next_job

Train = Callable[..., dict[str, Any]]
JOB = {"model": "m", "dataset": XOR, "training": {"epochs": 2, "seed": 1}}
ROWS = {"instances": [[0, 1]]}
PREDICT = "/v1/models/m:predict"
ALIASES = "/v1/models/m/aliases"
BY_ALIAS = "/v1/models/m/versions/live:predict"
MOVES = 12
BACK_SECONDS = 30


@pytest.fixture
def other(settings: Settings) -> Iterator[FlaskClient]:
    """Another API process of the same service, as far as its memory goes."""
    app = create_app(settings)
    yield app.test_client()
    app.extensions["services"].database.dispose()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's notifications do not arrive, so that only what processes tell each other is seen."""
    monkeypatch.setattr(_ServerWatch, "_run", lambda _: None)


def end(client: FlaskClient, service: Services) -> str:
    """Train a version that no process has heard of; return its job."""
    id: str = client.post("/v1/jobs", json=JOB).json["id"]
    assert run_next_job(service, "test", lambda: False)
    return id


@pytest.mark.usefixtures("deaf")
def test_whoever_hears_that_a_job_has_ended_gets_its_version_from_every_process(
    client: FlaskClient, other: FlaskClient, service: Services
) -> None:
    end(client, service)
    assert other.post(PREDICT, json=ROWS).json["version"] == client.post(PREDICT, json=ROWS).json["version"] == 1
    ways: list[Callable[[str], Any]] = [
        lambda id: client.get(f"/v1/jobs/{id}"),
        lambda id: client.get(f"/v1/jobs/{id}?wait=1"),
        lambda id: client.get("/v1/jobs?limit=1"),
        lambda id: client.get(f"/v1/jobs/{id}/events"),
        lambda id: client.get(f"/v1/jobs/{id}/events?stream=1").data,
        lambda id: client.get("/v1/models/m"),
        lambda id: client.get("/v1/models"),
    ]
    for version, hear in enumerate(ways, 2):
        hear(end(client, service))
        assert other.post(PREDICT, json=ROWS).json["version"] == version
        assert client.post(PREDICT, json=ROWS).json["version"] == version


@pytest.mark.usefixtures("deaf")
def test_a_deleted_model_ends_everywhere_at_once(client: FlaskClient, other: FlaskClient, train: Train) -> None:
    train(JOB)
    assert other.post(PREDICT, json=ROWS).status_code == 200
    assert client.delete("/v1/models/m").status_code == 204
    problem(other.post(PREDICT, json=ROWS), 404)
    train(JOB)
    assert other.post(PREDICT, json=ROWS).json["version"] == 1


@pytest.mark.usefixtures("deaf")
def test_predictions_while_an_alias_moves_mix_no_versions_and_are_never_of_the_one_before(
    client: FlaskClient, other: FlaskClient, train: Train
) -> None:
    apps = [client.application, other.application]
    for seed in (1, 2):
        train({**JOB, "training": {"epochs": 2, "seed": seed}})
    values = {
        version: client.post(f"/v1/models/m/versions/{version}:predict", json=ROWS).json["predictions"]
        for version in (1, 2)
    }
    assert values[1] != values[2]
    assert client.put(f"{ALIASES}/live", json={"version": 1}).status_code == 201
    is_over, answers = threading.Event(), list[dict[str, Any]]()

    def predict(asking: FlaskClient) -> None:
        while not is_over.is_set():
            answers.append(asking.post(BY_ALIAS, json=ROWS).json)

    threads = [threading.Thread(target=predict, args=(app.test_client(),)) for app in apps for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(MOVES):
            version, mover, asker = 2 - number % 2, (client, other)[number // 2 % 2], (other, client)[number // 2 % 2]
            assert mover.put(f"{ALIASES}/live", json={"version": version}).json["moved"]
            assert asker.post(BY_ALIAS, json=ROWS).json["version"] == version
            assert mover.post(BY_ALIAS, json=ROWS).json["version"] == version
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert len(answers) > MOVES and all(answer["predictions"] == values[answer["version"]] for answer in answers)


def test_what_names_in_use_mean_after_a_change_is_loaded_before_it_is_asked_for(
    client: FlaskClient, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = client.application.extensions
    warmer = Warmer(found["services"], found["model_cache"], found["model_cache"].directory)
    train(JOB)
    train({**JOB, "model": "unused"})
    assert client.post(PREDICT, json=ROWS).json["version"] == 1
    assert not warmer.look()  # there was nothing before
    train(JOB)
    train({**JOB, "model": "unused"})
    assert warmer.look() and not warmer.look()
    monkeypatch.delattr(loading, "_read_version")
    assert client.post(PREDICT, json=ROWS).json["version"] == 2
    assert len(found["model_cache"]) == 2


@contextmanager
def away(client: FlaskClient, settings: Settings, servers: tuple[Postgres | None, Redis]) -> Iterator[None]:
    """Stop PostgreSQL, or move SQLite's file away from a process that has no connection open."""
    if servers[0] is not None:
        servers[0].stop()
        try:
            yield
        finally:
            servers[0].start()
        return
    file = settings.data_dir / "backprop.sqlite3"
    client.application.extensions["services"].database.dispose()
    aside = [path.rename(path.with_name(f"aside-{path.name}")) for path in settings.data_dir.glob(f"{file.name}*")]
    file.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(file)
        for path in aside:
            path.rename(path.with_name(path.name.removeprefix("aside-")))


def test_warm_predictions_go_on_while_the_database_is_away(
    client: FlaskClient,
    train: Train,
    service: Services,
    settings: Settings,
    servers: tuple[Postgres | None, Redis],
    caplog: pytest.LogCaptureFixture,
) -> None:
    train(JOB)
    train({**JOB, "model": "cold"})
    before = client.post(PREDICT, json=ROWS).json
    healthy = client.get("/readyz").json["checks"]["models"]
    assert healthy["ok"] and healthy["networks"] == 1 and healthy["bytes"] > 0 and "since" not in healthy
    service.database.engine.dispose()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "service"), away(client, settings, servers):
        wait_until(lambda: "since" in client.get("/readyz").json["checks"]["models"], 10 * AWAY_SECONDS, "an outage")
        ready = client.get("/readyz")
        assert ready.status_code == 503 and not ready.json["checks"]["database"]["ok"]
        assert "networks in memory go on predicting" in ready.json["checks"]["models"]["detail"]
        for _ in range(5):
            assert client.post(PREDICT, json=ROWS).json == before
        problem(client.post("/v1/models/cold:predict", json=ROWS), 503)
        told = [record for record in caplog.records if "cannot see whether the database" in record.getMessage()]
        assert len(told) == 1
    wait_until(lambda: "since" not in client.get("/readyz").json["checks"]["models"], BACK_SECONDS, "the database")
    train(JOB)
    assert client.post(PREDICT, json=ROWS).json["version"] == 2
    assert client.post("/v1/models/cold:predict", json=ROWS).status_code == 200
