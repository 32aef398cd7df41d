"""A frozen queue, database or disk: readiness is answered without it, and no request waits for the queue."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from service.config import Settings
from service.ops import health
from service.services import Services
from tests.freezing import frozen
from tests.integration.contract import XOR
from tests.servers import Postgres, Redis
from tests.waiting import wait_until
from workers.run.run import run_next_job

pytestmark = pytest.mark.parametrize("servers", ["postgresql+redis"], indirect=True)

PATIENCE = 30.0


def looking() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("check "))


def ready_again(client: FlaskClient, part: str) -> None:
    wait_until(lambda: client.get("/readyz").json["checks"][part]["ok"], PATIENCE, f"the {part}")


@contextmanager
def stopped(server: Postgres | Redis) -> Iterator[None]:
    with frozen(*server.processes()):
        yield


def test_a_frozen_database_is_unavailable_before_it_is_given_up(client: FlaskClient, postgres_server: Postgres) -> None:
    before = client.get("/readyz").json["checks"]
    assert before["database"]["ok"] and before["database"]["seconds"] > 0 and "since" not in before["database"]
    with stopped(postgres_server):
        for _ in range(3):
            answer = client.get("/readyz")
            assert looking() == ["check database"]  # one thread, however often it is asked, and it still waits
            found = answer.json["checks"]
            assert (answer.status_code, answer.json["status"]) == (503, "unavailable")
        assert "no answer within 0.75 s; start the database" in found["database"]["detail"]
        assert not found["database"]["ok"] and found["queue"]["ok"] and found["disk"]["ok"]
        assert found["migrations"]["ok"] and found["migrations"]["revision"] == before["migrations"]["revision"]
        assert found["workers"]["places"] == 0
        assert found["workers"]["since"] == found["migrations"]["since"] == found["database"]["since"]
        assert client.get("/healthz").status_code == 200
    ready_again(client, "database")
    assert client.get("/readyz").status_code == 200


def test_a_frozen_queue_degrades_the_service(client: FlaskClient, redis_server: Redis) -> None:
    client.get("/readyz")
    with stopped(redis_server):
        for _ in range(3):
            answer = client.get("/readyz")
            assert looking() == ["check queue"]
        assert (answer.status_code, answer.json["status"]) == (200, "degraded")
        queue = answer.json["checks"]["queue"]
        assert not queue["ok"] and "start the queue server" in queue["detail"] and queue["since"]
    ready_again(client, "queue")


def test_a_frozen_disk_degrades_the_service(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, create = threading.Event(), health.tempfile.TemporaryFile

    def hang(**where: Any) -> Any:
        assert goes_on.wait(PATIENCE)
        return create(**where)

    assert client.get("/readyz").json["checks"]["disk"]["free_bytes"] > 0
    monkeypatch.setattr(health.tempfile, "TemporaryFile", hang)
    answer = client.get("/readyz")
    assert looking() == ["check disk"] and answer.status_code == 200 and answer.json["status"] == "degraded"
    assert "free space on the disk" in answer.json["checks"]["disk"]["detail"]
    goes_on.set()
    ready_again(client, "disk")


def test_a_full_or_unwritable_disk_is_named(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    services: Services = client.application.extensions["services"]
    free = services.blobs.free_bytes()
    monkeypatch.setattr(type(services.blobs), "free_bytes", lambda _: services.settings.keep_free_bytes - 1)
    disk = client.get("/readyz").json["checks"]["disk"]
    assert not disk["ok"] and "BACKPROP_KEEP_FREE_BYTES; free space" in disk["detail"]
    monkeypatch.setattr(type(services.blobs), "free_bytes", lambda _: free)

    def refuse(**_: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", refuse)
    assert "(Read-only file system)" in client.get("/readyz").json["checks"]["disk"]["detail"]


def test_no_request_waits_for_a_frozen_queue(
    client: FlaskClient, service: Services, settings: Settings, redis_server: Redis
) -> None:
    """Each answer comes while the message to the workers is still to be sent; workers look for jobs by themselves."""
    doorbell = client.application.extensions["services"].doorbell
    with stopped(redis_server):
        jobs = []
        for body in ({"dataset": XOR}, {"dataset": "xor"}, {"dataset": "xor", "hold": True}):
            answer = client.post("/v1/jobs", json={**body, "training": {"epochs": 2}})
            assert answer.status_code == 202 and not doorbell.settle(0)
            jobs.append(answer.json["id"])
        assert client.post(f"/v1/jobs/{jobs[0]}:pause").status_code == 202
        assert client.post(f"/v1/jobs/{jobs[0]}:resume").status_code == 202
        assert client.post(f"/v1/jobs/{jobs[1]}:cancel").status_code in (200, 202)
        assert client.post("/v1/jobs?wait=0.01", json={"dataset": "xor"}).status_code == 202
        while run_next_job(service, "test", lambda: False):
            pass
        assert client.get(f"/v1/jobs/{jobs[0]}?wait=0.01").json["status"] == "succeeded"
        assert not doorbell.settle(0)
    assert doorbell.settle(PATIENCE)
    with redis.Redis.from_url(settings.queue_url) as queue:
        assert 3 <= queue.llen("backprop") <= 6


def test_a_thread_that_sends_messages_ends_when_there_are_none(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.queue.IDLE_SECONDS", 0.01)
    doorbell = client.application.extensions["services"].doorbell
    for _ in range(2):
        doorbell.ring()
        assert doorbell.settle(PATIENCE)
        wait_until(lambda: doorbell._thread is None, PATIENCE, "the end of the thread")
