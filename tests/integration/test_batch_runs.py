"""Runs of predictions of datasets: killed, fenced, taken in turn with jobs, and what they may and may not do."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.config import Settings, to_variables
from service.predictions import layout
from service.predictions.commands import collect
from service.services import Services
from service.store import workers
from service.store.claims import claim_next
from service.store.crashes import MOST_COUNTED
from service.store.database import clock
from service.store.jobs import fair_share
from service.store.predictions import runs
from service.store.tables import predictions
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.keyed import Keyed
from workers.run import predict
from workers.run.run import run_next_job

ROWS = 5000
DATASET = {"name": "many", "inputs": [[row % 97 / 97, row % 89 / 89] for row in range(ROWS)]}
BODY = {"model": "xor", "dataset": "many", "keep": ["input_2"]}
KILLED = """
import os, signal, sys
from service.config import read_settings
from service.predictions import layout
from service.services import open_services
from workers.run import predict, run

layout.PART_BYTES = 1
where, at = sys.argv[1], int(sys.argv[2])
count, store = 0, predict._store_once

def dying(services, *rest):
    global count
    count += 1
    if count != at:
        return store(services, *rest)
    if where == "between":
        rest[1] and services.blobs.put(rest[1][-1])
    if where == "after":
        store(services, *rest)
    os.kill(os.getpid(), signal.SIGKILL)

predict._store_once = dying
run.run_next_job(open_services(read_settings(os.environ)), "killed:1:2", lambda: False)
"""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PART_BYTES", 1)


@pytest.fixture
def model(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> None:
    assert client.post("/v1/datasets", json=DATASET).status_code == 201
    train({"dataset": XOR, "network": {"hidden": [4]}, "training": SMALL, "model": "xor"})


def submit(client: FlaskClient, **more: Any) -> str:
    answer = client.post("/v1/predictions", json={**BODY, **more})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def run(service: Services) -> bool:
    return run_next_job(service, "test", lambda: False)


def read(client: FlaskClient, prediction: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/predictions/{prediction}").json)


def sha256_of(client: FlaskClient, prediction: str) -> str:
    found = read(client, prediction)
    assert found["status"] == "succeeded", found
    return str(found["result"]["sha256"])


def free(service: Services, worker: str) -> None:
    with service.database.begin() as connection:
        workers.remove_ended(connection, worker, -signal.SIGKILL)


@pytest.mark.long
def test_a_worker_that_is_killed_loses_nothing(
    client: FlaskClient, service: Services, settings: Settings, model: None
) -> None:
    undisturbed = submit(client)
    assert run(service)
    path = f"/v1/predictions/{undisturbed}/result"
    expected, as_csv = sha256_of(client, undisturbed), client.get(path).data
    assert len(as_csv.splitlines()) == ROWS + 1
    killed = submit(client)
    deaths = (("before", 1), ("between", 2), ("after", 2), ("between", 1))
    stored = [0, 1024, 3072, 3072]
    for attempt, ((where, at), done) in enumerate(zip(deaths, stored, strict=True), 1):
        command = [sys.executable, "-c", KILLED, where, str(at)]
        ended = subprocess.run(command, env={**os.environ, **to_variables(settings)}, check=False)
        assert ended.returncode == -signal.SIGKILL
        now = read(client, killed)
        assert (now["status"], now["attempt"], now["progress"]["rows"]) == ("running", attempt, done)
        free(service, "killed:1:2")
    assert run(service)
    assert sha256_of(client, killed) == expected
    assert client.get(f"/v1/predictions/{killed}/result").data == as_csv


def test_a_run_that_lost_its_lease_writes_nothing(
    client: FlaskClient, service: Services, model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, prediction = submit(client), submit(client)
    assert run(service)
    store, calls = predict._store_once, []

    def overtaken(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:  # another worker takes it over and ends it before this run goes on
            with service.database.begin() as connection:
                connection.execute(update(predictions).values(lease_until=clock(-1)))
            monkeypatch.setattr(predict, "_store_once", store)
            assert run_next_job(service, "other", lambda: False)
            assert read(client, prediction)["attempt"] == 2
        store(*arguments)

    monkeypatch.setattr(predict, "_store_once", overtaken)
    assert run(service)
    assert read(client, prediction)["attempt"] == 2
    assert sha256_of(client, prediction) == sha256_of(client, undisturbed)


def test_a_running_prediction_is_cancelled_and_leaves_nothing(
    client: FlaskClient, service: Services, model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction, store = submit(client), predict._store_once

    def cancelled(*arguments: Any) -> None:
        store(*arguments)
        assert client.post(f"/v1/predictions/{prediction}:cancel").status_code in (200, 202)

    monkeypatch.setattr(predict, "_store_once", cancelled)
    assert run(service)
    found = read(client, prediction)
    assert (found["status"], found["requested"], found["result"]) == ("cancelled", None, None)
    assert client.get("/v1/usage").json["used"]["prediction_bytes"] == 0
    assert not run(service)


def test_a_worker_that_stops_gives_the_prediction_back(client: FlaskClient, service: Services, model: None) -> None:
    prediction = submit(client)
    calls = iter(range(1000))
    assert run_next_job(service, "leaving", lambda: next(calls) > 3)
    assert read(client, prediction)["status"] == "queued"
    assert run(service)
    assert read(client, prediction)["status"] == "succeeded"


def test_one_that_crashes_its_workers_is_given_up(client: FlaskClient, service: Services, model: None) -> None:
    prediction = submit(client)
    for _ in range(MOST_COUNTED):
        with service.database.begin() as connection:
            assert claim_next(connection, "crashing", 45.0) is not None
        with service.database.begin() as connection:
            workers.remove_ended(connection, "crashing", -signal.SIGSEGV)
    found = read(client, prediction)
    assert (found["status"], found["error"]["code"]) == ("failed", "crashed_repeatedly")
    assert "SIGSEGV" in found["error"]["detail"]


def test_jobs_and_predictions_are_claimed_in_turn_and_make_room_for_each_other(
    client: FlaskClient, service: Services, model: None
) -> None:
    job = {"dataset": "xor", "training": SMALL}
    ids = [client.post("/v1/jobs", json=job).json["id"] for _ in range(3)] + [submit(client) for _ in range(3)]
    claimed = []
    for _ in range(5):
        with service.database.begin() as connection:
            held = claim_next(connection, "test", 45.0)
            assert held is not None
            claimed.append(held)
    order = [held.id for held in claimed]
    assert order[0::2] == ids[3:6] and order[1::2] == ids[0:2]  # the model's own job was claimed before
    with service.database.begin() as connection:
        rooms = [fair_share.is_over(connection, held, 0.0, None) for held in claimed]
        waits = [fair_share.is_over(connection, held, 60.0, None) for held in claimed]
    assert rooms == [True, False, False, False, False] and not any(waits)  # one waits: the one that runs longest
    with service.database.begin() as connection:
        assert runs.release(connection, claimed[0], behind=True) is not None
    assert read(client, ids[3])["status"] == "queued"


def test_what_is_in_use_stays_and_what_is_old_goes(
    client: FlaskClient, service: Services, model: None, settings: Settings
) -> None:
    prediction = submit(client, version=1)
    assert "version 1" in problem(client.delete("/v1/models/xor/versions/1"), 409)["detail"]
    problem(client.delete("/v1/datasets/many@1"), 409)
    assert run(service)
    assert client.delete("/v1/models/xor/versions/1").status_code == 204
    assert client.get(f"/v1/predictions/{prediction}/result").status_code == 200
    object.__setattr__(service.settings, "keep_predictions_seconds", 1e-6)
    collect(service.scoped(1))
    problem(client.get(f"/v1/predictions/{prediction}"), 404)


def test_a_request_is_done_once_and_rows_count_as_predictions(
    settings: Settings, service: Services, client: FlaskClient, model: None
) -> None:
    first = client.post("/v1/predictions", json=BODY, headers={"Idempotency-Key": "a"})
    again = client.post("/v1/predictions", json=BODY, headers={"Idempotency-Key": "a"})
    assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
    client.post(f"/v1/predictions/{first.json['id']}:cancel")
    limits = {"predictions_per_second": 100, "queued_jobs": 1}
    assert client.patch("/v1/tenants/default", json=limits).status_code == 200
    taken = client.post("/v1/predictions", json=BODY)
    assert taken.status_code == 202 and '"predictions";r=0' in taken.headers["RateLimit"]
    assert "predictions in 1 s" in problem(client.post("/v1/predictions", json=BODY), 429)["detail"]


def test_a_key_that_cannot_read_keeps_no_columns(
    settings: Settings, service: Services, client: FlaskClient, model: None
) -> None:
    keyed = Keyed(settings)
    key = keyed.key("predict")
    assert "scope `read`" in problem(keyed.send("POST", "/v1/predictions", key, json=BODY), 403)["detail"]
    made = keyed.send("POST", "/v1/predictions", keyed.admin, json=BODY).json["id"]
    assert run(service)
    problem(keyed.send("GET", f"/v1/predictions/{made}/result", key), 403)
    own = keyed.send("POST", "/v1/predictions", key, json={"model": "xor", "dataset": "many"})
    assert own.status_code == 202, own.text
    keyed.close()
