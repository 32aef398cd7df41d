"""What a user sees when something is missing or full, and that nothing grows for ever."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from service.app import create_app
from service.config import Settings
from service.errors import OutOfSpace, Unavailable
from service.jobs.commands import collect
from service.queue import MOST_RINGS
from service.services import Services, open_services
from service.store import drivers, space, tables, workers
from service.store.epochs import epochs
from service.store.jobs import jobs
from service.store.records import Status
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR, problem
from tests.integration.queues import claim_job
from tests.waiting import wait_until
from workers.run.lease import Lease
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

MIB = 1024 * 1024
LARGE = {"layers": [{"type": "dense", "units": 1500}, {"type": "dense", "units": 1500}, {"type": "dense", "units": 1}]}
TRAINING = {"epochs": 2, "seed": 1, "batch_size": 4}


@contextmanager
def client_with(settings: Settings, **changes: Any) -> Iterator[FlaskClient]:
    app = create_app(replace(settings, **changes))
    yield app.test_client()
    app.extensions["services"].database.dispose()


def count(service: Services, table: Any) -> int:
    with service.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_too_many_queued_jobs_are_refused_for_a_while(settings: Settings, service: Services) -> None:
    with client_with(settings, max_queued_jobs=2) as client:
        queued = [client.post("/v1/jobs", json={"dataset": XOR}).json["id"] for _ in range(2)]
        refused = client.post("/v1/jobs", json={"dataset": "xor"})
        problem(refused, 503)
        assert int(refused.headers["Retry-After"]) > 0
        client.post(f"/v1/jobs/{queued[0]}:cancel")
        assert client.post("/v1/jobs", json={"dataset": "xor"}).status_code == 202


def test_without_a_worker_jobs_are_taken_with_a_warning(client: FlaskClient, service: Services) -> None:
    taken = client.post("/v1/jobs", json={"dataset": XOR})
    assert taken.status_code == 202 and "no worker is alive" in taken.json["warnings"][0]
    assert taken.json["waiting"] == {"position": 1, "reason": "no worker is alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json["status"] == "degraded" and not ready.json["checks"]["workers"]["ok"]
    with service.database.begin() as connection:
        workers.report_alive(connection, "host:1:2")
    assert client.get("/readyz").json["status"] == "ready"
    assert client.post("/v1/jobs", json={"dataset": "xor"}).json["warnings"] == []


def test_as_the_disk_fills_uploads_stop_first_then_jobs(settings: Settings, service: Services) -> None:
    free = service.blobs.free_bytes()
    with client_with(settings) as client:
        assert client.post("/v1/datasets", json=XOR).status_code == 201
    with client_with(settings, keep_free_bytes=free // 2) as client:  # uploads leave four times as much free
        problem(client.put("/v1/datasets/other", data="a,b\n1,2\n"), 507)
        problem(client.post("/v1/jobs", json={"dataset": {**XOR, "name": "other"}}), 507)
        assert client.post("/v1/jobs", json={"dataset": "xor"}).status_code == 202
    with client_with(settings, keep_free_bytes=free * 2) as client:
        problem(client.post("/v1/jobs", json={"dataset": "xor"}), 507)
        assert client.get("/v1/datasets/xor").status_code == 200
        assert len(client.get("/v1/jobs").json["data"]) == 1


def test_a_run_waits_for_space_while_its_lease_lasts(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    refusals = [OutOfSpace("full"), OutOfSpace("full")]
    store = epochs.add_epochs

    def store_later(*arguments: Any) -> None:
        if refusals:
            raise refusals.pop()
        store(*arguments)

    monkeypatch.setattr(epochs, "add_epochs", store_later)
    assert run_next_job(service, "test", lambda: False)
    ended = client.get(f"/v1/jobs/{job}").json
    assert (ended["status"], ended["attempt"]) == ("succeeded", 1) and not refusals
    assert [epoch["epoch"] for epoch in client.get(f"/v1/jobs/{job}/epochs").json["data"]] == [0, 1, 2]


def test_a_run_that_finds_no_space_in_time_goes_back_to_the_queue(
    client: FlaskClient, service: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    hasty = replace(service, settings=replace(service.settings, lease_seconds=0.2))
    with monkeypatch.context() as full:
        full.setattr(epochs, "add_epochs", refuse)
        assert run_next_job(hasty, "test", lambda: False)
    assert client.get(f"/v1/jobs/{job}").json["status"] == "queued"
    assert not run_next_job(service, "test", lambda: False)  # for a while the refusal counts
    monkeypatch.setattr(space, "PROBE_SECONDS", 0.0)
    assert run_next_job(service, "test", lambda: False)  # a probe could be written
    ended = client.get(f"/v1/jobs/{job}").json
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)


def refuse(*_: Any) -> None:
    raise OutOfSpace("full")


def test_rings_that_nobody_hears_do_not_fill_the_queue(
    client: FlaskClient, service: Services, settings: Settings
) -> None:
    client.post("/v1/datasets", json=XOR)
    for _ in range(MOST_RINGS + 30):
        service.doorbell.ring()
    assert service.doorbell.settle(30)
    with redis.Redis.from_url(settings.queue_url) as queue:
        assert queue.llen("backprop") == MOST_RINGS
        assert len(queue.keys()) <= 4


def test_a_job_that_is_deleted_leaves_no_bytes(client: FlaskClient, service: Services) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "network": LARGE, "training": TRAINING, "hold": True}).json[
        "id"
    ]
    assert run_next_job(service, "test", lambda: False)
    blobs = set(service.blobs.addresses())
    assert len(blobs) == 3  # rows, parameters, the state to go on from
    problem(client.delete(f"/v1/jobs/{job}"), 409)
    client.post(f"/v1/jobs/{job}:cancel")
    assert len(set(service.blobs.addresses())) == 2
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert len(set(service.blobs.addresses())) == 1
    for table in (tables.epochs, tables.parameters, tables.resume_states, tables.layer_diagnostics, tables.events):
        assert count(service, table) == 0


def test_a_job_cancelled_while_it_is_put_back_leaves_no_resume_state(client: FlaskClient, service: Services) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING, "hold": True}).json["id"]
    assert run_next_job(service, "test", lambda: False)
    assert count(service, tables.resume_states) == 1
    with service.database.begin() as connection:  # as a process does that dies before it can tidy up
        record = jobs.get_job(connection, job)
        jobs.change(connection, record, Status.CANCELLED)
    assert count(service, tables.resume_states) == 1
    collect(service)
    assert count(service, tables.resume_states) == 0
    assert client.get(f"/v1/jobs/{job}/epochs/last/parameters").json["epoch"] == 0


def test_ended_jobs_go_when_they_are_old_if_that_is_set(client: FlaskClient, service: Services) -> None:
    old, young, waits = (client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"] for _ in "123")
    for _ in range(2):
        assert run_next_job(service, "test", lambda: False)
    with service.database.begin() as connection:
        past = datetime.now(UTC) - timedelta(days=8)
        values = {"finished_at": past, "created_at": past}
        connection.execute(update(tables.jobs).where(tables.jobs.c.id.in_([old, waits])).values(created_at=past))
        connection.execute(update(tables.jobs).where(tables.jobs.c.id == old).values(**values))
    collect(service)
    assert len(client.get("/v1/jobs").json["data"]) == 3
    collect(replace(service, settings=replace(service.settings, keep_jobs_seconds=7 * 86400.0)))
    assert [job["id"] for job in client.get("/v1/jobs").json["data"]] == [waits, young]
    assert client.get(f"/v1/models/{old}").status_code == 200


@pytest.mark.parametrize("servers", ["postgresql+redis"], indirect=True)  # SQLite's lock is the process' own
def test_who_stands_still_within_a_transaction_does_not_keep_the_job_for_ever(
    client: FlaskClient, service: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR, "training": TRAINING}).json["id"]
    monkeypatch.setattr(drivers, "STILL_SECONDS", 0.3)
    frozen = open_services(settings).database
    with frozen.begin() as connection:
        claimed = claim_job(connection, "frozen", 0.1)
    assert claimed is not None
    with pytest.raises(Unavailable), frozen.begin() as connection:
        assert jobs.fenced(connection, claimed, 0.1)
        wait_until(lambda: run_next_job(service, "test", lambda: False), what="another worker that gets the job")
        jobs.requested(connection, claimed)
    frozen.dispose()
    ended = client.get(f"/v1/jobs/{job}").json
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)


def test_training_that_stands_still_ends_its_process(client: FlaskClient, service: Services) -> None:
    client.post("/v1/jobs", json={"dataset": XOR})
    with service.database.begin() as connection:
        job = claim_job(connection, "test", 45.0)
    assert job is not None
    left: list[float] = []
    hasty = replace(service, settings=replace(service.settings, stall_seconds=0.3, lease_seconds=0.2))
    began = time.monotonic()
    with Lease(hasty, job, lambda: False, leave=lambda: left.append(time.monotonic())) as watch:
        watch.begin()
        while time.monotonic() - began < 0.6:
            assert not watch.stop()  # a batch
        assert not left
        wait_until(lambda: left, what="the end of a process that stands still")


@pytest.mark.parametrize("has_started", [False, True])
def test_what_has_no_batches_is_no_stall(client: FlaskClient, service: Services, has_started: bool) -> None:
    client.post("/v1/jobs", json={"dataset": XOR})
    with service.database.begin() as connection:
        job = claim_job(connection, "test", 45.0)
    assert job is not None
    left: list[bool] = []
    hasty = replace(service, settings=replace(service.settings, stall_seconds=0.05, lease_seconds=0.2))
    with Lease(hasty, job, lambda: False, leave=lambda: left.append(True)) as watch:
        if has_started:
            watch.begin()
            watch.end()
        looks = watch.looks
        wait_until(lambda: watch.looks >= looks + 5, what="five looks")
    assert not left
